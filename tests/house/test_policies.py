"""The policies that come with the project: if these fail, a reader copies something that does not work."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from parclose.cases import run_cases
from parclose.demo.state import prepare
from parclose.policy.load import load
from parclose.policy.schema import json_schema
from parclose.stores.files import list_files, read
from tests.house.tree import ROOT, label

POLICIES = ROOT / "policies"
EXAMPLES = sorted((POLICIES / "examples").glob("*.yaml"))
CONCERNS = ("issuers", "api_keys", "attributes", "clients", "scopes", "roles", "zones", "geo", "profiles", "route_sets")


@pytest.mark.parametrize("path", EXAMPLES, ids=label)
def test_an_example_passes_its_own_tests(path: Path) -> None:
    """Each loads as it is, and proves its idea on both sides: somebody passes, somebody is refused."""
    report = run_cases(load(str(path), read, list_files=list_files))
    assert report.failed == ()
    outcomes = {result.want.startswith("allow") for result in report.results if result.want != "as written"}
    assert outcomes == {True, False}


def test_the_demo_passes_its_own_tests(tmp_path: Path) -> None:
    """In a folder of its own, with keys and a database made now."""
    shutil.copy(POLICIES / "demo" / "policy.yaml", tmp_path)
    prepare(tmp_path)
    report = run_cases(load(str(tmp_path / "policy.yaml"), read))
    assert report.failed == ()
    assert report.coverage.share >= 0.8


@pytest.mark.parametrize("concern", [*CONCERNS, "segments", "limits", "audit", "personas", "tests"])
def test_the_demo_shows_every_concern(concern: str) -> None:
    """Each section of the language that this version knows stands in it once."""
    lines = (POLICIES / "demo" / "policy.yaml").read_text().splitlines()
    assert any(line.strip().startswith(f"{concern}:") for line in lines)


@pytest.mark.parametrize("path", [*EXAMPLES, POLICIES / "demo" / "policy.yaml"], ids=label)
def test_it_says_what_it_is_about(path: Path) -> None:
    """A file begins with its idea, in a sentence."""
    assert path.read_text().startswith("# ")


def test_the_schema_is_the_one_that_editors_get() -> None:
    """`policies/schema.json` is what the code says; write it anew with `python -m tests.house.test_policies`.

    Under 3.12 an older pydantic words it differently, so there the keys alone are compared.
    """
    written = json.loads((POLICIES / "schema.json").read_text())
    made = json.loads(json.dumps(json_schema()))
    if sys.version_info >= (3, 13):
        assert made == written
    assert made["properties"].keys() == written["properties"].keys()


if __name__ == "__main__":
    (POLICIES / "schema.json").write_text(json.dumps(json_schema(), indent=1, sort_keys=True) + "\n")
