"""Checklist 32: a recording carries no authority, and looking at one leaves no trace.

If these fail, a dump file with a verdict in it is a ticket through the guard.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http, io

from tests.live.lab import BIN, FOLDER, LOADER, Proxy, script, until
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


REPLAYER = """
from mitmproxy import ctx
def requestheaders(flow):
    if "/replay-now" in flow.request.path:
        ctx.master.commands.call("replay.client.file", {path!r})
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
            flow.request.data.host, flow.request.data.port = "localhost", port
            writer.add(flow)
    return forged


async def replay(realm: Realm, path: Path, *arguments: str) -> list[dict[str, Any]]:
    """Send a recording again from inside a guard that serves; return what was decided of its flows."""
    decided = len(realm.decisions())
    scripts = (LOADER, script(f"replayer_{path.stem}", REPLAYER.format(path=str(path))))
    async with Guard(realm, *arguments, modes=("regular",), scripts=scripts) as guard:
        await guard.ask(message("GET http://localhost/replay-now", host="localhost"))
        await until(lambda: len(realm.decisions()) >= decided + 5, "decisions on the replayed flows")
    return [line for line in realm.decisions()[decided:] if "replay-now" not in line["path"]]


async def test_a_recorded_verdict_lets_nothing_pass() -> None:
    """A client replay of flows that all claim to be allowed is refused, and written down as refused."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "refused")
    async with Origin() as origin:
        again = await replay(realm, forge(path, origin.port))
        assert origin.connections == 0
    assert len(again) == 4
    assert {line["verdict"].get("reason") for line in again} == {"protocol_denied"}


async def test_with_editing_allowed_a_replay_is_judged_anew() -> None:
    """With `parclose_edit` each replayed request is judged: what has no good credential is refused again."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "edited")
    async with Origin() as origin:
        again = await replay(realm, forge(path, origin.port), "--set", "parclose_edit=true")
        assert [seen.line for seen in origin.seen] == ["GET /open/1 HTTP/1.1", "GET /things/1 HTTP/1.1"]
    actions = {line["path"]: line["verdict"]["action"] for line in again}
    assert actions == {"/open/1": "allow", "/things/1": "allow", "/things/2": "deny", "/things/3": "deny"}


async def test_a_replay_at_start_finds_the_house_closed() -> None:
    """`-C` begins before anything is ready: nothing of it reaches an origin."""
    realm = Realm(SEGMENTS)
    path = await record(realm, "at_start")
    async with Origin() as origin:
        guard = Guard(realm, "-C", str(forge(path, origin.port)), modes=("regular",), listens=False, waits=False)
        async with guard:
            await guard.exit_code()
        assert origin.connections == 0


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
