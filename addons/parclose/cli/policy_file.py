"""Which policy a command is about: the option or argument, then `./policy.yaml`, then `$PARCLOSE_POLICY`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from parclose.analysis.witness import witness
from parclose.cli.output import Exit, show, show_json
from parclose.policy.errors import PolicyError
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.policy.source import ListFiles
from parclose.stores.files import list_files, read

NAME = "policy.yaml"
VARIABLE = "PARCLOSE_POLICY"

PolicyOption = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="FILE|FOLDER",
        help=f"The policy; a folder means its `{NAME}`. Default: `./{NAME}`, then ${VARIABLE}.",
        show_default=False,
    ),
]
PolicyArgument = Annotated[
    str, typer.Argument(metavar="[FILE|FOLDER]", help="The policy, as with --policy.", show_default=False)
]


def find_policy(*wishes: str) -> str:
    """Return the path of the policy that is meant: the first wish that says something, else the defaults.

    Ends the command with the code for bad usage when nothing names one.
    """
    named = next((wish for wish in wishes if wish), "")
    if not named:
        named = NAME if Path(NAME).exists() else os.environ.get(VARIABLE, "")
    if not named:
        show(f"no policy: there is no `./{NAME}`, and ${VARIABLE} is not set; name one with --policy", error=True)
        raise typer.Exit(Exit.USAGE)
    return str(Path(named) / NAME) if Path(named).is_dir() else named


def load_policy(
    path: str,
    *,
    as_json: bool = False,
    reading: Callable[[str], bytes] = read,
    listing: ListFiles = list_files,
) -> Policy:
    """Load a policy, or print everything that is wrong with it and end the command."""
    try:
        return load(path, reading, list_files=listing, witness=witness)
    except PolicyError as wrong:
        count = len(wrong.findings)
        if as_json:
            show_json({"policy": {"path": path}, "findings": wrong.to_json(), "exit": int(Exit.INVALID)})
        else:
            show(f"{wrong.render()}\n\n{count} error{'' if count == 1 else 's'}", error=True)
        raise typer.Exit(Exit.INVALID) from None


def head(policy: Policy) -> str:
    """Return one line on what a policy is."""
    counts = {
        "file": 1 + len(policy.included),
        "segment": len(policy.segments),
        "route": sum(len(segment.route_list) for segment in policy.segments.values()),
    }
    beside = policy.shadow.segments.values() if policy.shadow is not None else ()
    counts |= {
        name: number
        for name, number in (
            ("shadow segment", sum(one.mode == "shadow" for one in beside)),
            ("shadow route", sum(route.mode == "shadow" for one in beside for route in one.route_list)),
        )
        if number
    }
    told = "  ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in counts.items())
    return f"policy {policy.name}  rev {policy.revision}  {told}"


def as_json(policy: Policy) -> dict[str, object]:
    """Return what a report says of its policy."""
    return {
        "name": policy.name,
        "path": policy.path,
        "revision": policy.revision,
        "files": [policy.path, *policy.included],
        "reads": list(policy.files),
        "segments": len(policy.segments),
        "routes": sum(len(segment.route_list) for segment in policy.segments.values()),
    }
