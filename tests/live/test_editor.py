"""What an author sees in an editor, from the YAML language server itself: slips in names, and names to choose from.

If these fail, a misspelt zone is found at the next load, not while it is typed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kit import run
from tests.live.editor import Editor, install
from tests.policy.shop import KEYS, changed

pytestmark = pytest.mark.live

MODELINE = "# yaml-language-server: $schema=./.parclose/policy.schema.json\n"
ROUTES = '    routes:\n      "GET /items": public\n'


@pytest.fixture(scope="module")
def server() -> None:
    """The language server; the part is left out, by name, where it cannot be had."""
    missing = install()
    if missing:
        pytest.skip(missing)


def policy(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the base, with its schema beside it as `parclose schema --for` makes it; then change it."""
    path = folder / "policy.yaml"
    (folder / "keys.json").write_text(KEYS)
    path.write_text(MODELINE + changed())
    assert run("schema", "--for", str(path), "--out", str(folder / ".parclose" / "policy.schema.json")).code == 0
    path.write_text(MODELINE + changed(*changes))
    return path


def place(path: Path, text: str) -> tuple[int, int]:
    """Return line and column, from 1, just behind a text."""
    before = path.read_text().partition(text)[0] + text
    return before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1


@pytest.mark.usefixtures("server")
async def test_a_policy_that_is_right_is_not_underlined(tmp_path: Path) -> None:
    """Not one complaint about anything that Parclose takes."""
    path = policy(tmp_path, (ROUTES, f"    network: {{allow: [office, vpn], deny_geo: [nordic, FI]}}\n{ROUTES}"))
    async with Editor(tmp_path) as editor:
        assert await editor.complaints(path) == []


@pytest.mark.usefixtures("server")
async def test_a_misspelt_zone_is_underlined(tmp_path: Path) -> None:
    """On its line, with the zones that there are."""
    path = policy(tmp_path, (ROUTES, f"    network: {{allow: [offise]}}\n{ROUTES}"))
    async with Editor(tmp_path) as editor:
        ((line, message),) = await editor.complaints(path)
    assert line == place(path, "offise")[0]
    assert '"office"' in message


@pytest.mark.usefixtures("server")
async def test_a_scope_is_completed(tmp_path: Path) -> None:
    """The policy's own scopes are offered where a route takes one; zones are not."""
    path = policy(tmp_path, ('"read /orders/**": orders:read', '"read /orders/**": {scopes: {all: [o]}}'))
    async with Editor(tmp_path) as editor:
        await editor.complaints(path)
        offered = await editor.offers(path, *place(path, "{all: [o"))
    assert {"orders:read", "orders:write"} <= offered
    assert "office" not in offered
