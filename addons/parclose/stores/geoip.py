"""Countries and autonomous systems of addresses, from MaxMind-format files of any maker.

A file that is truncated in place kills a process that has it mapped (SIGBUS). So the file is copied into a private,
already deleted one, looked over, and only then used: whatever happens to the original changes nothing here.

Records differ: MaxMind and DB-IP nest `country.iso_code`, others write a flat `country_code`; both are read. geoip2's
typed readers refuse types they do not know, so this uses the reader below them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import maxminddb
from cachetools import LRUCache

from parclose.facts import Place
from parclose.stores.files import FileError, read

# The largest free city database has 120 MB; ours are countries and networks.
MAX_DATABASE_BYTES: Final = 512 * 1024 * 1024
MAX_CACHED: Final = 65_536
NOWHERE: Final = Place()

# One lookup in each /12 of IPv4 and each /16 of the global half of IPv6: finds a file that is cut or overwritten.
_PROBES_V4: Final = range(0, 1 << 32, 1 << 20)
_PROBES_V6: Final = range(0x2000 << 112, 0x4000 << 112, 1 << 115)


class DatabaseError(ValueError):
    """A database cannot be used; the message names the file."""


class Database:
    """One database file, private to this process.

    `built_at` is when it was made (epoch seconds), `kind` what its maker calls it, `holds` what its records tell, of
    `country` and `asn`.
    """

    def __init__(self, path: str) -> None:
        """Copy, open and look over the file.

        Raises:
            DatabaseError: it is missing, cut, or no such database.
        """
        try:
            content = read(path, max_bytes=MAX_DATABASE_BYTES)
        except FileError as wrong:
            raise DatabaseError(f"database {wrong}") from wrong
        try:
            self._reader = _open(content)
            metadata = self._reader.metadata()
            self.built_at = float(metadata.build_epoch)
            self._takes_v6 = metadata.ip_version == 6
            self.kind = str(metadata.database_type)
            self.holds = frozenset(self._look_over())
        except (maxminddb.InvalidDatabaseError, ValueError, KeyError, TypeError, OSError) as wrong:
            problem = "is no usable database, or was cut short; fetch it again and replace it by renaming"
            raise DatabaseError(f"database `{path}` {problem}") from wrong

    @property
    def takes_v6(self) -> bool:
        """Whether it knows of IPv6 at all."""
        return self._takes_v6

    def _look_over(self) -> Iterator[str]:
        """Look at addresses all over, and yield what is told of them.

        Raises:
            InvalidDatabaseError: it is cut or overwritten; also others of its kind.
        """
        probes: list[IPv4Address | IPv6Address] = [IPv4Address(number) for number in _PROBES_V4]
        if self._takes_v6:
            probes += [IPv6Address(number) for number in _PROBES_V6]
        for address in probes:
            record = self._reader.get(address)
            if isinstance(record, dict):
                if _country(record) is not None:
                    yield "country"
                if _asn(record) is not None:
                    yield "asn"

    def find(self, address: IPv4Address | IPv6Address) -> Mapping[str, object]:
        """Return the record of an address, empty when there is none or it cannot be read."""
        if address.version == 6 and not self._takes_v6:
            return {}
        try:
            record = self._reader.get(address)
        except (maxminddb.InvalidDatabaseError, ValueError):
            return {}  # a damaged corner: unknown, and `geo.on_unknown` says what that means
        return record if isinstance(record, dict) else {}


class GeoAtlas:
    """Says where addresses lie; without a database, nowhere. Answers are remembered, the least used forgotten."""

    def __init__(self, country_db: str = "", asn_db: str = "") -> None:
        """Open what is named.

        Raises:
            DatabaseError: a file cannot be used.
        """
        self.country = Database(country_db) if country_db else None
        self.asn = Database(asn_db) if asn_db else None
        self._places: LRUCache[str, Place] = LRUCache(MAX_CACHED)

    def built(self) -> dict[str, float]:
        """Return when each database was made, epoch seconds, by the field of the policy that names it."""
        both = (("country_db", self.country), ("asn_db", self.asn))
        return {field: database.built_at for field, database in both if database is not None}

    def locate(self, address: str) -> Place:
        """Return where `address` lies; unknown parts are None, and so is all of what is no address."""
        if self.country is None and self.asn is None:
            return NOWHERE
        try:
            return self._places[address]
        except KeyError:
            place = self._places[address] = self._look_up(address)
            return place

    def _look_up(self, text: str) -> Place:
        """Look into the files. IPv4 inside IPv6 is IPv4: many files do not know the mapped form."""
        try:
            address = ip_address(text)
        except ValueError:
            return NOWHERE
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        country = _country(self.country.find(address)) if self.country else None
        asn = _asn(self.asn.find(address)) if self.asn else None
        return Place(country=country, asn=asn)


def _open(content: bytes) -> maxminddb.Reader:
    """Open a copy that nobody else can change: mapped where the C reader is there (0.6 us a lookup), else in memory."""
    with tempfile.NamedTemporaryFile(prefix="parclose-", suffix=".mmdb") as copy:
        copy.write(content)
        copy.flush()
        os.fchmod(copy.fileno(), 0o400)
        try:
            return maxminddb.open_database(copy.name, maxminddb.MODE_MMAP_EXT)
        except ValueError:  # no C reader here
            return maxminddb.open_database(copy.name, maxminddb.MODE_MEMORY)


def _country(record: Mapping[str, object]) -> str | None:
    """Return the upper-case ISO code of a record of either shape."""
    nested = record.get("country")
    code = nested.get("iso_code") if isinstance(nested, dict) else nested
    code = code or record.get("country_code")
    return code.upper() if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() else None


def _asn(record: Mapping[str, object]) -> int | None:
    """Return the number of the autonomous system of a record of either shape."""
    number = record.get("autonomous_system_number", record.get("asn"))
    if isinstance(number, str):
        number = number.upper().removeprefix("AS")
        return int(number) if number.isascii() and number.isdecimal() and len(number) <= 10 else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
