"""The README: every command in it is run as it stands, every policy in it is loaded, every figure of speech is checked.

Only ports and lengths of time are replaced: what a reader types must not depend on what else runs here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from parclose.cases import run_cases
from parclose.demo.serve import POLICY
from parclose.testing import Signer, jwks, policy_from
from tests.cli.kit import run
from tests.house.tree import ROOT
from tests.live.lab import free_port
from tests.replay.kit import SIGNER, TEXT, ledger

pytestmark = pytest.mark.live

README = (ROOT / "README.md").read_text()
CONSOLE = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
SHELL = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
SERVING = [line for line in CONSOLE if line.startswith("./scripts/run")]
ASKING = [line for line in CONSOLE if line.startswith(".venv/bin/parclose ")]
ITSELF = ["./scripts/test"]  # runs this
BEGIN_S = 60.0
PREPARED = any((ROOT / ".venv" / f".stamp-{kind}").exists() for kind in ("run", "dev"))
prepared = pytest.mark.skipif(not PREPARED, reason="scripts/test has not prepared the environment here")


def test_every_command_is_known_here() -> None:
    """A command that is added to the README is run by one of these tests."""
    assert sorted(CONSOLE) == sorted([*SERVING, *ASKING, *ITSELF])
    assert {line.split()[0] for line in SHELL} == {"./scripts/replay", "./scripts/bench"}


@pytest.mark.parametrize("line", ASKING)
def test_a_command_does_what_is_said(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends as it should: nothing to complain of, or, for `explain`, an answer."""
    monkeypatch.chdir(ROOT)
    words = shlex.split(line)[1:]
    assert run(*words).code == (5 if words[0] == "explain" else 0)


@prepared
@pytest.mark.parametrize("line", SERVING)
def test_what_serves_gets_to_listen(line: str, tmp_path: Path) -> None:
    """Each starts, listens, and ends on Ctrl-C without an error."""
    bare = re.sub(r" --listen \S+", "", line)
    log = tmp_path / "said.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {bare} --listen 127.0.0.1:{free_port()}"],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        deadline = time.monotonic() + BEGIN_S
        sign = "listening at" if "--policy" in line else "# stop: Ctrl-C"
        while sign not in log.read_text(errors="replace"):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) in (0, 130)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@prepared
@pytest.mark.parametrize("line", [line for line in SHELL if "replay" in line])
def test_a_replay_finds_the_change(line: str, tmp_path: Path) -> None:
    """In a folder with a recording and two policies: one scope apart, so exit 4."""
    text = "\n".join(row.removeprefix("    ") for row in TEXT.splitlines())
    (tmp_path / "keys.json").write_text(jwks(SIGNER))
    (tmp_path / "day.flows").write_bytes(ledger())
    (tmp_path / "old.yaml").write_text(text)
    (tmp_path / "new.yaml").write_text(text.replace('"GET /orders": orders:read', '"GET /orders": orders:write'))
    command = line.replace("./scripts", str(ROOT / "scripts"))
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, "newly denied 2" in ran.stdout) == (4, True), ran.stdout + ran.stderr


@prepared
def test_the_bench_prints_its_figures() -> None:
    """One short pair, to see that it measures; the figures themselves are for people."""
    short = "./scripts/bench --pairs 1 --seconds 1 --only proxy"
    ran = subprocess.run(["bash", "-c", short], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "stock mitmdump, no addons" in ran.stdout
    assert "ratio  median" in ran.stdout


def test_the_policy_is_one() -> None:
    """The policy in the README loads, and passes its own tests."""
    (text,) = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    report = run_cases(policy_from(text, {"login.jwks.json": jwks(Signer.make("RS256"))}))
    assert report.failed == ()
    assert len(report.results) == 2


def test_the_denial_is_explained_as_shown(tmp_path: Path) -> None:
    """Line for line what `explain` prints for the demo, but for the revision, which has a digest of the keys in it."""
    policy = str(shutil.copy(POLICY, tmp_path))
    assert run("demo", "token", "shopper", "--policy", policy).code == 0
    ran = run("explain", "POST http://localhost/shop/orders", "--as", "shopper", "--policy", policy)
    (shown,) = re.findall(r"^```text\n(DENY .*?)^```", README, re.MULTILINE | re.DOTALL)
    assert ran.code == 5
    assert re.sub(r"rev \w+", "rev", ran.out) == re.sub(r"rev \w+", "rev", shown)
