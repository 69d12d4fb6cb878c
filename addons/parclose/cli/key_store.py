"""A key's record into the file of its store: only where the policy then loads, and has that key."""

from __future__ import annotations

import typer

from parclose.analysis.witness import witness
from parclose.cli.output import Exit, show
from parclose.policy.errors import PolicyError, nearest
from parclose.policy.identity import KeyStore
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.policy.nodes import Entries, Text
from parclose.policy.source import Source
from parclose.policy.yaml_files import whole_tree
from parclose.stores.files import list_files, read
from parclose.stores.replace import replace_file


def chosen_store(policy: Policy, name: str) -> KeyStore:
    """Return a store by its name, or end the command."""
    if name in policy.key_stores:
        return policy.key_stores[name]
    close = nearest(name, policy.key_stores)
    known = ", ".join(f"`{known}`" for known in policy.key_stores) or "none"
    hint = f"did you mean `{close}`?" if close else f"there are: {known}"
    raise typer.BadParameter(f"the policy has no key store `{name}`; {hint}", param_hint="--store")


def file_of(path: str, store: str) -> str | None:
    """Return the path of the file that holds a store's keys, None where they stand in the policy itself."""
    tree = whole_tree(path, read, list_files)
    stores = tree.get(Text("api_keys")) if isinstance(tree, Entries) else None
    spec = stores.get(Text(store)) if isinstance(stores, Entries) else None
    file = spec.get(Text("file")) if isinstance(spec, Entries) else None
    return Source(path=path, read=read).resolve(file) if isinstance(file, Text) else None


def keep_record(path: str, store: str, key_id: str, line: str) -> str | None:
    """Add a record to the file of a store and return the file; None where it has none, or one of another form.

    Ends the command where the policy would not load with it: nothing is written then.
    """
    file = file_of(path, store)
    if file is None:
        return None
    content = read(file)
    made = content + (b"" if content.endswith(b"\n") or not content else b"\n") + f"{line}\n".encode()

    def reading(name: str) -> bytes:
        return made if name == file else read(name)

    try:
        records = load(path, reading, list_files=list_files, witness=witness).key_stores[store].records
    except PolicyError as wrong:
        if any(finding.id.startswith("YML") for finding in wrong.findings):
            return None  # not a list with `-`: whoever wrote it so adds it so
        show(f"{wrong.render()}\n\nno key was made: the policy would not load with it", error=True)
        raise typer.Exit(Exit.INVALID) from None
    if key_id not in records:
        return None
    try:
        replace_file(file, made)
    except OSError as wrong:
        show(f"`{file}` cannot be written: {(wrong.strerror or 'unknown').lower()}; no key was made", error=True)
        raise typer.Exit(Exit.USAGE) from wrong
    return file
