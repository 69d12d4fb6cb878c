"""`parclose schema`: the JSON Schema of any policy, or of one with its own names, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from parclose.cli.output import Exit, show, show_raw
from parclose.cli.policy_file import find_policy
from parclose.policy.errors import PolicyError
from parclose.policy.schema import json_schema
from parclose.policy.schema_names import schema_for
from parclose.policy.yaml_files import whole_tree
from parclose.stores.files import list_files, read


def schema(
    of: Annotated[
        str, typer.Option("--for", metavar="FILE|FOLDER", help="Take the names of this policy in, as enumerations.")
    ] = "",
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Write it there, not to standard output.")] = "",
) -> None:
    """Write a JSON Schema for editors; loading a policy never uses it.

    Exits with 3 when the policy's files cannot be read.
    """
    try:
        made = schema_for(whole_tree(find_policy(of), read, list_files)) if of else json_schema()
    except PolicyError as wrong:
        show(wrong.render(), error=True)
        raise typer.Exit(Exit.INVALID) from None
    text = json.dumps(made, indent=1, sort_keys=True) + "\n"
    if not out:
        show_raw(text)
        return
    path = Path(out)
    fresh = path.with_name(f".{path.name}.new")  # an editor reads the old schema or the new one, never a half
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as wrong:
        show(f"`{out}` cannot be written: {(wrong.strerror or 'unknown').lower()}", error=True)
        raise typer.Exit(Exit.USAGE) from wrong
