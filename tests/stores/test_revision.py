"""What would be believed if these failed: that a revision names everything that a decision rests on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]  # ships no types

from parclose.policy.model import Geo
from parclose.stores.revision import DIGITS, with_databases
from parclose.testing import policy_from

TEXT = """
    version: 1
    name: ground
    segments:
      all: {match: {hosts: [api.test], clients: [anonymous]}, routes: {"read /**": public}}
"""


def database(path: Path, country: str, *, addresses: int = 1) -> Geo:
    """Write a database and return a policy's words for it."""
    writer = MMDBWriter(ip_version=6, database_type="Test-Country")
    for number in range(addresses):
        writer.insert_network(IPSet([f"2001:db8:{number:x}::/48"]), {"country": {"iso_code": country}})
    writer.to_db_file(str(path))
    return Geo(country_db=str(path))


def test_without_a_database_the_policy_is_the_revision() -> None:
    """Nothing is added."""
    policy = policy_from(TEXT)
    assert with_databases(policy) is policy


def test_another_build_is_another_revision(tmp_path: Path) -> None:
    """The same build is the same one; a database that is not there is another again."""
    path = tmp_path / "country.mmdb"
    policy = replace(policy_from(TEXT), geo=database(path, "DE"))
    first = with_databases(policy).revision
    assert with_databases(policy).revision == first != policy.revision
    assert len(first) == DIGITS
    database(path, "DE", addresses=9)
    second = with_databases(policy).revision
    path.unlink()
    third = with_databases(policy).revision
    assert len({first, second, third}) == 3


def test_a_broken_database_is_said_elsewhere(tmp_path: Path) -> None:
    """Here it counts as none."""
    path = tmp_path / "country.mmdb"
    policy = replace(policy_from(TEXT), geo=Geo(country_db=str(path)))
    missing = with_databases(policy).revision
    path.write_bytes(b"no database")
    assert with_databases(policy).revision == missing
