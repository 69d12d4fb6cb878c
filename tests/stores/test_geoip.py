"""Countries and networks: both shapes of record, every spelling of an address, and files that are broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]  # ships no types

from parclose.facts import Place
from parclose.stores.geoip import DatabaseError, GeoAtlas


def write(path: Path, records: dict[str, Any], ip_version: int = 6) -> str:
    """Write a database and return its path."""
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type="Test-Country")
    for prefix, record in records.items():
        writer.insert_network(IPSet([prefix]), record)
    writer.to_db_file(str(path))
    return str(path)


@pytest.fixture
def countries(tmp_path: Path) -> str:
    """A database of nested and flat records."""
    return write(
        tmp_path / "country.mmdb",
        {
            "203.0.113.0/24": {"country": {"iso_code": "DE"}},
            "198.51.100.0/24": {"country_code": "no"},
            "192.0.2.0/25": {"country": {"names": {"en": "Nowhere"}}},
            "192.0.2.128/25": {"country": "SE"},
            "2001:db8::/32": {"country": {"iso_code": "FR"}},
        },
    )


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("203.0.113.7", "DE"),
        ("::ffff:203.0.113.7", "DE"),
        ("198.51.100.7", "NO"),
        ("192.0.2.7", None),
        ("192.0.2.200", "SE"),
        ("2001:db8::1", "FR"),
        ("2001:db9::1", None),
        ("8.8.8.8", None),
        ("", None),
        ("not an address", None),
        ("203.0.113.7:80", None),
    ],
)
def test_a_country_is_found_in_either_shape(countries: str, address: str, country: str | None) -> None:
    """Nested and flat records, IPv4 inside IPv6 folded, and nothing for what is not there; twice, for the cache."""
    atlas = GeoAtlas(countries)
    assert atlas.locate(address) == atlas.locate(address) == Place(country=country)


def test_the_network_is_found_too(countries: str, tmp_path: Path) -> None:
    """The second database is optional and adds its own part."""
    networks = write(
        tmp_path / "asn.mmdb",
        {"203.0.113.0/24": {"autonomous_system_number": 64500}, "198.51.100.0/24": {"asn": "AS64501"}},
        ip_version=4,
    )
    atlas = GeoAtlas(countries, networks)
    assert atlas.locate("203.0.113.7") == Place(country="DE", asn=64500)
    assert atlas.locate("198.51.100.7") == Place(country="NO", asn=64501)
    assert atlas.locate("2001:db8::1") == Place(country="FR")
    assert GeoAtlas("", networks).locate("203.0.113.7") == Place(asn=64500)


def test_without_a_database_nobody_lies_anywhere() -> None:
    """Unknown, not an error: `geo.on_unknown` says what that means."""
    assert GeoAtlas().locate("203.0.113.7") == Place()


def test_what_happens_to_the_file_later_changes_nothing(countries: str) -> None:
    """Truncated in place (which would kill a process that has it mapped) or deleted: the private copy answers."""
    atlas = GeoAtlas(countries)
    with open(countries, "r+b") as file:
        file.truncate(10)
    assert atlas.locate("203.0.113.7").country == "DE"
    Path(countries).unlink()
    assert atlas.locate("198.51.100.7").country == "NO"


def test_when_it_was_built_is_told(countries: str) -> None:
    """For those who warn about age."""
    database = GeoAtlas(countries).country
    assert database is not None
    assert database.built_at > 1_700_000_000


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xab\xcd\xefMaxMind.com" + bytes(50), bytes(100_000)])
def test_what_is_no_database_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """The message names the file and says what to do."""
    (tmp_path / "bad.mmdb").write_bytes(content)
    with pytest.raises(DatabaseError, match=r"bad\.mmdb` is no usable database"):
        GeoAtlas(str(tmp_path / "bad.mmdb"))


def test_a_missing_database_is_refused_by_name(tmp_path: Path) -> None:
    """As any file is."""
    with pytest.raises(DatabaseError, match=r"no\.mmdb` does not exist"):
        GeoAtlas(str(tmp_path / "no.mmdb"))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_or_overwritten_file_never_answers_wrongly(countries: str, tmp_path: Path, share: float) -> None:
    """Cut at any point: refused at load."""
    whole = Path(countries).read_bytes()
    (tmp_path / "cut.mmdb").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DatabaseError):
        GeoAtlas(str(tmp_path / "cut.mmdb"))
