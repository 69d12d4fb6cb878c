"""Checklist 32: a recording carries no authority, and looking at one leaves no trace.

If these fail, a dump file with a verdict in it is a ticket through the guard.
"""

import json
from pathlib import Path

import pytest
from mitmproxy import http, io

from tests.live.lab import BIN, FOLDER, Proxy, until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, anonymous]}
    limits: {few: {key: subject|ip, rate: 100/h}}
    routes:
      read /open/**: public
      read /things/**: things:read
"""


async def record(realm: Realm, name: str) -> Path:
    """Record four requests, two of them allowed, and return the file."""
    path = FOLDER / f"{name}.flows"
    async with Origin() as origin, Guard(realm, "-w", str(path), upstream=origin) as guard:
        for line, headers in (
            ("GET /open/1", []),
            ("GET /things/1", [realm.bearer()]),
            ("GET /things/2", []),
            ("GET /things/3", [realm.bearer("other")]),
        ):
            await guard.ask(message(line, *headers))
    return path


def flows(path: Path) -> list[http.HTTPFlow]:
    """Return the flows of a file."""
    with path.open("rb") as file:
        return [flow for flow in io.FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]


def forge(path: Path, port: int) -> Path:
    """Give every flow the metadata of the allowed one and send it to an origin of our own; return the new file."""
    recorded = flows(path)
    allowed = next(flow for flow in recorded if "allow" in str(flow.metadata))
    forged = path.with_suffix(".forged")
    with forged.open("wb") as file:
        writer = io.FlowWriter(file)
        for flow in recorded:
            flow.metadata = dict(allowed.metadata)
            flow.request.data.host, flow.request.data.port = "127.0.0.1", port
            writer.add(flow)
    return forged


async def replay(realm: Realm, path: Path, *arguments: str) -> Proxy:
    """Send a recording again through a guard of its own, and wait for the end."""
    guard = Guard(realm, "-C", str(path), *arguments, modes=("regular",), listens=False, waits=False)
    async with guard:
        await guard.exit_code()
    return guard


async def test_a_recorded_verdict_lets_nothing_pass() -> None:
    """A client replay of flows that all claim to be allowed is refused, and written down as refused."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "refused")
    decided = len(realm.decisions())
    async with Origin() as origin:
        await replay(realm, forge(path, origin.port))
        assert origin.connections == 0
    again = realm.decisions()[decided:]
    assert len(again) == 4
    assert {line["verdict"]["action"] for line in again} == {"deny"}


async def test_with_editing_allowed_a_replay_is_judged_anew() -> None:
    """With `parclose_edit` each replayed request is judged: what has no good credential is refused again."""
    forward = SEGMENTS.replace("hosts:", "listeners: [forward], hosts:") + "    network: {destinations: {deny: []}}\n"
    realm = Realm(SEGMENTS)
    path = await record(realm, "edited")
    realm.write(forward)
    decided = len(realm.decisions())
    async with Origin() as origin:
        await replay(realm, forge(path, origin.port), "--set", "parclose_edit=true")
        assert [seen.line for seen in origin.seen if "/things/2" in seen.line or "/things/3" in seen.line] == []
    again = {line["path"]: line["verdict"]["action"] for line in realm.decisions()[decided:]}
    assert len(again) == 4
    assert again["/things/2"] == again["/things/3"] == "deny"


async def test_reading_a_recording_leaves_no_trace() -> None:
    """`-nr` judges nothing live: no line in the ledger, no connection, exit 0."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "read")
    before = realm.ledger_path.read_bytes()
    command = [str(BIN / "mitmdump"), "-n", "-r", str(path), "--set", f"parclose_policy={realm.policy}"]
    reader = Proxy(command=command, modes=(), listens=False)
    async with reader:
        assert await reader.exit_code() == 0
    assert reader.grep("Traceback|rror") == []
    assert realm.ledger_path.read_bytes() == before


async def test_loading_a_recording_charges_nobody() -> None:
    """Flows loaded into a guard that serves take nothing from a limit and write nothing to the ledger."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "loaded")
    decided = len(realm.decisions())
    async with Origin() as origin, Guard(realm, "-r", str(path), upstream=origin) as guard:
        await until(lambda: guard.grep("/things/3"), "the loaded flows")
        answer = await guard.ask(message("GET /open/1"))
        assert answer.headers["ratelimit"].startswith('"few";r=99')
        assert origin.connections == 1
    assert len(realm.decisions()) == decided + 1


async def test_a_recording_keeps_what_was_decided() -> None:
    """Each recorded flow carries facts and verdict as one JSON text, without a secret."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "kept")
    kept = [json.loads(flow.metadata["parclose"]) for flow in flows(path)]
    assert [line["verdict"]["action"] for line in kept] == ["allow", "allow", "deny", "deny"]
    token = next(flow.request.headers["authorization"] for flow in flows(path) if "/things/1" in flow.request.path)
    for part in token.partition(" ")[2].split("."):
        assert all(part not in flow.metadata["parclose"] for flow in flows(path))
