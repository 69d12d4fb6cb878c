"""The printed requests: if these fail, a first visitor pastes something that does not do what is written above it."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from parclose.cases.callers import Caller, facts_for, read_line
from parclose.demo.samples import SAMPLES, Sample, render, write_headers
from parclose.demo.serve import POLICY
from parclose.demo.state import prepare
from parclose.engine import decide
from parclose.policy.load import load
from parclose.policy.scenario import DEFAULT_AT, Persona, TokenStandIn
from parclose.reasons import Reason
from parclose.stores.files import read
from parclose.stores.geoip import GeoAtlas
from parclose.stores.world import OfflineWorld

KINDS_OF_ANSWER = {200, 400, 401, 403, 404, 405, 429, 451}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the demo's folder, prepared."""
    shutil.copy(POLICY, tmp_path)
    prepare(tmp_path)
    return tmp_path


def test_there_is_one_for_each_kind_of_answer() -> None:
    """Every status that the demo can give is shown, and every reason is one."""
    assert {sample.expect[-1] for sample in SAMPLES} == KINDS_OF_ANSWER
    known = {reason.value for reason in Reason}
    assert {sample.reason for sample in SAMPLES if sample.reason} <= known


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.title)
def test_the_policy_gives_the_printed_answer(sample: Sample, folder: Path) -> None:
    """Decided offline with the demo's own policy and database, each gets what is written above it."""
    policy = load(str(folder / "policy.yaml"), read)
    world = OfflineWorld(atlas=GeoAtlas(str(folder / ".demo" / "country.mmdb")))
    who = Persona(**CALLERS[sample.caller], peer=sample.address or "127.0.0.1")  # type: ignore[arg-type]
    line = read_line(sample.method, f"http://127.0.0.1:8080{sample.path}")
    sent = [facts for _ in sample.expect for facts in facts_for(policy, Caller(persona=who), line, DEFAULT_AT)]
    verdicts = [decide(policy, facts, world.of(facts)) for facts in sent]
    assert tuple(verdict.status for verdict in verdicts) == sample.expect
    assert (verdicts[-1].reason or "") == sample.reason


def token(**claims: object) -> TokenStandIn:
    """Return a token of the demo's issuer."""
    return TokenStandIn(issuer="demo-login", claims={"sub": "u-1", **claims})


READER = token(azp="demo-web", plan="free", scope="catalog:read orders:read")
CALLERS: dict[str, dict[str, object]] = {
    "": {},
    "shopper": {"token": READER},
    "searcher": {"token": READER},
    "expired": {"token": READER, "credential": "expired"},
    "customer": {"token": token(azp="demo-web", plan="paid", scope="orders:write")},
    "admin": {"token": token(azp="demo-admin", roles=["admin"])},
    "partner": {"api_key": ("partners", "globex")},
}


def test_each_command_is_one_that_a_shell_takes(folder: Path) -> None:
    """Quotes close, and every header file that a command reads is there, for its owner alone."""
    held = prepare(folder)
    write_headers(load(str(folder / "policy.yaml"), read), held, DEFAULT_AT)
    text = render("http://127.0.0.1:8080", held.folder)
    for line in text.splitlines():
        words = shlex.split(line.split("; do ")[-1].removesuffix("; done; echo"), comments=True)
        for word in words:
            if word.startswith("@"):
                assert Path(word[1:]).stat().st_mode & 0o777 == 0o600
    assert "eyJ" not in text
    assert text.count("\ncurl ") + text.count("\nfor ") == len(SAMPLES)


def test_what_was_searched_before_does_not_count(folder: Path) -> None:
    """Each printing has its own searcher, so the loop gives the same answers the second time."""
    held, policy = prepare(folder), load(str(folder / "policy.yaml"), read)
    seen = set()
    for _ in range(2):
        write_headers(policy, held, DEFAULT_AT)
        seen.add((held.folder / "searcher.header").read_text().split(".")[1])
    assert len(seen) == 2
