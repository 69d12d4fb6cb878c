"""What would be believed if these failed: that a bad edit changes nothing, and a good one everything at once."""

import asyncio
import time
from pathlib import Path

import pytest

from parclose.hooks.editions import Press
from parclose.hooks.metrics import Metrics
from parclose.hooks.policy_file import EXIT_POLICY, PolicyFile
from parclose.hooks.service import Service
from parclose.hooks.verdicts import Verdicts
from tests.hooks.ground import POLICY

TEXT = POLICY.replace("settings:\n", "settings:\n  reload: {watch: 10ms}\n") + (
    "audit: {sinks: [{type: jsonl, path: ledger.jsonl}]}\n"
)


def policy_file(folder: Path, text: str = TEXT) -> tuple[PolicyFile, Service, Path]:
    """Return an addon, its service, and its file."""
    path = folder / "policy.yaml"
    path.write_text(text)
    house = Service(metrics=Metrics(), verdicts=Verdicts())
    return PolicyFile(house, Press(path=str(path))), house, path


def revision(house: Service) -> str:
    """Return the revision in force."""
    assert house.edition is not None
    return house.edition.policy.revision


@pytest.mark.parametrize("text", ["", "version: 7\n", "\0"])
def test_a_bad_policy_ends_the_start(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With every finding on standard error, and nothing in force."""
    addon, house, path = policy_file(tmp_path, text)
    with pytest.raises(SystemExit) as left:
        addon.start()
    assert left.value.code == EXIT_POLICY
    assert str(path.name) in capsys.readouterr().err
    assert house.edition is None


def test_no_policy_ends_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    """It says how to name one."""
    with pytest.raises(SystemExit):
        PolicyFile(Service(metrics=Metrics(), verdicts=Verdicts()), Press(path="")).start()
    assert "--set parclose_policy=" in capsys.readouterr().err


async def until(condition: object) -> None:
    """Let the watcher work until something holds."""
    deadline = time.monotonic() + 10
    while not condition():  # type: ignore[operator]  # a function
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_edits_are_followed(tmp_path: Path) -> None:
    """A bad one changes nothing but what everybody can see; the next good one counts, and clears it."""
    addon, house, path = policy_file(tmp_path)
    addon.start()
    first = revision(house)
    addon.running()
    path.write_text(TEXT + "bogus: 1\n")
    await until(lambda: house.rejected is not None)
    assert house.rejected is not None
    assert "bogus" in house.rejected.findings[0]
    assert revision(house) == first
    path.write_text(TEXT.replace("name: ground", "name: other"))
    await until(lambda: revision(house) != first)
    assert b"parclose_policy_rejected 0.0" in house.metrics.exposition()
    path.write_text(TEXT)
    await until(lambda: revision(house) == first)
    addon.done()
    outcomes = [line for line in (tmp_path / "ledger.jsonl").read_text().splitlines() if '"type":"policy"' in line]
    assert [("refused" in line) for line in outcomes] == [False, True, False, False]


async def test_a_failure_of_ours_is_loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What raises inside is no new policy, and nobody is told that all is well."""
    addon, house, path = policy_file(tmp_path)
    addon.start()
    first = revision(house)

    def fails(*arguments: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(addon._press, "__class__", type("Broken", (Press,), {"__slots__": (), "build": fails}))
    addon.running()
    path.write_text(TEXT + "# edited\n")
    await until(lambda: house.rejected is not None)
    assert house.rejected is not None
    assert "internal error" in house.rejected.findings[0]
    assert revision(house) == first
    addon.done()


async def test_a_reader_of_recordings_leaves_no_trace(tmp_path: Path) -> None:
    """Neither a line in the ledger nor a watcher."""
    addon, house, _ = policy_file(tmp_path)
    house.serves = False
    addon.start()
    addon.running()
    assert (tmp_path / "ledger.jsonl").read_text() == ""
    assert addon._task is None
    addon.done()
