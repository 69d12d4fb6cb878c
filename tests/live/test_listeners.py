"""Several listeners in one process: if these fail, one opens what is behind another, or is open to strangers."""

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.live.lab import BIN, LOADER, Proxy, free_port, until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = """
listeners:
  first: {kind: reverse, port: PORT0}
  second: {kind: reverse, port: PORT1}
  out: {kind: forward, port: PORT3}
"""
SEGMENTS = """
segments:
  one:
    match: {listeners: [first], hosts: [api.test], clients: [anonymous]}
    routes: {any /one: public}
  two:
    match: {listeners: [second], hosts: [api.test], clients: [anonymous]}
    routes: {any /two: public}
  both:
    match: {listeners: [first, second], hosts: [both.test], clients: [anonymous]}
    routes: {any /**: public}
  all:
    match: {hosts: [all.test], clients: [anonymous]}
    routes: {any /**: public}
  away:
    match: {listeners: [out], hosts: [localhost], clients: [anonymous]}
    network: {destinations: {deny: []}}
    routes: {any /**: public}
"""
FIRST, SECOND, THIRD, OUT, SOCKS = range(5)


class Ground:
    """A guard with three reverse doors, the last of which nobody named, one forward, and one of SOCKS5."""

    def __init__(self, origins: Sequence[Origin], guard: Guard) -> None:
        """Hold them."""
        self.origins, self.guard = origins, guard

    @property
    def seen(self) -> list[int]:
        """How many requests each origin has seen."""
        return [len(origin.seen) for origin in self.origins]

    async def told(self, count: int) -> None:
        """Wait for so many decisions to be on record."""
        await until(lambda: len(self.guard.realm.decisions()) >= count, "the decision")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard for the module; the policy gets its ports once they are chosen."""
    async with Origin() as one, Origin() as two, Origin() as three:
        realm = Realm(SEGMENTS, settings=SETTINGS)
        modes = [f"reverse:http://127.0.0.1:{origin.port}" for origin in (one, two, three)]
        guard = Guard(realm, modes=[*modes, "regular", "socks5"])
        text = realm.policy.read_text()
        for number, port in enumerate(guard.ports):
            text = text.replace(f"PORT{number}", str(port))
        realm.policy.write_text(text)
        async with guard:
            yield Ground((one, two, three), guard)


@pytest.mark.parametrize(
    ("host", "path", "statuses"),
    [
        ("api.test", "/one", (200, 404, 404)),
        ("api.test", "/two", (404, 200, 404)),
        ("both.test", "/x", (200, 200, 404)),
        ("all.test", "/x", (200, 200, 200)),
        ("localhost", "/x", (404, 404, 404)),
    ],
)
async def test_each_is_judged_by_its_own_segments(
    ground: Ground, host: str, path: str, statuses: tuple[int, ...]
) -> None:  # fmt: skip
    """By the port alone; what passes goes to the origin of that listener, and the record names it."""
    names = ("first", "second", "reverse")
    for door, status in enumerate(statuses):
        before, told = ground.seen, len(ground.guard.realm.decisions())
        answer = await ground.guard.ask(message(f"GET {path}", host=host), port=ground.guard.ports[door])
        assert answer.status == status
        assert ground.seen == [count + (number == door and status == 200) for number, count in enumerate(before)]
        await ground.told(told + 1)
        assert ground.guard.realm.decisions()[-1]["listener"] == names[door]


@pytest.mark.parametrize("host", ["api.test", "both.test", "all.test"])
async def test_a_forward_door_opens_no_api(ground: Ground, host: str) -> None:
    """What stands on reverse listeners, named or not, is nothing that a forward listener takes."""
    before = ground.seen
    for line in (f"GET http://{host}/one", f"CONNECT {host}:80"):
        answer = await ground.guard.ask(message(line, host=host), port=ground.guard.ports[OUT])
        assert answer.status in (400, 403)
    assert ground.seen == before


async def test_a_reverse_door_leads_nowhere_else(ground: Ground) -> None:
    """An API is no proxy: no CONNECT, no other host; and the forward door does what it is for."""
    here = f"localhost:{ground.origins[0].port}"
    for line in (f"CONNECT {here}", f"GET http://{here}/x"):
        for door in (FIRST, SECOND, THIRD):
            answer = await ground.guard.ask(message(line, host=here), port=ground.guard.ports[door])
            assert answer.status in (400, 403, 404, 405)
    answer = await ground.guard.ask(message(f"GET http://{here}/x", host=here), port=ground.guard.ports[OUT])
    assert answer.status == 200
    assert ground.guard.realm.decisions()[-1]["listener"] == "out"


async def test_a_door_that_nobody_named_takes_nothing(ground: Ground) -> None:
    """A forward mode at a port that the policy does not name has no segments."""
    port = ground.origins[0].port.to_bytes(2)
    answer = await ground.guard.ask(
        b"\x05\x01\x00\x05\x01\x00\x03\x09localhost" + port,
        port=ground.guard.ports[SOCKS],
        whole=lambda raw: len(raw) >= 12,
    )
    assert answer.raw[:4] == b"\x05\x00\x05\x02"


PUBLIC = "93.184.216.34"  # of a network of its own in this test, where it is this machine
INSIDE = 'ip link set lo up && ip addr add %s/32 dev lo && exec "$@"'
CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 3, (sys.argv[1], 0)) as line:
    line.sendall(sys.argv[3].encode().decode("unicode_escape").encode())
    print(line.recv(4096)[:12].decode())
"""
OPEN = """
segments:
  api:
    match: {hosts: [api.test], clients: [anonymous]}
    routes: {any /**: public}
  out:
    match: {listeners: [forward], hosts: HOSTS, clients: [anonymous]}
    routes: {any /**: public}
"""


def can_have_a_network() -> bool:
    """Whether this machine lets us make a network of our own."""
    command = ["unshare", "-n", "sh", "-c", INSIDE % PUBLIC, "sh", "true"]
    try:
        return subprocess.run(command, check=False, timeout=5).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def at_every_interface(realm: Realm, mode: str, port: int) -> Proxy:
    """Return a guard in a network where it has a public address, listening on every interface."""
    command = ["unshare", "-n", "sh", "-c", INSIDE % PUBLIC, "sh", str(BIN / "mitmdump"), "-s", str(LOADER)]
    command += ["--set", f"parclose_policy={realm.policy}", "--mode", f"{mode}@0.0.0.0:{port}"]
    return Proxy(command=command, scripts=(), modes=(), listens=False)


@pytest.mark.skipif(not can_have_a_network(), reason="no network namespaces here")
@pytest.mark.parametrize(
    ("mode", "request_", "answer"),
    [
        ("reverse:http://127.0.0.1:9", r"GET /x HTTP/1.1\r\nHost: api.test\r\n\r\n", "HTTP/1.1 502"),
        ("reverse:http://127.0.0.1:9", r"GET /x HTTP/1.1\r\nHost: other.test\r\n\r\n", "HTTP/1.1 404"),
        ("regular", r"GET http://x.test/ HTTP/1.1\r\nHost: x.test\r\n\r\n", "HTTP/1.1 403"),
    ],
)
async def test_a_public_peer_is_judged_like_any_other(mode: str, request_: str, answer: str) -> None:
    """The block of mitmproxy would cut it without a word; 502 says that it was let through to an origin that is not."""
    port = free_port()
    async with at_every_interface(Realm(OPEN.replace("HOSTS", "[a.test]")), mode, port) as guard:
        await guard.says("listening at")
        await guard.says("in force")
        inside = ["nsenter", "-t", str(guard.pid), "-n", sys.executable, "-c", CLIENT, PUBLIC, str(port), request_]
        got: list[str] = []

        def asked() -> bool:
            ran = subprocess.run(inside, check=False, capture_output=True, text=True, timeout=5)
            got[:] = [ran.stdout.strip()]
            return not ran.returncode and got[0] != "HTTP/1.1 503"  # that is: not ready yet

        await until(asked, "an answer")
        assert got == [answer]
        assert not guard.grep("killed by block_global")


async def test_a_proxy_for_anybody_to_anywhere_does_not_start() -> None:
    """Open to strangers, and to every host: refused with a sentence, unless only this machine can knock."""
    realm, port = Realm(OPEN.replace("HOSTS", '["*"]')), free_port()
    policy = ("--set", f"parclose_policy={realm.policy}")
    async with Proxy(*policy, "--listen-host", "0.0.0.0", "--listen-port", str(port), modes=(), listens=False) as proxy:
        assert await proxy.exit_code(10) != 0
        (said,) = proxy.grep("anybody could reach any host")
        assert "segment `out`" in said
        assert "at 0.0.0.0" in said
    async with Proxy(*policy, "--listen-port", str(port), modes=(), ready="in force") as proxy:
        await proxy.says(f"listening at 127.0.0.1:{port}")
