"""What a policy author sees in mitmweb, in a real Chromium: each flow with its verdict, without any set-up.

If these fail, rules are tried in the dark.
"""

import shutil

import pytest
from playwright.async_api import Page, async_playwright

from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

CHROMIUM = shutil.which("chromium") or ""
# Without these Chromium looks for its maker's hosts at every start.
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


async def rows(page: Page) -> list[str]:
    """Return the rows of the list of flows as they are shown."""
    await page.wait_for_selector("table tbody tr:has(td)")
    return [
        " ".join((await row.inner_text()).split()) for row in await page.query_selector_all("table tbody tr:has(td)")
    ]


@pytest.mark.skipif(not CHROMIUM, reason="chromium is missing; install Debian's `chromium`")
async def test_each_flow_shows_its_verdict() -> None:
    """The comment begins with the verdict, then says segment and route; only what was refused is marked."""
    async with Origin() as origin:
        guard = Guard(Realm(), "--set", "web_password=test", upstream=origin, tool="mitmweb")
        async with guard, async_playwright() as playwright:
            assert (await guard.ask(message("GET /open/x"))).status == 200
            assert (await guard.ask(message("POST /things", guard.realm.bearer("things:read")))).status == 403
            assert (await guard.ask(message("GET /open/x", host="elsewhere.test"))).status == 404
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = await browser.new_page(viewport={"width": 1600, "height": 600})
            await page.goto(f"http://127.0.0.1:{guard.web_port}/?token=test")
            allowed, denied, unknown = await rows(page)
            await browser.close()
    assert "allow · things · read /open/**" in allowed
    assert "deny 403 scope_missing · things · write /things/**" in denied
    assert "deny 404 no_segment" in unknown
    marks = ["⛔" in denied, "❓" in unknown, any(mark in allowed for mark in "⛔❓⏳")]
    assert marks == [True, True, False]
