"""`decide` is the only path: what was decided live is decided again offline, with the same end, limits included.

If these fail, replay proves nothing about the proxy, and the audit explains what did not happen.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from mitmproxy import http, io

from parclose.audit.record import verdict_part
from parclose.cli.app import app
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.replay.flows import read_recording
from parclose.replay.order import Judged, judge_all
from parclose.replay.world import world_of
from parclose.stores.files import read
from tests.live.clients import H2Client, Line, pairs
from tests.live.lab import FOLDER, until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    limits:
      few: {key: subject|ip, rate: 12/h}
      all: {key: segment, rate: 90/h}
      tries: {key: ip, rate: 60/h, count: all}
    routes:
      read /open/**: public
      read /things/**: things:read
      write /things/**: {scopes: things:write, cost: 3}
  quiet:
    match: {hosts: [quiet.test], clients: [app], paths: [/own/**]}
    routes: {"GET /own/{id}": {bind: {id: identity.subject}}}
"""
ROUNDS = 15
REASONS = {
    "rate_limited",
    "auth_blocked",
    "token_invalid",
    "scope_missing",
    "credential_missing",
    "no_route",
    "no_segment",
    "method_not_allowed",
    "path_ambiguous",
    "bind_mismatch",
}


@dataclass
class Recorded:
    """A recording that is over: flows, ledger, and the policy that was in force."""

    flows: Path
    ledger: Path
    policy: Policy
    realm: Realm


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recorded() -> AsyncIterator[Recorded]:
    """Record several callers at once, on HTTP/1 and HTTP/2."""
    realm, flows = Realm(SEGMENTS, failed_auth="6/min, block: 5m"), FOLDER / "decide-again.flows"
    async with Origin() as origin, Guard(realm, "-w", str(flows), upstream=origin) as guard:
        await asyncio.gather(*callers(guard))
        count = len(realm.decisions())
        await until(lambda: sum(line.get("type") == "outcome" for line in realm.ledger()) >= count, "all ends")
    yield Recorded(flows, realm.ledger_path, load(str(realm.policy), read), realm)


def callers(guard: Guard) -> list[asyncio.Task[None]]:
    """Start everybody; the guesser waits a little, since after him nobody new is believed."""
    realm = guard.realm
    reader, writer, poor = [realm.bearer(scope, subject=f"u-{scope}") for scope in ("things:read", "things:write", "x")]
    old = realm.bearer("things:read", ttl_s=-3600)
    scripts: list[list[bytes]] = [
        [message("GET /things/1", reader)],
        [message("POST /things", writer, body=b"x"), message("GET /open/1", writer)],
        [message("GET /things/1", poor), message("PUT /open/1", poor), message("GET /things/a//b", poor)],
        [message("GET /things/1", f"X-Api-Key: {realm.key}"), message("GET /nowhere", f"X-Api-Key: {realm.key}")],
        [message("GET /open/1"), message("GET /things/1"), message("GET /", host="other.test")],
        [
            message("GET /own/1", reader, host="quiet.test"),
            message("GET /own/u-things:read", reader, host="quiet.test"),
        ],
    ]
    tasks = [asyncio.create_task(talk(guard, script)) for script in scripts]
    tasks.append(asyncio.create_task(streams(guard, reader.partition(": ")[2])))
    bad = [message("GET /things/1", old), message("GET /things/1", "Authorization: Bearer a.b.c")]
    tasks.append(asyncio.create_task(talk(guard, bad, after=10)))
    return tasks


async def talk(guard: Guard, script: list[bytes], after: int = 0) -> None:
    """Say the same again and again on one connection."""
    await until(lambda: len(guard.realm.decisions()) >= after, "the others")
    async with Line(guard.port) as line:
        for number in range(ROUNDS):
            answer = await line.ask(script[number % len(script)])
            assert answer.status


async def streams(guard: Guard, bearer: str) -> None:
    """Ask for several things at once over HTTP/2."""
    async with H2Client(guard.port) as client:
        numbers = [client.send(pairs("GET", f"/things/{n}", ("authorization", bearer))) for n in range(ROUNDS)]
        for number in numbers:
            assert (await client.answer(number)).status


def again(recorded: Recorded, path: Path) -> list[Judged]:
    """Decide a recording again, from empty counters."""
    world = world_of(recorded.policy)
    records = list(read_recording(str(path), recorded.policy))
    return judge_all(recorded.policy, records, world.of)


def differences(recorded: Recorded, judged: list[Judged]) -> list[tuple[object, object]]:
    """Return the verdict in the ledger and the new one where they are not the same."""
    was = {line["decision"]: line["verdict"] for line in recorded.realm.decisions()}
    both = [(was[one.record.facts.decision], verdict_part(one.verdict)) for one in judged]
    return [(before, now) for before, now in both if before != now]


async def test_the_recording_holds_every_kind_of_end(recorded: Recorded) -> None:
    """What is compared below is worth comparing: all callers, allowed and refused for each reason."""
    verdicts = [line["verdict"] for line in recorded.realm.decisions()]
    assert len(verdicts) == 8 * ROUNDS
    assert REASONS - {verdict.get("reason") for verdict in verdicts} == set()
    assert Counter(verdict["action"] for verdict in verdicts)["allow"] > 20


@pytest.mark.parametrize("kind", ["flows", "ledger"])
async def test_the_same_is_decided_again(recorded: Recorded, kind: str) -> None:
    """From the facts kept with flows, and from the ledger, each verdict comes out as it was, without a doubt."""
    judged = again(recorded, recorded.flows if kind == "flows" else recorded.ledger)
    assert len(judged) == 8 * ROUNDS
    assert [one.maybe for one in judged if one.maybe] == []
    assert differences(recorded, judged) == []


async def test_the_wire_alone_gives_the_same_or_maybe(recorded: Recorded) -> None:
    """Without what was kept, verdicts are the same or say `maybe`."""
    bare = recorded.flows.with_suffix(".bare")
    with recorded.flows.open("rb") as source, bare.open("wb") as target:
        out = io.FlowWriter(target)
        for flow in io.FlowReader(source).stream():
            flow.metadata = {}
            out.add(flow)
    before, judged = again(recorded, recorded.flows), again(recorded, bare)
    assert len(judged) == len(before)
    sure = [(was, now) for was, now in zip(before, judged, strict=True) if not now.maybe]
    both = [(verdict_part(was.verdict), verdict_part(now.verdict), now.record.facts) for was, now in sure]
    assert [(was, now, facts.target, facts.at) for was, now, facts in both if was != now] == []
    assert len(sure) > len(judged) // 2


async def test_the_command_agrees(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    """`parclose replay --base recorded` finds no difference; without a scope it finds those who needed it, exit 4."""
    arguments = ["replay", str(recorded.flows), "--base", "recorded", "--policy"]
    with pytest.raises(SystemExit) as done:
        app([*arguments, str(recorded.realm.policy)], prog_name="parclose")
    assert done.value.code == 0
    changed = recorded.realm.policy.with_name("changed.yaml")
    text = recorded.realm.policy.read_text()
    changed.write_text(text.replace("read /things/**: things:read", "read /things/**: things:write"))
    with pytest.raises(SystemExit) as done:
        app([*arguments, str(changed)], prog_name="parclose")
    assert done.value.code == 4
    capsys.readouterr()


async def test_flows_keep_their_verdict_in_words(recorded: Recorded) -> None:
    """Each flow of the file shows its verdict to people: a comment, and a marker where it was refused."""
    with recorded.flows.open("rb") as file:
        flows = [flow for flow in io.FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]
    assert len(flows) == 8 * ROUNDS
    assert [flow for flow in flows if not flow.comment] == []
    assert {bool(flow.marked) for flow in flows if flow.response and flow.response.status_code in (401, 403)} == {True}
