"""`parclose rollback`: an earlier policy back in place of the one that is there, if a reload would take it."""

from __future__ import annotations

import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from parclose.cli.history import changed_files, kept_of, matches
from parclose.cli.output import Exit, show
from parclose.cli.policy_file import PolicyOption, find_policy
from parclose.hooks.gate import Unfit, approve
from parclose.policy.globs import matches as glob_matches
from parclose.stores.files import list_files, read
from parclose.stores.history import History, HistoryError, Kept, contents_of, digest_of, write_whole

PRIVATE = 0o600


def rollback(
    revision: Annotated[
        str, typer.Argument(metavar="[REVISION]", help="A revision of `parclose history`, or its beginning.")
    ] = "",
    policy: PolicyOption = "",
    last: Annotated[bool, typer.Option("--last", help="The newest revision that is not what is there now.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
) -> None:
    """Put the files of an earlier revision back; what was there is set aside. A running proxy takes it up.

    Everything that was read in the policy's folder comes back: API key files, zone lists and lists of revoked tokens
    too, so a key that was removed since then works again. Look at --dry-run first.

    Exits with 0 when they are back, 2 when no such revision is kept, 3 when it would be refused by a reload.
    """
    if bool(revision) == last:
        show("name one revision, or --last", error=True)
        raise typer.Exit(Exit.USAGE)
    path = find_policy("", policy)
    kept = _meant(path, revision)
    try:
        contents = contents_of(kept)
        _put(path, kept, contents, _proven(path, contents), dry_run=dry_run)
    except (HistoryError, OSError) as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.INVALID) from None
    except Unfit as wrong:
        show("\n".join((*wrong.findings, f"revision {kept.revision} would be refused: nothing is changed")), error=True)
        raise typer.Exit(Exit.INVALID) from None


def _meant(path: str, revision: str) -> Kept:
    """Return the revision that is meant, or say which there are and end the command."""
    kept = kept_of(path)
    if revision:
        found = {one.revision: one for one in kept if one.revision.startswith(revision)}
        if len(found) == 1:
            return next(iter(found.values()))
        known = ", ".join(dict.fromkeys(one.revision for one in reversed(kept))) or "none"
        count = "several revisions begin" if found else "no revision begins"
        show(f"{count} with `{revision}`; kept: {known}", error=True)
    else:
        other = next((one for one in reversed(kept) if not matches(one, path)), None)
        if other is not None:
            return other
        show("no revision is kept that differs from what is there", error=True)
    raise typer.Exit(Exit.USAGE)


def _proven(path: str, contents: Mapping[str, bytes]) -> frozenset[str]:
    """Ask of the revision what a reload asks, before anything is written; return what its globs must not find there.

    Raises:
        Unfit: it would be refused.
    """
    folder, strangers = Path(path).parent, set[str]()

    def read_kept(file: str) -> bytes:
        name = _name(folder, file)
        return contents[name] if name is not None and name in contents else read(file)

    def list_kept(inside: str, pattern: str) -> list[str]:
        base = _name(folder, inside)
        if base is None:
            return list_files(inside, pattern)
        before = "" if base in ("", ".") else f"{base}/"
        strangers.update(before + name for name in list_files(inside, pattern) if before + name not in contents)
        return sorted(
            name.removeprefix(before)
            for name in contents
            if name.startswith(before) and glob_matches(pattern, name.removeprefix(before))
        )

    approve(path, read_kept, list_of=list_kept)
    return frozenset(strangers)


def _name(folder: Path, file: str) -> str | None:
    """Return a path's name from the policy's folder, or None where it lies elsewhere."""
    here = Path(file)
    return here.relative_to(folder).as_posix() if here.is_relative_to(folder) else None


def _put(path: str, kept: Kept, contents: Mapping[str, bytes], strangers: frozenset[str], *, dry_run: bool) -> None:
    """Write the files, the policy file itself last; set aside what is replaced, or would be read beside them.

    Raises:
        HistoryError: what is there cannot be set aside; nothing is written then.
        OSError: a file cannot be written.
    """
    folder = Path(path).parent
    names = contents.keys() | strangers
    there = {name: (folder / name).read_bytes() for name in sorted(names) if (folder / name).is_file()}
    said = changed_files(kept.files, {name: digest_of(content) for name, content in there.items()})
    if not said:
        show(f"revision {kept.revision} is what is there already")
        return
    if dry_run:
        show(f"would put back revision {kept.revision}: {', '.join(said)}")
        return
    aside = History(path).set_aside(time.time(), there)
    for name in strangers:
        (folder / name).unlink(missing_ok=True)
    new = stat.S_IMODE((folder / kept.main).stat().st_mode) if (folder / kept.main).exists() else PRIVATE
    for name in sorted(contents, key=lambda one: (one == kept.main, one)):
        if there.get(name) != contents[name]:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, contents[name], stat.S_IMODE(place.stat().st_mode) if place.exists() else new)
    show(f"revision {kept.revision} is back: {', '.join(said)}\nwhat was there lies in {aside}")
