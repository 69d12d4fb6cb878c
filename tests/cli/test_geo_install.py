"""`parclose geo install`: if these fail, a broken database takes the place of a good one, or is half there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mmdb_writer import MMDBWriter

from parclose.stores.geoip import Database
from tests.cli.kit import run
from tests.cli.test_geo import COUNTRIES, NETWORKS, POLICY
from tests.stores.test_geoip import write


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """A policy with both databases."""
    write(tmp_path / "country.mmdb", COUNTRIES)
    write(tmp_path / "asn.mmdb", NETWORKS)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "new").mkdir()
    return str(tmp_path / "policy.yaml")


def test_a_good_one_takes_the_place(policy: str) -> None:
    """By renaming: who has the old one open keeps it; and nothing else is left in the folder."""
    folder = Path(policy).parent
    new = write(folder / "new" / "x.mmdb", {"0.0.0.0/1": {"country": {"iso_code": "SE"}}})
    before, names = os.stat(folder / "country.mmdb").st_ino, sorted(os.listdir(folder))
    ran = run("geo", "install", new, "--policy", policy)
    assert (ran.code, ran.err) == (0, "")
    assert "Test-Country, built " in ran.out
    assert os.stat(folder / "country.mmdb").st_ino != before
    assert (folder / "country.mmdb").read_bytes() == Path(new).read_bytes()
    assert sorted(os.listdir(folder)) == names


def test_it_goes_where_its_records_belong(policy: str) -> None:
    """Networks to `asn_db`, also by name; countries never there."""
    folder = Path(policy).parent
    new = write(folder / "new" / "x.mmdb", {"0.0.0.0/1": {"asn": 7}})
    for words in ((), ("--as", "asn")):
        assert run("geo", "install", new, "--policy", policy, *words).code == 0
    assert (folder / "asn.mmdb").read_bytes() == Path(new).read_bytes()
    ran = run("geo", "install", new, "--policy", policy, "--as", "country")
    assert (ran.code, "tells no country" in ran.err) == (1, True)
    assert run("geo", "install", new, "--policy", policy, "--as", "city").code == 2


@pytest.mark.parametrize("what", ["missing", "empty", "cut", "rubbish", "silent"])
def test_a_bad_one_changes_nothing(policy: str, what: str) -> None:
    """Whatever is wrong with it, with a sentence."""
    folder = Path(policy).parent
    new, good = folder / "new" / "x.mmdb", (folder / "country.mmdb").read_bytes()
    if what == "silent":
        write(new, {"0.0.0.0/1": {"city": "nowhere"}})
    elif what != "missing":
        new.write_bytes({"empty": b"", "cut": good[:-200], "rubbish": b"x" * 5000}[what])
    names = sorted(os.listdir(folder))
    ran = run("geo", "install", str(new), "--policy", policy)
    assert ran.code == 1
    assert ran.err.strip()
    assert (folder / "country.mmdb").read_bytes() == good
    assert sorted(os.listdir(folder)) == names


def test_an_older_one_only_when_it_is_meant(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch that went wrong brings last month's."""
    folder = Path(policy).parent
    new = folder / "new" / "x.mmdb"
    monkeypatch.setattr("mmdb_writer.time.time", lambda: 1_000_000_000.0)
    assert MMDBWriter is not None
    write(new, COUNTRIES)
    assert Database(str(new)).built_at == 1_000_000_000.0
    ran = run("geo", "install", str(new), "--policy", policy)
    assert (ran.code, "newer" in ran.err) == (1, True)
    assert run("geo", "install", str(new), "--policy", policy, "--force").code == 0
    assert (folder / "country.mmdb").read_bytes() == new.read_bytes()
