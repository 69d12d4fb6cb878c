"""`parclose demo`: tokens and requests; the demo itself is started in `tests/live/test_run.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from parclose.demo.serve import POLICY
from tests.cli.kit import run


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """Return a copy of the demo's policy, in a folder of its own."""
    return str(shutil.copy(POLICY, tmp_path))


def test_a_token_is_printed_alone(policy: str) -> None:
    """So that a shell can take it: three parts, one line."""
    ran = run("demo", "token", "shopper", "--policy", policy)
    assert ran.code == 0
    assert len(ran.out.rstrip("\n").split(".")) == 3
    assert ran.out.count("\n") == 1


@pytest.mark.parametrize("persona", ["visitor", "nobody"])
def test_who_has_no_token_is_bad_usage(policy: str, persona: str) -> None:
    """The answer names those who have one."""
    ran = run("demo", "token", persona, "--policy", policy)
    assert ran.code == 2
    assert "shopper" in ran.err


def test_requests_are_printed_with_their_answers(policy: str) -> None:
    """Each command under the answer that it gets, at the address that is asked for."""
    ran = run("demo", "requests", "--policy", policy, "--url", "http://127.0.0.1:9999")
    assert ran.code == 0
    assert "# 451 geo_denied" in ran.out
    assert ran.out.count("http://127.0.0.1:9999/") == ran.out.count("# ")


@pytest.mark.parametrize("listen", ["here", "127.0.0.1:", "127.0.0.1:99999"])
def test_where_to_listen_is_an_address(policy: str, listen: str) -> None:
    """Said before anything is started."""
    assert run("demo", "serve", "--policy", policy, "--listen", listen).code == 2
