"""`parclose check`: if these fail, a policy that would be refused looks good, or the mistake cannot be found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.kit import TESTS, folder, run
from tests.replay.kit import REQUESTS, ledger

# What is missing in the usual policy, so that there is nothing to say of it.
CLEAN = (
    ("version: 1\n", "version: 1\naudit: {sinks: [{type: jsonl, path: audit/decisions.jsonl}]}\n"),
    ("  shop:\n", "  shop:\n    about: A shop\n"),
    ("personas:\n", "personas:\n  writer: {token: {issuer: login, claims: {sub: u-2, scope: orders:write}}}\n"),
    ("tests:\n", "tests:\n  - {name: write, as: writer, checks: {POST http://api.test/orders: allow @shop}}\n"),
)


def test_a_valid_policy_is_zero(tmp_path: Path) -> None:
    """Nothing to say."""
    ran = run("check", folder(tmp_path, TESTS, *CLEAN))
    assert (ran.code, ran.out.splitlines()[-1], ran.err) == (0, "0 errors, 0 warnings, 0 advice", "")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("rate: 2/10s", "rate: 2/sec", "TYP002"),
        ("orders:read\n", "order:read\n", "REF003"),
        ("segments:", "segmentss:", "TYP001"),
        ("keys.json", "gone.json", "REF005"),
        ("version: 1", "version: [1", "YML001"),
    ],
)
def test_a_mistake_is_three_with_its_place(tmp_path: Path, before: str, after: str, told: str) -> None:
    """File, line and column, the name of the kind of mistake; the answer goes to standard error."""
    path = folder(tmp_path, "", (before, after))
    ran = run("check", "--policy", path)
    assert ran.code == 3
    assert ran.out == ""
    assert any(line.startswith("policy.yaml:") and f"  {told}  " in line for line in ran.err.splitlines())


def test_machines_get_the_same(tmp_path: Path) -> None:
    """One object either way, with the code in it."""
    good = json.loads(run("check", folder(tmp_path, TESTS, *CLEAN), "--format", "json").out)
    assert (good["exit"], good["findings"], good["policy"]["segments"]) == (0, [], 1)
    bad = json.loads(run("check", folder(tmp_path, "", ("segments:", "segmentss:")), "--format", "json").out)
    assert bad["exit"] == 3
    assert {"id", "file", "line", "column", "fix"} <= bad["findings"][0].keys()


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"a: &a [x]\nb: [*a" + b", *a" * 400_000 + b"]\n"])
def test_no_policy_at_all_is_three(tmp_path: Path, content: bytes | None) -> None:
    """Missing, empty, no text, or an alias bomb: said, not raised."""
    path = tmp_path / "policy.yaml"
    if content is not None:
        path.write_bytes(content)
    ran = run("check", str(path))
    assert ran.code == 3
    assert "policy.yaml" in ran.err


def test_what_is_not_enforced_is_a_note(tmp_path: Path) -> None:
    """It is said where the policy is written, and does not fail: tests and explanations hold all the same."""
    path = folder(tmp_path, "", ("settings: {", "settings: {legacy_ratelimit_headers: true, "))
    ran = run("check", path)
    notes = [line for line in ran.out.splitlines() if line.startswith("note  policy.yaml:")]
    assert ran.code == 0
    assert len(notes) == 1
    assert "`legacy_ratelimit_headers` is not enforced by this version: a proxy of this version refuses" in notes[0]
    (said,) = json.loads(run("check", path, "--format", "json").out)["unenforced"]
    assert said in notes[0]


WARNED = ("segments:", "zones: {idle: [192.0.2.0/24]}\nsegments:")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["--strict"], 1),
        (["--max-warnings", "0"], 1),
        (["--max-warnings", "99"], 0),
        (["--max-warnings", "99", "--strict"], 1),
        (["--max-warnings", "-1"], 2),
        (["--format", "junit"], 2),
    ],
)
def test_warnings_fail_as_told(tmp_path: Path, words: list[str], code: int) -> None:
    """Not by themselves; with `--strict` the first one does."""
    ran = run("check", folder(tmp_path, "", WARNED), *words)
    assert ran.code == code
    assert code == 2 or "REF002  W  zone `idle` is never used" in ran.out


def test_an_allowed_warning_is_listed_on_demand(tmp_path: Path) -> None:
    """It is counted apart, and its reason is told."""
    comment = "# parclose: allow REF002 because of the next release"
    path = folder(tmp_path, "", ("segments:", f"zones:\n  idle: [192.0.2.0/24]  {comment}\nsegments:"))
    quiet, told = run("check", path), run("check", path, "--allowed")
    assert "REF002" not in quiet.out
    assert "(1 allowed: see --allowed)" in quiet.out
    at = told.out.splitlines().index("    because of the next release")
    assert told.out.splitlines()[at - 1].endswith("REF002  W  zone `idle` is never used")


def test_another_error_than_of_compiling_is_one(tmp_path: Path) -> None:
    """A policy that could be compiled and must not be taken up."""
    change = ("settings: {", "settings: {client_ip: {from: forwarded}, ")
    ran = run("check", folder(tmp_path, "", change))
    assert ran.code == 1
    assert "NET008" in ran.err


def test_several_forms_in_one_run(tmp_path: Path) -> None:
    """Each once, in the order asked for."""
    ran = run("check", folder(tmp_path, "", WARNED), "--format", "github", "--format", "sarif", "--format", "github")
    assert ran.out.count("title=REF002") == 1
    assert '"ruleId": "REF002"' in ran.out


def test_recorded_traffic_shows_unused_routes(tmp_path: Path) -> None:
    """Each route that it does not reach for so long is named; of too short a time nothing is said but that."""
    path, seen = folder(tmp_path, TESTS, *CLEAN), tmp_path / "ledger.jsonl"
    products, _, written, *_ = REQUESTS
    seen.write_bytes(ledger(requests=(products, written, replace(products, at=products.at + 31 * 86_400.0))))
    ran = run("check", path, "--usage", str(seen))
    assert [line.split("`")[1] for line in ran.out.splitlines() if "RTE011" in line] == ["GET /orders", "POST /orders"]
    assert ran.err == ""
    ran = run("check", path, "--usage", str(seen), "--usage-days", "32")
    assert "RTE011" not in ran.out
    assert "cover 31.0 days" in ran.err
