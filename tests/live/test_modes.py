"""Modes on the wire: if these fail, trying a rule out refuses somebody, or nobody can see what it would do."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin, exchange

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    log_only: [limits]
    routes:
      read /open/**: public
      read /things/**: things:read
      "POST /things": {scopes: things:write, mode: shadow}
    limits: {few: {key: ip, rate: 1/h, burst: 2, when: {methods: GET}}}
  payouts:
    match: {hosts: [api.test], paths: [/open/payouts/**], clients: [app]}
    mode: shadow
    routes: {read /open/payouts/**: things:read}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard() -> AsyncIterator[Guard]:
    """One guard for the module."""
    async with Origin() as origin, Guard(Realm(SEGMENTS), upstream=origin) as made:
        yield made


async def ask(guard: Guard, line: str, *headers: str) -> int | None:
    """Send a request and return the status."""
    return (await exchange(guard.port, message(line, "Connection: close", *headers))).status


async def last(guard: Guard, path: str, count: int = 1) -> list[dict[str, object]]:
    """Return the decisions on a path, once there are as many."""

    def lines() -> list[dict[str, object]]:
        return [line for line in guard.realm.decisions() if line["path"] == path]

    await until(lambda: len(lines()) >= count, f"{count} decisions on {path}")
    return lines()


def would(line: dict[str, object]) -> tuple[object, object, object]:
    """Return action, status and reason of the second verdict of a line."""
    second = line.get("would")
    assert isinstance(second, dict), json.dumps(line)
    return second["action"], second["status"], second.get("reason")


async def test_a_limit_that_is_log_only_refuses_nobody(guard: Guard) -> None:
    """Three where two may pass: all pass, without a word of the limit, and the third would not have."""
    statuses = [await ask(guard, "GET /open/x") for _ in range(3)]
    lines = await last(guard, "/open/x", 3)
    assert statuses == [200, 200, 200]
    assert [would(line) for line in lines] == [
        ("allow", 200, None),
        ("allow", 200, None),
        ("deny", 429, "rate_limited"),
    ]
    second = lines[2]["would"]
    assert isinstance(second, dict)
    assert (second["mode"], second["log_only"]) == ("log_only", ["limits"])
    assert second["usage"][0]["remaining"] == 0
    verdict = lines[2]["verdict"]
    assert isinstance(verdict, dict)
    assert (verdict["action"], verdict["segment"]) == ("allow", "things")


async def test_a_segment_in_shadow_takes_nothing(guard: Guard) -> None:
    """A carve-out: the request goes where it always went, and the line says what the new segment would answer."""
    assert await ask(guard, "GET /open/payouts/1") == 200
    (line,) = await last(guard, "/open/payouts/1")
    assert would(line) == ("deny", 401, "credential_missing")


async def test_a_route_in_shadow_is_not_there(guard: Guard) -> None:
    """404 or 405 as before, and what it would be for this caller."""
    assert await ask(guard, "POST /things", "Content-Length: 0", guard.realm.bearer()) == 405
    (line,) = await last(guard, "/things")
    assert would(line) == ("allow", 200, None)


async def test_second_verdicts_are_counted_apart(guard: Guard) -> None:
    """A metric of their own, by segment, reason and mode; what is enforced is counted as it was."""
    await asyncio.sleep(0)
    text = (await guard.realm.admin("/metrics")).raw.decode()
    rows = [row for row in text.splitlines() if row.startswith("parclose_would_decisions_total")]
    assert any('reason="rate_limited"' in row and 'mode="log_only"' in row for row in rows), rows
    assert any('segment="payouts"' in row and 'mode="shadow"' in row for row in rows), rows
    assert not any('reason="rate_limited"' in row for row in text.splitlines() if "parclose_decisions_total" in row)
