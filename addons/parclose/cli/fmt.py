"""`parclose fmt`: the policy's files in one layout; comments, order and meaning stay."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

import typer

from parclose.cli.mending import difference
from parclose.cli.output import Exit, show
from parclose.cli.policy_file import PolicyArgument, PolicyOption, find_policy
from parclose.policy.errors import PolicyError
from parclose.policy.format import NotFormatted, formatted
from parclose.policy.yaml_files import yaml_files
from parclose.stores.files import list_files, read
from parclose.stores.replace import replace_file

NEWEST = "1"  # the version of the policy language that this program writes


def fmt(
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail where something would change.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Change nothing; show what would change.")] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring an older version of the language up to date.")
    ] = False,
) -> None:
    """Normalise spacing, and quote what other readers of YAML would misunderstand.

    Exits with 1 where --check or --diff finds something to change, and 3 when a file cannot be read.
    """
    path = find_policy(where, policy)
    files = _files(path)
    changed: dict[str, tuple[bytes, bytes]] = {}
    for file in files:
        name = str(PurePosixPath(path).parent / file)
        content = read(name)
        made = _formatted(file, name, content)
        if made != content:
            changed[name] = (content, made)
    if diff and changed:
        show(difference(changed))
    if migrate:
        show(f"nothing to migrate: version {NEWEST} is the newest", error=True)
    _say(changed, len(files), keep=not (check or diff))
    raise typer.Exit(Exit.FAILED if changed and (check or diff) else Exit.OK)


def _files(path: str) -> tuple[str, ...]:
    try:
        return yaml_files(path, read, list_files)
    except PolicyError as wrong:
        show(wrong.render(), error=True)
        raise typer.Exit(Exit.INVALID) from None


def _formatted(file: str, name: str, content: bytes) -> bytes:
    try:
        return formatted(file, content)
    except NotFormatted as wrong:
        said = "\n".join(finding.render() for finding in wrong.findings)
        show(said or f"`{name}` stays as it is: laid out, it would not say the same", error=True)
        raise typer.Exit(Exit.INVALID) from None


def _say(changed: dict[str, tuple[bytes, bytes]], count: int, *, keep: bool) -> None:
    for name, (_, content) in changed.items():
        if keep:
            try:
                replace_file(name, content)
            except OSError as wrong:
                show(f"`{name}` cannot be written: {(wrong.strerror or 'unknown').lower()}", error=True)
                raise typer.Exit(Exit.USAGE) from wrong
        show(f"{'formatted' if keep else 'would format'} {name}", error=True)
    show(f"{len(changed)} of {count} file{'' if count == 1 else 's'} {'changed' if keep else 'to change'}", error=True)
