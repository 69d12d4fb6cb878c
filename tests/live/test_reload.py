"""Checklist 40: a new policy replaces the old one whole, soon, or not at all, however the file is written.

If these fail, a request is judged by half of one policy and half of another, or a typing error opens the door.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable

import pytest

from parclose.stores.history import History
from tests.cli.kit import run
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Answer, Origin

pytestmark = pytest.mark.live

EDITS = 8
CLIENTS = 4
IN_FORCE_S = 0.5  # from saving a file to what it says being enforced, as a rule
NEVER_S = 20.0


def segments(name: str, routes: str = "read /**: public") -> str:
    """Return a policy that shows its name in two places: to the client by its limit, to the origin by a header."""
    return f"""
    segments:
      {name}:
        match: {{hosts: [api.test], clients: [anonymous]}}
        forward: {{identity: {{X-Segment: segment}}}}
        limits: {{{name}: {{key: ip, rate: 100000/s}}}}
        routes: {{{routes}}}
    """


async def in_force(line: Line) -> str:
    """Return the name of the policy in force, as a client sees it."""
    answer = await line.ask(message("GET /probe"))
    return answer.headers["ratelimit-policy"].split('"')[1]


async def becomes(line: Line, name: str, since: float) -> float:
    """Wait until a policy is in force and return how long that took."""
    while await in_force(line) != name:
        assert time.monotonic() - since < NEVER_S, f"`{name}` never came into force"
        await asyncio.sleep(0.01)
    return time.monotonic() - since


def overwrite(realm: Realm, text: str) -> None:
    """Write into the file that is there."""
    realm.policy.write_text(text)


def rename(realm: Realm, text: str) -> None:
    """Write beside it and rename over it, as most editors do."""
    beside = realm.folder / ".policy.yaml.swp"
    beside.write_text(text)
    beside.replace(realm.policy)


def back_up(realm: Realm, text: str) -> None:
    """Move the old one away and create a new one, as vim does with `backupcopy=no`."""
    realm.policy.rename(realm.folder / "policy.yaml~")
    realm.policy.write_text(text)


def same_time(realm: Realm, text: str) -> None:
    """Write a text of the same length and put the old times back."""
    before = realm.policy.stat()
    realm.policy.write_text(text)
    os.utime(realm.policy, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(realm: Realm, text: str) -> None:
    """Point a symlink elsewhere, as Kubernetes does with config maps."""
    target = realm.folder / f"version-{time.monotonic_ns()}"
    target.mkdir()
    (target / "policy.yaml").write_text(text)
    for name in ("login.jwks.json",):
        (target / name).write_text((realm.folder / name).read_text())
    link = realm.folder / "data.new"
    link.symlink_to(target.name)
    link.replace(realm.folder / "data")


@pytest.mark.parametrize("write", [overwrite, rename, back_up, same_time], ids=lambda write: write.__name__)
async def test_a_new_policy_is_soon_in_force(write: Callable[[Realm, str], None]) -> None:
    """However an editor writes the file, what it says holds within half a second, several times over."""
    realm = Realm(segments("aaa"))
    async with Origin() as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        await guard.says("is followed")
        took = []
        for name in ("bbb", "ccc", "ddd"):
            write(realm, realm.text(segments(name)))
            took.append(await becomes(line, name, time.monotonic()))
        assert sorted(took)[1] < IN_FORCE_S


async def test_a_swapped_symlink_is_followed() -> None:
    """A policy behind a symlinked folder is seen when the link moves."""
    realm = Realm(segments("aaa"))
    swap(realm, realm.text(segments("aaa")))
    realm.policy = realm.folder / "data" / "policy.yaml"
    async with Origin() as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        await guard.says("is followed")
        took = []
        for name in ("bbb", "ccc"):
            swap(realm, realm.text(segments(name)))
            took.append(await becomes(line, name, time.monotonic()))
        assert min(took) < IN_FORCE_S


async def test_no_request_sees_a_mixture() -> None:
    """Under load, each request is answered and forwarded by one and the same policy, and none is lost."""
    realm, told, stop = Realm(segments("aaa")), Counter[str](), False

    async def load(guard: Guard, number: int) -> None:
        async with Line(guard.port) as line:
            count = 0
            while not stop:
                count += 1
                answer = await line.ask(message(f"GET /load/{number}-{count}"))
                assert answer.status == 200
                name = answer.headers["ratelimit-policy"].split('"')[1]
                told[f"GET /load/{number}-{count} HTTP/1.1 {name}"] += 1

    async with Origin() as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        tasks = [asyncio.create_task(load(guard, number)) for number in range(CLIENTS)]
        for edit in range(EDITS):
            name = "aaa" if edit % 2 else "bbb"
            realm.write(segments(name))
            await becomes(line, name, time.monotonic())
        stop = True
        await asyncio.gather(*tasks)
        forwarded = Counter(
            f"{seen.line} {seen.header('X-Segment')[0]}" for seen in origin.seen if "/load/" in seen.line
        )
        assert forwarded == told
        assert {line.rpartition(" ")[2] for line in told} == {"aaa", "bbb"}
        judged = {line["decision"]: line["verdict"] for line in realm.ledger() if line.get("type") == "decision"}
        assert len({(verdict["segment"], verdict["rev"]) for verdict in judged.values()}) == 2
        assert len(judged) >= len(told)


INVALID = {
    "broken YAML": "segments: [",
    "an unknown key": "version: 1\nsegmants: {}\n",
    "empty": "",
}


@pytest.mark.parametrize("what", INVALID)
async def test_an_invalid_policy_changes_nothing(what: str) -> None:
    """The old policy goes on, counters too; log, health and audit say what was refused; the next good one heals."""
    realm = Realm(segments("aaa"))
    async with Origin() as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        assert "rejected" not in told_of(await realm.admin("/healthz"))
        realm.policy.write_text(INVALID[what])
        await guard.says("policy refused")
        await until(lambda: "refused" in [entry.get("outcome") for entry in realm.ledger()], "a line in the ledger")
        assert "rejected" in told_of(await realm.admin("/healthz"))
        assert (await realm.admin("/readyz")).status == 200
        for _ in range(10):
            assert await in_force(line) == "aaa"
        realm.write(segments("bbb"))
        await becomes(line, "bbb", time.monotonic())
        assert "rejected" not in told_of(await realm.admin("/healthz"))


def told_of(health: Answer) -> set[str]:
    """Return what the health page says something of."""
    told = health.json()
    assert isinstance(told, dict)
    return {name for name, value in told.items() if value}


async def test_a_deleted_policy_changes_nothing() -> None:
    """A policy that is gone leaves the last good one in force, loudly."""
    realm = Realm(segments("aaa"))
    async with Origin() as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        realm.policy.unlink()
        await guard.says("policy refused")
        assert await in_force(line) == "aaa"
        realm.write(segments("bbb"))
        await becomes(line, "bbb", time.monotonic())


async def test_a_changed_key_file_is_a_changed_policy() -> None:
    """Keys are part of the policy: a rotated key set is taken up, and tokens of the old one end."""
    realm = Realm()
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        old = realm.bearer()
        assert (await guard.ask(message("GET /things/1", old))).status == 200
        other = Realm()
        (realm.folder / "login.jwks.json").write_text((other.folder / "login.jwks.json").read_text())
        since = time.monotonic()
        while (await guard.ask(message("GET /things/1", other.bearer()))).status != 200:
            assert time.monotonic() - since < 3
            await asyncio.sleep(0.02)
        assert (await guard.ask(message("GET /things/1", old))).status == 401


async def test_an_earlier_policy_is_had_back() -> None:
    """What was in force is kept beside the policy; `parclose rollback` puts it back, and the proxy takes it up."""
    realm = Realm(segments("aaa"))
    async with Origin() as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        await until(lambda: len(History(str(realm.policy)).kept()) == 1, "revision 1 is kept")
        realm.write(segments("bbb"))
        await becomes(line, "bbb", time.monotonic())
        await until(lambda: len(History(str(realm.policy)).kept()) == 2, "revision 2 is kept")
        ran = run("rollback", "--last", "--policy", str(realm.policy))
        assert ran.code == 0, ran.err
        await becomes(line, "aaa", time.monotonic())
        await until(lambda: len(History(str(realm.policy)).kept()) == 3, "revision 3 is kept")
    revisions = [kept.revision for kept in History(str(realm.policy)).kept()]
    assert revisions[0] == revisions[2] != revisions[1]
