"""`parclose show`: one named thing as it is written, or with everything that holds for it and where that comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Annotated

import typer

from parclose.cli.output import Exit, JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyOption, as_json, find_policy, load_policy
from parclose.policy.effective import Effective, effective
from parclose.policy.errors import nearest
from parclose.policy.load import examine
from parclose.policy.named import Named, named, names
from parclose.policy.origins import Value
from parclose.stores.files import list_files, read

WIDTH = 80
VALUES_AT = 26  # the column of the values: the longest usual key, `network.destinations`, with its margins
ROUTES_AT = 36


def show_named(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A segment, profile, zone, client ...; or SECTION.NAME.")],
    policy: PolicyOption = "",
    holds: Annotated[
        bool, typer.Option("--effective", help="Everything that holds for a segment, and where each value comes from.")
    ] = False,
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write it.")] = JsonOrText.TEXT,
) -> None:
    """Show what a name stands for, as written; with --effective what holds for a segment in the end.

    Exits with 0, with 2 when nothing has this name, and with 3 when the policy cannot be compiled.
    """
    path, wants_json = find_policy(policy), form is JsonOrText.JSON
    examined = examine(path, read, list_files=list_files)
    desk, loaded = examined.desk, examined.policy
    if desk is None or loaded is None:
        load_policy(path, as_json=wants_json)  # says what is wrong, and ends the command
        raise typer.Exit(Exit.INVALID)
    found = named(desk, name)
    if not found:
        close = nearest(name, names(desk))
        hint = f"did you mean `{close}`?" if close else "`parclose check` lists what there is"
        raise typer.BadParameter(f"nothing in the policy is called `{name}`; {hint}", param_hint="NAME")
    whole = (loaded.shadow or loaded).segments
    first = found[0]
    told = effective(desk, first.name, whole.get(first.name), loaded.name) if _holds(first, asked=holds) else None
    if wants_json:
        shown = [_as_json(each, told if each is first else None) for each in found]
        show_json({"policy": as_json(loaded), "shown": shown, "exit": 0})
    elif told is not None:
        others = [_right(f"also called `{name}`: a {each.kind}", each.where) for each in found[1:]]
        show("\n".join((*_effective_lines(told), *others)))
    else:
        show("\n\n".join("\n".join(_written_lines(each)) for each in found))


def _holds(thing: Named, *, asked: bool) -> bool:
    return asked and thing.kind == "segment"


def _as_json(thing: Named, told: Effective | None) -> dict[str, object]:
    report: dict[str, object] = {"kind": thing.kind, "name": thing.name, "where": thing.where}
    if told is None:
        return {**report, "written": list(thing.lines)}
    routes = [{"key": each.key, "where": each.where, "effective": _values(each.values)} for each in told.routes]
    return {**report, "effective": _values(told.values), "routes": routes}


def _values(values: tuple[Value, ...]) -> list[dict[str, str]]:
    return [{"key": each.key, "value": each.value, "origin": each.origin} for each in values]


def _written_lines(thing: Named) -> Iterator[str]:
    yield _right(f"{thing.kind} {thing.name}", thing.where)
    yield from (f"  {line}".rstrip() for line in thing.lines)


def _effective_lines(told: Effective) -> Iterator[str]:
    yield _right(f"segment {told.name}", told.where)
    for value in told.values:
        yield from _row(value.key, value.value, value.origin, VALUES_AT)
    yield ""
    yield "routes"
    for route in told.routes:
        first, *rest = route.values or (Value(key="", value="", origin=route.where),)
        yield from _row(route.key, first.value, first.origin, ROUTES_AT)
        for value in rest:
            yield from _row("", f"{value.key} {value.value}", value.origin, ROUTES_AT)


def _row(key: str, value: str, origin: str, column: int) -> Iterator[str]:
    """Yield a key, its value and its origin: side by side where they fit, else under each other."""
    lines = textwrap.wrap(value, WIDTH - column, break_long_words=False, break_on_hyphens=False) or [""]
    start = f"  {key}"
    if len(start) >= column:
        yield start
        start = ""
    shown = [f"{start:<{column}}{lines[0]}", *(" " * column + line for line in lines[1:])]
    yield from shown[:-1]
    yield _right(shown[-1], origin)


def _right(left: str, right: str) -> str:
    """Return a line with its end at the right edge; on the next line where there is no room."""
    left = left.rstrip()
    if len(left) + 2 + len(right) > WIDTH:
        return f"{left}\n{right:>{WIDTH}}"
    return f"{left}{right:>{WIDTH - len(left)}}"
