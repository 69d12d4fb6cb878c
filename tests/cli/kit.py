"""Runs the command line in this process, in a folder with a policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from parclose.cli.app import app
from parclose.testing import jwks
from tests.replay.kit import SIGNER, TEXT

TESTS = """
personas:
  reader: {token: {issuer: login, claims: {sub: u-1, scope: orders:read}}, from: 192.0.2.7}
tests:
  - name: readers read
    as: reader
    checks:
      "GET http://api.test/orders": allow @shop
      "POST http://api.test/orders": 403 scope_missing @shop
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


def run(*words: str) -> Ran:
    """Run `parclose` with these words."""
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "80", "NO_COLOR": "1", "PARCLOSE_POLICY": ""})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def dedented() -> str:
    """Return the text of the replay's policy, at the margin."""
    return "\n".join(line.removeprefix("    ") for line in TEXT.splitlines())


def folder(path: Path, tests: str = TESTS, *changes: tuple[str, str]) -> str:
    """Write a policy with its keys and tests into a folder, some texts changed, and return the policy's path."""
    text = dedented() + tests
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (path / "keys.json").write_text(jwks(SIGNER))
    (path / "policy.yaml").write_text(text)
    return str(path / "policy.yaml")
