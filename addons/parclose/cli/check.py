"""`parclose check`: is this policy one that would be taken up? Says everything that is wrong, in one run."""

from __future__ import annotations

from typing import Annotated

import typer

from parclose.cli.output import JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyArgument, PolicyOption, as_json, find_policy, head, load_policy


def check(
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write the report.")] = JsonOrText.TEXT,
) -> None:
    """Parse, resolve and compile a policy, exactly as a reload does.

    Exits with 0 when it is valid and 3 when it cannot be compiled.
    """
    wants_json = form is JsonOrText.JSON
    loaded = load_policy(find_policy(where, policy), as_json=wants_json)
    if wants_json:
        show_json({"policy": as_json(loaded), "findings": [], "exit": 0})
    else:
        show(f"{head(loaded)}\n0 errors, 0 warnings")
