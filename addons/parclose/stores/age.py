"""When a file was written, or a database built: what a look at a policy is told of the age of what it names."""

from __future__ import annotations

from pathlib import Path

import maxminddb


def made_at(path: str) -> float | None:
    """Return epoch seconds: of the build where the file is a database of countries, else of the last change.

    None where it cannot be told.
    """
    if path.endswith(".mmdb"):
        try:
            with maxminddb.open_database(path) as database:
                return float(database.metadata().build_epoch)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError):
            return None
    try:
        return Path(path).stat().st_mtime
    except (OSError, ValueError):
        return None
