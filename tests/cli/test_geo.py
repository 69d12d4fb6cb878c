"""`parclose geo`: if these fail, nobody sees that a database is old, or what it says of an address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import run
from tests.stores.test_geoip import write

POLICY = """
version: 1
name: atlas
zones: {office: [203.0.113.0/24]}
geo: {country_db: country.mmdb, asn_db: asn.mmdb, max_age: 30d, on_unknown: deny}
segments:
  all: {match: {clients: [anonymous]}, network: {allow_geo: [DE]}, routes: {"GET /x": public}}
"""
COUNTRIES = {"0.0.0.0/1": {"country": {"iso_code": "DE"}}, "2001:db8::/32": {"country_code": "FR"}}
NETWORKS = {"0.0.0.0/1": {"autonomous_system_number": 64500}, "203.0.113.0/24": {"asn": "AS64501"}}


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """A policy with both databases, built just now."""
    write(tmp_path / "country.mmdb", COUNTRIES)
    write(tmp_path / "asn.mmdb", NETWORKS)
    (tmp_path / "policy.yaml").write_text(POLICY)
    return str(tmp_path / "policy.yaml")


def test_good_databases(policy: str) -> None:
    """Maker, families and age of each."""
    ran = run("geo", "status", policy)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].startswith("country_db  ")
    assert "Test-Country, IPv4 and IPv6, built " in lines[1]
    assert lines[1].endswith("0 days ago")
    assert lines[2].startswith("asn_db      ")


@pytest.mark.parametrize(
    ("what", "word"), [("cut", "UNUSABLE"), ("swapped", "UNUSABLE: its records tell no country"), ("old", "OLD")]
)
def test_bad_ones_are_named(policy: str, what: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit 1: cut short, of the wrong kind, too old."""
    country = Path(policy).parent / "country.mmdb"
    if what == "cut":
        country.write_bytes(country.read_bytes()[:100])
    elif what == "swapped":
        write(country, NETWORKS)
    else:
        monkeypatch.setattr("parclose.cli.geo.time.time", lambda: 4_000_000_000.0)
    ran = run("geo", "status", policy) if what != "cut" else run("geo", "status", policy, "--format", "json")
    assert ran.code in ((1, 3) if what == "cut" else (1,))
    assert what == "cut" or word in ran.out


def test_for_machines(policy: str) -> None:
    """One object, with the state of each."""
    said = json.loads(run("geo", "status", policy, "--format", "json").out)
    assert [(one["field"], one["state"], one["holds"]) for one in said["databases"]] == [
        ("country_db", "good", ["country"]),
        ("asn_db", "good", ["asn"]),
    ]


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("8.8.8.8", "8.8.8.8  DE  AS64500  zones: any"),
        ("::ffff:8.8.8.8", "8.8.8.8  DE  AS64500  zones: any"),
        ("203.0.113.7", "203.0.113.7  country unknown (geo rules refuse)  AS64501  zones: office, internal"),
        ("[2001:db8::1]", "2001:db8::1  FR  zones: internal"),
    ],
)
def test_where_an_address_lies(policy: str, address: str, line: str) -> None:
    """Country, network, and the zones of the policy; IPv4 inside IPv6 is IPv4."""
    ran = run("geo", "lookup", address, "--policy", policy)
    assert ran.code == 0
    left, _, right = ran.out.strip().rpartition("zones: ")
    wanted, _, zones = line.rpartition("zones: ")
    assert (left, set(right.split(", "))) == (wanted, set(zones.split(", ")))


def test_what_is_no_address(policy: str) -> None:
    """Is bad usage."""
    assert run("geo", "lookup", "999.1.1.1", "--policy", policy).code == 2


def test_a_policy_without_databases(tmp_path: Path) -> None:
    """Is no fault."""
    text = "\n".join(line for line in POLICY.splitlines() if not line.startswith("geo:")).replace(
        "network: {allow_geo: [DE]}, ", ""
    )
    (tmp_path / "policy.yaml").write_text(text)
    ran = run("geo", "status", str(tmp_path / "policy.yaml"))
    assert (ran.code, ran.out.strip()) == (0, "the policy names no database")
