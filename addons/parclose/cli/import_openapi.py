"""`parclose import`: routes from what other tools write down, as files of the policy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from parclose.analysis.openapi import Imported, read_document
from parclose.analysis.openapi_json import as_yaml
from parclose.analysis.told_openapi import MARK, Difference, as_policy, declared, difference, set_in, value
from parclose.cli.output import Exit, JsonOrText, show, show_json, show_raw
from parclose.cli.policy_file import NAME, VARIABLE, PolicyOption, find_policy
from parclose.cli.progress import told
from parclose.policy.errors import PolicyError, ScalarError
from parclose.policy.nodes import Entries, Node, Text
from parclose.policy.scalars import name as policy_name
from parclose.policy.source import Source
from parclose.policy.yaml_files import whole_tree
from parclose.stores.files import list_files, read
from parclose.stores.replace import replace_file

MOST_NAMED = 3  # routes that one note names

import_ = typer.Typer(no_args_is_help=True, help="Make files of a policy from the documents of other tools.")


@import_.callback()
def _group() -> None:
    """Make `openapi` a word of its own: other kinds of documents will stand beside it."""


@import_.command("openapi")
def openapi(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The OpenAPI 3.x document, YAML or JSON.")],
    *,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="What the route set is called.")],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Keep it there, a file of its own.")] = "",
    base: Annotated[
        str | None, typer.Option("--base", metavar="PATH", help="Served below this; left out: as `servers` say.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 4 where the routes would change.")
    ] = False,
    policy: PolicyOption = "",
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write the report.")] = JsonOrText.TEXT,
) -> None:
    """Make a route set from an OpenAPI document: its operations, with the scopes of their security.

    Says on standard error what differs from the set as the file, or else the policy, has it now, and where a route
    is stricter than the document. Exits with 3 when the document cannot be taken: nothing is written then.
    """
    try:
        policy_name(name)
    except ScalarError as wrong:
        raise typer.BadParameter(f"{wrong.message}; {wrong.fix}", param_hint="--as") from None
    made = _read(file, _base(base), as_json=form is JsonOrText.JSON)
    tree = _policy_tree(policy)
    text = as_policy(made, name)
    before = _set_of_file(out, name) if out and os.path.lexists(out) else set_in(tree, name)
    changes = difference(before, set_in(_parsed(out or file, text.encode()), name))
    if out and not check:
        _keep(out, text)
    notes = [*_strict(made), *_undeclared(made, tree)]
    if form is JsonOrText.JSON:
        show_json(_report(name, made, changes, notes))
    else:
        if not out and not check:
            show_raw(text)
        _say(name, made, changes, notes, known=before is not None)
    raise typer.Exit(Exit.CHANGED if check and changes.routes else Exit.OK)


def _base(written: str | None) -> str | None:
    if written is None or written in {"", "/"}:
        return None if written is None else ""
    if not written.startswith("/"):
        raise typer.BadParameter(f"`{written}` does not begin with `/`; write `/{written}`", param_hint="--base")
    return written.rstrip("/")


def _read(file: str, base: str | None, *, as_json: bool) -> Imported:
    """Return the document's routes, or print everything that is wrong with it and end the command."""
    with told(read) as reading:
        source = Source(path=file, read=lambda path: as_yaml(reading(path)))
        made = read_document(source, base)
    if made is not None:
        return made
    wrong = source.error()
    if as_json:
        show_json({"document": file, "findings": wrong.to_json(), "exit": int(Exit.INVALID)})
    else:
        show(wrong.render(), error=True)
    raise typer.Exit(Exit.INVALID)


def _policy_tree(wish: str) -> Node:
    """Return the tree of the policy at hand, None where there is none: one is not needed."""
    if not wish and not Path(NAME).exists() and not os.environ.get(VARIABLE):
        return None
    try:
        return whole_tree(find_policy(wish), read, list_files)
    except PolicyError as wrong:
        show(f"{wrong.render()}\n\nthe policy cannot be read, so nothing is compared with it", error=True)
        raise typer.Exit(Exit.INVALID) from None


def _parsed(path: str, content: bytes) -> Node:
    source = Source(path=path, read=read)
    return source.tree(source.main, content)


def _set_of_file(path: str, name: str) -> Entries | None:
    """Return the set as the last import left it, or end the command: what people wrote is not written over."""
    try:
        content = read(path)
    except OSError as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.USAGE) from None
    tree = _parsed(path, content)
    sets = tree.get(Text("route_sets")) if isinstance(tree, Entries) else None
    alone = isinstance(sets, Entries) and len(sets) == 1 and set(tree or ()) == {"route_sets"}
    if not content.startswith(MARK.encode()) or not alone or set_in(tree, name) is None:
        show(f"`{path}` is no file of the route set `{name}` that an import made; name another with --out", error=True)
        raise typer.Exit(Exit.USAGE)
    return set_in(tree, name)


def _keep(path: str, text: str) -> None:
    try:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        replace_file(path, text.encode())
    except OSError as wrong:
        show(f"`{path}` cannot be written: {(wrong.strerror or 'unknown').lower()}", error=True)
        raise typer.Exit(Exit.USAGE) from wrong


def _strict(made: Imported) -> list[str]:
    """Return one sentence for each way in which routes are not as the document has them."""
    said = [f"{_some(keys)}: {why}" for why, keys in made.stricter.items()]
    if made.left_out:
        said.append(f"{_some(made.left_out)}: left out, as TRACE sends back what it was sent, credentials too")
    return said


def _some(keys: tuple[str, ...]) -> str:
    named = ", ".join(f"`{key}`" for key in keys[:MOST_NAMED])
    more = len(keys) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _undeclared(made: Imported, tree: Node) -> list[str]:
    """Return what the policy must still declare."""
    if tree is None:
        return []
    scopes = tree.get(Text("scopes")) if isinstance(tree, Entries) else None
    known = set(scopes) if isinstance(scopes, Entries) else set()
    missing = tuple(scope for scope in made.scopes if scope not in known)
    if not missing:
        return []
    return [f"the policy does not declare {_some(missing)}; add what is missing:\n\n{declared(made, missing)}"]


def _say(name: str, made: Imported, changes: Difference, notes: list[str], *, known: bool) -> None:
    count = len(made.routes)
    lines = [f"route set `{name}`: {count} route{'' if count == 1 else 's'} from {made.title or 'the document'}"]
    if known:
        lines.append(f"since the last import: {changes.head}" if changes.routes else "nothing changed")
        lines.extend(changes.lines())
    lines.extend(f"note  {note}" for note in notes)
    show("\n".join(lines), error=True)


def _report(name: str, made: Imported, changes: Difference, notes: list[str]) -> dict[str, object]:
    return {
        "route_set": name,
        "document": made.title,
        "routes": {key: value(asked) for key, asked in made.routes.items()},
        "changes": [
            {"route": key, "before": before or None, "after": after or None}
            for key, (before, after) in changes.routes.items()
        ],
        "stricter": {why: list(keys) for why, keys in made.stricter.items()},
        "left_out": list(made.left_out),
        "notes": notes,
    }
