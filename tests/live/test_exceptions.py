"""Checklist 1, 2, 3: whatever fails, wherever it fails, is a refusal: quickly, and before the origin knows.

mitmproxy logs what a hook raises, skips the same hook of all other addons of all scripts, and forwards the request. If
these fail, one bug of ours, or of a script beside ours, is an open door.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException

from tests.live.lab import FOLDER, LOADER, free_port, script
from tests.live.realm import HOST, Guard, Realm, loader, message
from tests.live.wire import Answer, Origin, never

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

HANG_S = 1.0
ERRORS = ("RuntimeError", "CancelledError", "AddonHalt", "OptionsError", "SystemExit", "KeyboardInterrupt")
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, anonymous]}
    limits: {few: {key: ip, rate: 100000/s}}
    routes:
      any /open/**: public
      read /things/**: things:read
  nobody:
    match: {hosts: [nobody.test], clients: [anonymous]}
    upstream: nobody
    routes: {any /**: public}
  sockets:
    match: {hosts: [socket.test], clients: [anonymous]}
    upstream: sockets
    routes: {any /**: public}
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [anonymous]}
    network: {destinations: {deny: []}}
    routes: {any /**: public}
"""
# Replaces every hook of every addon of ours by one that raises when it is its turn, beneath the guard.
ARMED = """
import asyncio, pathlib
from mitmproxy import exceptions
from parclose import engine
from parclose.hooks import guard

TURN = pathlib.Path({turn!r})
ERRORS = {{
    "RuntimeError": lambda: RuntimeError("boom"),
    "CancelledError": asyncio.CancelledError,
    "AddonHalt": exceptions.AddonHalt,
    "OptionsError": lambda: exceptions.OptionsError("boom"),
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
}}

def armed(addon, name, hook):
    print("armed", addon, name, flush=True)
    def raising(*arguments):
        turn = TURN.read_text().split()
        if turn[:2] != [addon, name]:
            return hook(*arguments)
        if turn[3] == "now":
            raise ERRORS[turn[2]]()
        async def later():
            await asyncio.sleep(0)
            raise ERRORS[turn[2]]()
        return later()
    return raising

wrap = guard.Guard.wrap
def wrap_armed(self, addon):
    for name in guard.GUARDED:
        hook = getattr(addon, name, None)
        if hook is not None:
            setattr(addon, name, armed(addon.name, name, hook))
    return wrap(self, addon)
guard.Guard.wrap = wrap_armed

def judging(stage, judge):
    def raising(walk):
        turn = TURN.read_text().split()
        if turn[:2] == ["stage", stage]:
            raise ERRORS[turn[2]]()
        return judge(walk)
    return raising
for stage in engine.STAGES:
    object.__setattr__(stage, "judge", judging(stage.name, stage.judge))
    print("armed stage", stage.name, flush=True)
"""
BEFORE_THE_ORIGIN = ("client_connected", "requestheaders", "request", "server_connect", "http_connect", "next_layer")
NEVER_ARMED = ("done", "update")


class Ground:
    """A guard whose every hook can be made to raise, a recording origin, and a WebSocket origin."""

    def __init__(self, origin: Origin, guard: Guard, turn: Path, sockets: list[object]) -> None:
        """Hold them."""
        self.origin, self.guard, self.turn, self.sockets = origin, guard, turn, sockets

    def arm(self, text: str = "nobody") -> None:
        """Say whose turn it is to raise."""
        self.turn.write_text(text)

    def places(self, kind: str) -> list[tuple[str, str]]:
        """Return the armed places: addon and hook, or `stage` and its name."""
        found = [tuple(line.split("armed ")[1].split()[:2]) for line in self.guard.grep("^armed ")]
        return [(one, two) for one, two in found if (one == "stage") == (kind == "stage") and two not in NEVER_ARMED]

    async def ask(self, data: bytes, port: int = 0) -> Answer:
        """Send bytes and return what came of it before a hang would be one."""
        return await self.guard.ask(data, port=self.guard.ports[port], timeout_s=HANG_S)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard for the module; it survives everything that is raised in it."""
    turn, reached = FOLDER / "turn", list[object]()
    turn.write_text("nobody")

    async def echo(connection: ServerConnection) -> None:
        async for said in connection:
            reached.append(said)
            await connection.send(said)

    async with Origin() as origin, serve(echo, "127.0.0.1", 0) as server:
        more = f"""
        upstreams:
          nobody: {{url: "http://127.0.0.1:{free_port()}"}}
          sockets: {{url: "http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"}}
        """
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        scripts = (loader("armed", ARMED.format(turn=str(turn))),)
        async with Guard(Realm(SEGMENTS, more=more), modes=modes, scripts=scripts) as guard:
            yield Ground(origin, guard, turn, reached)


def traffic(ground: Ground, hook: str) -> dict[str, tuple[bytes, int]]:
    """Return what passes a hook: bytes, and the port to send them to."""
    here = f"localhost:{ground.origin.port}"
    if hook.startswith("http_connect"):
        return {
            "allowed": (message(f"CONNECT {here}", host=here), 1),
            "denied": (message("CONNECT other.test:1", host="other.test:1"), 1),
        }
    if hook == "error":
        return {"broken upstream": (message("GET /", host="nobody.test"), 0)}
    plain = {"allowed": (message("GET /open/1"), 0), "denied": (message("GET /things/1"), 0)}
    upload = message("POST /open/1", "Content-Length: 100000") + b"x" * 10
    return plain | ({"upload": (upload, 0)} if hook in ("client_connected", "requestheaders") else {})


async def faults_of(ground: Ground, place: tuple[str, str], error: str, when: str) -> list[str]:
    """Make one place raise, send what passes it, and return what went wrong."""
    faults, hook = [], place[1]
    for name, (data, port) in traffic(ground, hook).items():
        connections = ground.origin.connections
        ground.arm(f"{place[0]} {place[1]} {error} {when}")
        answer = await ground.ask(data, port)
        ground.arm()
        if answer.status == 0 and answer.state == "open":
            faults.append(f"{name}: hangs")
        if hook in BEFORE_THE_ORIGIN or name == "denied":
            faults += [f"{name}: {answer.status}"] if 200 <= answer.status < 300 else []
            faults += [f"{name}: connected upstream"] if ground.origin.connections > connections else []
    return faults


@pytest.mark.parametrize("when", ["now", "later"])
@pytest.mark.parametrize("error", ERRORS)
async def test_a_hook_that_raises_is_a_refusal(ground: Ground, error: str, when: str) -> None:
    """Every hook of every addon of ours, raising at once or while awaited: refused, in time, and life goes on."""
    places = [place for place in ground.places("hook") if not place[1].startswith("websocket") and place[0] != "shadow"]
    named = {name.partition(".")[0] for name, _ in places}
    wanted = {"segment_classifier", "network_rules", "authn", "scope_enforcement", "rate_limiting", "audit_sink"}
    assert wanted <= named
    faults = {place: found for place in places if (found := await faults_of(ground, place, error, when))}
    assert faults == {}
    assert not ground.guard.ended
    answer = await ground.ask(message("GET /open/1"))
    assert answer.status == 200


@pytest.mark.parametrize("when", ["now", "later"])
@pytest.mark.parametrize("error", ERRORS)
async def test_a_second_verdict_that_raises_changes_nothing(ground: Ground, error: str, when: str) -> None:
    """What is only tried neither opens nor closes anything: the verdict in force stands, allowed or refused."""
    assert ("shadow", "requestheaders") in ground.places("hook")
    for path, allowed in (("/open/1", True), ("/things/1", False)):
        connections = ground.origin.connections
        ground.arm(f"shadow requestheaders {error} {when}")
        answer = await ground.ask(message(f"GET {path}"))
        ground.arm()
        assert (answer.status == 200) == allowed, answer.raw
        assert allowed or ground.origin.connections == connections


@pytest.mark.parametrize("error", ERRORS)
async def test_a_stage_that_raises_is_a_refusal(ground: Ground, error: str) -> None:
    """Every stage, on requests and on tunnels: 503 before the origin knows, and the ledger says so."""
    places = ground.places("stage")
    assert len(places) == 13
    here = f"localhost:{ground.origin.port}"
    for place in places:
        for data, port in ((message("GET /open/1"), 0), (message(f"CONNECT {here}", host=here), 1)):
            connections = ground.origin.connections
            ground.arm(f"{place[0]} {place[1]} {error} now")
            answer = await ground.ask(data, port)
            ground.arm()
            assert answer.status == 503, place
            assert ground.origin.connections == connections, place
            assert answer.json()["reason"] == "internal_error"  # type: ignore[index]


@pytest.mark.parametrize("when", ["now", "later"])
@pytest.mark.parametrize("error", ERRORS)
async def test_a_websocket_hook_that_raises_delivers_nothing(ground: Ground, error: str, when: str) -> None:
    """A hook of a WebSocket that raises drops the message and cuts the connection."""
    places = [place for place in ground.places("hook") if place[1] in ("websocket_start", "websocket_message")]
    assert {("long_lived", "websocket_start"), ("long_lived", "websocket_message")} <= set(places)
    for place in places:
        known, turn = len(ground.sockets), f"{place[0]} {place[1]} {error} {when}"
        # The start is over when the client has its 101.
        ground.arm(turn if place[1] == "websocket_start" else "nobody")
        with contextlib.suppress(WebSocketException, OSError, TimeoutError):
            async with (
                asyncio.timeout(HANG_S),
                connect("ws://socket.test/", host="127.0.0.1", port=ground.guard.port, proxy=None) as client,
            ):
                if place[1] == "websocket_message":  # the file is not to be written while the start may read it
                    ground.arm(turn)
                await client.send("secret")
                await client.recv()
        ground.arm()
        assert ground.sockets[known:] == [], place


async def test_the_guard_still_decides(ground: Ground) -> None:
    """After all of the above the same process allows, refuses, and answers its health page."""
    assert (await ground.ask(message("GET /open/1"))).status == 200
    assert (await ground.ask(message("GET /things/1"))).status == 401
    assert (await ground.guard.realm.admin("/readyz")).status == 200


FOREIGN = """
from mitmproxy import exceptions
class Foreign:
    async def {hook}(self, *arguments):
        raise {error}
addons = [Foreign()]
"""


@pytest.mark.parametrize("error", ["RuntimeError()", "exceptions.AddonHalt()"])
@pytest.mark.parametrize(
    ("hook", "order"),
    [
        ("requestheaders", "before"),
        ("requestheaders", "behind"),
        ("request", "before"),
        ("http_connect", "before"),
        ("next_layer", "before"),
    ],
)
async def test_a_script_beside_ours_opens_nothing(hook: str, error: str, order: str) -> None:
    """A foreign script that raises keeps our hooks from running; what was not decided is not let through."""
    foreign = script(f"foreign_{order}_{hook}", FOREIGN.format(hook=hook, error=error))
    scripts = (foreign, LOADER) if order == "before" else (LOADER, foreign)
    async with Origin() as origin:
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        more = f'upstreams: {{nobody: {{url: "http://127.0.0.1:{origin.port}"}}, sockets: {{url: "http://127.0.0.1:9"}}}}\n'
        realm = Realm(SEGMENTS, more=more)
        async with Guard(realm, modes=modes, scripts=scripts) as guard:
            denied = await guard.ask(message("GET /things/1"), timeout_s=HANG_S)
            assert denied.status in (0, 401, 502, 503)
            assert origin.connections == 0
            allowed = await guard.ask(message("GET /open/1"), timeout_s=HANG_S)
            decided = [line["path"] for line in realm.decisions() if line["verdict"]["action"] == "allow"]
            # Let through only what was decided, and written down, before the foreign script had its say.
            assert len(origin.seen) <= decided.count("/open/1")
            assert allowed.status in (0, 200, 502, 503)
            # mitmproxy answers a CONNECT that a foreign AddonHalt hid from everybody; nothing gets through it.
            seen, nowhere = len(origin.seen), f"127.0.0.1:{origin.port}"
            tunnel = message(f"CONNECT {nowhere}", host=nowhere) + message("GET /open/inner", host=nowhere)
            answer = await guard.ask(tunnel, port=guard.ports[1], whole=never, timeout_s=HANG_S)
            assert answer.status in (0, 200 if error.startswith("exceptions") else 0, 403, 407, 502, 503)
            assert len(origin.seen) == seen


SINKS = """
from parclose.audit.journal import Journal
from parclose.audit.sinks.jsonl import SinkError
def broken(self, *arguments, **more):
    raise {error}
Journal.{method} = broken
"""


@pytest.mark.parametrize("error", ["SinkError('ledger', 'full')", "RuntimeError()", "SystemExit(3)"])
@pytest.mark.parametrize("mode", ["deny", "continue"])
async def test_a_broken_ledger_follows_the_policy(mode: str, error: str) -> None:
    """What was refused stays refused; what was allowed is 503, unless `on_failure: continue` and the sink said so."""
    realm = Realm(SEGMENTS.partition("  nobody:")[0], more=f"audit: {{on_failure: {mode}}}\n")
    name = f"sink_{mode}_{error.partition('(')[0]}"
    scripts = (loader(name, SINKS.format(error=error, method="decision")),)
    async with Origin() as origin, Guard(realm, upstream=origin, scripts=scripts) as guard:
        assert (await guard.ask(message("GET /things/1"))).status in (401, 503)
        assert origin.connections == 0
        expected = 200 if mode == "continue" and error.startswith("SinkError") else 503
        assert (await guard.ask(message("GET /open/1"))).status == expected
        assert len(origin.seen) == (1 if expected == 200 else 0)
        assert not guard.ended


async def test_broken_metrics_change_no_verdict() -> None:
    """Counting that raises opens nothing."""
    broken = """
    from parclose.hooks.metrics import Metrics
    def raises(self, *arguments, **more):
        raise RuntimeError
    Metrics.decided = raises
    """
    scripts = (loader("broken_metrics", broken),)
    async with Origin() as origin, Guard(Realm(), upstream=origin, scripts=scripts) as guard:
        assert (await guard.ask(message("GET /things/1"))).status in (401, 503)
        assert origin.connections == 0
        assert (await guard.ask(message("GET /open/1"))).status in (200, 503)


async def test_an_unwritable_ledger_refuses(tmp_path: Path) -> None:
    """A full disk (here /dev/full) is a 503 for what would pass, and a start that is refused or never serves."""
    del tmp_path
    realm = Realm(SEGMENTS.partition("  nobody:")[0])
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        assert (await guard.ask(message("GET /open/1"))).status == 200
    realm.ledger_path.unlink()
    realm.ledger_path.symlink_to("/dev/full")
    async with Origin() as origin, Guard(realm, upstream=origin, waits=False, listens=False) as guard:
        for _ in range(100):
            if guard.ended or (await realm.admin()).status == 200:
                break
            await asyncio.sleep(0.1)
        if not guard.ended:
            assert (await guard.ask(message("GET /open/1", host=HOST))).status == 503
        assert origin.connections == 0
