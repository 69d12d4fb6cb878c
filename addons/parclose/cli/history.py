"""`parclose history`: which policies were in force here, from the newest; a running proxy keeps the last ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from parclose.cli.output import Exit, JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyArgument, PolicyOption, find_policy
from parclose.stores.history import History, HistoryError, Kept, digest_of


def history(
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write it.")] = JsonOrText.TEXT,
) -> None:
    """List the revisions that were in force, the newest first, and which files each changed.

    Exits with 0, also when there are none, and with 3 when the history cannot be read.
    """
    path = find_policy(where, policy)
    kept = kept_of(path)
    if form is JsonOrText.JSON:
        show_json({"policy": path, "revisions": [as_json(one, path) for one in reversed(kept)], "exit": int(Exit.OK)})
        return
    if not kept:
        show(f"no revisions of `{path}`: a proxy keeps each policy that it puts in force")
        return
    for place in range(len(kept) - 1, -1, -1):
        show(_line(kept[place], kept[place - 1] if place else None, is_here=matches(kept[place], path)))


def kept_of(path: str) -> tuple[Kept, ...]:
    """Return the revisions of a policy, the oldest first, or say what is wrong and end the command."""
    try:
        return History(path).kept()
    except HistoryError as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.INVALID) from None


def matches(kept: Kept, path: str) -> bool:
    """Whether the files that lie in the policy's folder are those of a revision."""
    folder = Path(path).parent
    return all(_digest(folder / name) == digest for name, digest in kept.files.items())


def changed_files(kept: Mapping[str, str], before: Mapping[str, str]) -> Sequence[str]:
    """Return in words which files differ between two revisions: `+new`, `-gone`, `changed`."""
    said = [f"+{name}" for name in sorted(kept.keys() - before.keys())]
    said += [f"-{name}" for name in sorted(before.keys() - kept.keys())]
    return said + sorted(name for name in kept.keys() & before.keys() if kept[name] != before[name])


def as_json(kept: Kept, path: str) -> dict[str, object]:
    """Return a revision as machines read it; `at` is epoch seconds."""
    return {
        "revision": kept.revision,
        "at": kept.at,
        "segments": list(kept.segments),
        "files": dict(kept.files),
        "here": matches(kept, path),
    }


def _line(kept: Kept, before: Kept | None, *, is_here: bool) -> str:
    at = datetime.fromtimestamp(kept.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if before is None:
        said = f"{len(kept.files)} file{'' if len(kept.files) == 1 else 's'}"
    else:
        said = ", ".join(changed_files(kept.files, before.files)) or "files outside the folder"
    here = "  (here)" if is_here else ""
    count = f"{len(kept.segments)} segment{'' if len(kept.segments) == 1 else 's'}"
    return f"{kept.revision}  {at}Z  {count:<13} {said}{here}"


def _digest(path: Path) -> str:
    try:
        return digest_of(path.read_bytes())
    except OSError:
        return ""
