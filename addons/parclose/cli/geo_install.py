"""`parclose geo install`: a database takes the place of another, whole or not at all.

A running proxy follows the file: what is renamed over it is in force with the next look, and what is written into it
in place would be seen half done.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, NoReturn

import typer

from parclose.cli.output import Exit, show
from parclose.cli.policy_file import PolicyOption, find_policy, load_policy
from parclose.stores.files import FileError, read
from parclose.stores.geoip import MAX_DATABASE_BYTES, Database, DatabaseError
from parclose.stores.replace import replace_file


def install(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The new database, MaxMind format (.mmdb).")],
    policy: PolicyOption = "",
    role: Annotated[
        str, typer.Option("--as", metavar="country|asn", help="Which one it replaces. Default: by what it holds.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Also when it is older than the one in place.")] = False,
) -> None:
    """Look a database over, and put it where the policy says; the one there is replaced by renaming.

    Exits with 1 when it cannot be used or is older than the one in place, and with 3 when the policy cannot be loaded.
    """
    if role not in ("", "country", "asn"):
        show(f"--as is `country` or `asn`, not `{role}`", error=True)
        raise typer.Exit(Exit.USAGE)
    loaded = load_policy(find_policy(policy))
    new = _usable(file)
    role = role or ("country" if "country" in new.holds else "asn")
    if role not in new.holds:
        _refuse(f"`{file}` ({new.kind}) tells no {'country' if role == 'country' else 'network'}")
    rules = loaded.geo
    target = (rules.country_db if role == "country" else rules.asn_db) if rules is not None else ""
    if not target:
        _refuse(f"the policy names no `geo.{role}_db` to put it at")
    before = _in_place(target)
    if before is not None and before.built_at > new.built_at and not force:
        _refuse(f"the one in place is newer: built {_day(before)}, this one {_day(new)}; --force puts it there")
    _swap(file, target)
    was = f"; before: {before.kind}, built {_day(before)}" if before is not None else ""
    show(f"{target}: {new.kind}, built {_day(new)}{was}")


def _usable(path: str) -> Database:
    """Open a database, or say why it cannot be used and end the command."""
    try:
        found = Database(path)
    except DatabaseError as wrong:
        _refuse(str(wrong))
    if not found.holds:
        _refuse(f"`{path}` ({found.kind}) tells neither countries nor networks")
    return found


def _in_place(path: str) -> Database | None:
    """Open the database that is replaced; None where there is none that can be used."""
    try:
        return Database(path)
    except DatabaseError:
        return None


def _swap(source: str, target: str) -> None:
    """Put the content of one file in the place of another, or leave that as it is."""
    try:
        replace_file(target, read(source, max_bytes=MAX_DATABASE_BYTES))
    except (OSError, FileError) as wrong:
        _refuse(f"`{target}` stays as it is: {wrong}")


def _refuse(sentence: str) -> NoReturn:
    """Say why nothing was done, and end the command."""
    show(sentence, error=True)
    raise typer.Exit(Exit.FAILED)


def _day(database: Database) -> str:
    """Return the day on which a database was built."""
    return datetime.fromtimestamp(database.built_at, UTC).strftime("%Y-%m-%d")
