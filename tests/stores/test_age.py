"""How old something is: if these fail, a database of last year looks like one of today."""

from __future__ import annotations

import os
from pathlib import Path

from mmdb_writer import MMDBWriter

from parclose.stores.age import made_at


def test_a_database_is_as_old_as_its_build(tmp_path: Path) -> None:
    """Copying it makes it no younger."""
    path = tmp_path / "country.mmdb"
    MMDBWriter(ip_version=6, ipv4_compatible=True).to_db_file(str(path))
    os.utime(path, (1_000_000, 1_000_000))
    built = made_at(str(path))
    assert built is not None
    assert built > 1_000_000_000


def test_a_file_is_as_old_as_its_last_change(tmp_path: Path) -> None:
    """Epoch seconds."""
    path = tmp_path / "list.txt"
    path.write_text("192.0.2.1\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert made_at(str(path)) == 1_700_000_000


def test_nobody_knows(tmp_path: Path) -> None:
    """Missing, or no database."""
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"no database")
    assert [made_at(str(tmp_path / "gone.txt")), made_at(str(tmp_path / "gone.mmdb")), made_at(str(broken))] == [
        None
    ] * 3
