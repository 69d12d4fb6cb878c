"""A recording of the demo's traffic, judged again offline: the same verdicts, limits included."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.io import FlowReader, FlowWriter

from parclose.policy.load import load
from parclose.replay.drift import Kind, kind_of
from parclose.replay.flows import read_recording
from parclose.replay.order import judge_all
from parclose.replay.world import world_of
from parclose.stores.files import read
from tests.cli.kit import Ran, run
from tests.live.served import own_folder, paste, served

pytestmark = pytest.mark.live


@dataclass(frozen=True, slots=True)
class Recording:
    """What a day at the demo leaves: its policy, the flows, the ledger."""

    policy: Path
    flows: Path
    ledger: Path

    def replay(self, source: Path, policy: Path | None = None, *words: str) -> Ran:
        """Replay one of the two under a policy."""
        return run("replay", str(source), "--policy", str(policy or self.policy), *words)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Serve the demo, paste every printed request, some of them at once, and stop it."""
    folder = own_folder(tmp_path_factory.mktemp("recorded"))
    flows = folder / "day.flows"
    with served(folder, "-w", str(flows)) as demo:
        for printed in demo.requests:
            paste(printed.command)
        loop = next(printed.command for printed in demo.requests if printed.command.startswith("for "))
        # Ten at once: charges interleave, and most are refused.
        paste(loop.replace("in 1 2 3 4", "in 1 2 3 4 5 6 7 8 9 10").replace("; done", " & done; wait"))
        demo.stop()
    return Recording(folder / "policy.yaml", flows, folder / ".demo" / "decisions.jsonl")


def changed(recording: Recording, before: str, after: str) -> Path:
    """Write the policy with one text changed, without its tests, beside it, and return its path."""
    text = recording.policy.read_text().partition("\ntests:\n")[0] + "\n"
    assert before in text
    path = recording.policy.with_name("changed.yaml")
    path.write_text(text.replace(before, after))
    return path


@pytest.mark.parametrize("source", ["flows", "ledger"])
def test_nothing_differs(recording: Recording, source: str) -> None:
    """Flows and audit both hold all that a decision needs: zero differences, nothing unsure."""
    ran = recording.replay(getattr(recording, source), None, "--base", "recorded", "--format", "json")
    counts = json.loads(ran.out)["replay"]["counts"]
    assert ran.code == 0
    assert counts["unchanged"] >= 29
    assert sum(counts.values()) == counts["unchanged"]


@pytest.mark.parametrize(
    ("before", "after", "kind", "needed"),
    [
        ("grants: [admin:read]", "grants: []", "newly_denied", {("GET", "/admin/users", "allow", "scope_missing")}),
        (
            '"POST /shop/orders":              {scopes: orders:write, cost: 5}',
            '"POST /shop/orders":              {scopes: none, cost: 5}',
            "newly_allowed",
            {("POST", "/shop/orders", "deny", "")},
        ),
    ],
)
def test_one_scope_less_is_exactly_the_flows_that_needed_it(
    recording: Recording, before: str, after: str, kind: str, needed: set[tuple[str, str, str, str]]
) -> None:
    """Those and no others, and the code for a change."""
    ran = recording.replay(recording.flows, changed(recording, before, after), "--format", "json")
    differences = json.loads(ran.out)["replay"]["differences"]
    assert ran.code == 4
    assert [one["kind"] for one in differences] == [kind] * len(needed)
    assert {
        (one["method"], one["path"], one["base"]["action"], one["new"].get("reason", "")) for one in differences
    } == needed


def test_from_the_wire_alone_it_is_the_same_or_a_maybe(recording: Recording, tmp_path: Path) -> None:
    """Without what was kept, what was taken off before forwarding is missing; nothing comes out differently unsaid."""
    bare = tmp_path / "bare.flows"
    with recording.flows.open("rb") as source, bare.open("wb") as target:
        for flow in FlowReader(source).stream():
            assert isinstance(flow, http.HTTPFlow)
            flow.metadata.clear()
            FlowWriter(target).add(flow)
    policy = load(str(recording.policy), read)
    records = {path: list(read_recording(str(path), policy)) for path in (recording.flows, bare)}
    whole, wire = (judge_all(policy, records[path], world_of(policy).of) for path in (recording.flows, bare))
    sure = [(one.verdict, two.verdict) for one, two in zip(whole, wire, strict=True) if not two.maybe]
    assert [kind_of(one, two) for one, two in sure] == [Kind.UNCHANGED] * len(sure)
    assert {one.status for one, _ in sure} >= {400, 401, 403, 404, 405, 451}
    assert len(sure) < len(whole)
