"""The files of a policy that people write as YAML: the policy itself, what it includes, and its files of keys."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from posixpath import normpath

from parclose.policy.include import Gathered, gather
from parclose.policy.nodes import Entries, Node, Text
from parclose.policy.source import ListFiles, Source, TooMuchToSay

_UNREAD = ("YML", "REF005", "INC004", "TYP")  # findings after which parts of the policy are missing


def yaml_files(path: str, read: Callable[[str], bytes], list_files: ListFiles | None) -> tuple[str, ...]:
    """Return their names from the policy's folder, the policy file first.

    Raises:
        PolicyError: one of them cannot be read as YAML, or `include` cannot be followed.
    """
    source, gathered = _gathered(path, read, list_files)
    stores = gathered.root.get(Text("api_keys")) if isinstance(gathered.root, Entries) else None
    keys = set()
    for store in stores.values() if isinstance(stores, Entries) else ():
        file = store.get(Text("file")) if isinstance(store, Entries) else None
        if isinstance(file, Text) and file.endswith((".yaml", ".yml")) and source.resolve(file) is not None:
            keys.add(normpath(file))
    return (source.main, *sorted((set(gathered.by_file) | keys) - {source.main}))


def whole_tree(path: str, read: Callable[[str], bytes], list_files: ListFiles | None) -> Node:
    """Return the tree of all files together, whether or not the policy is one that would be taken up.

    Raises:
        PolicyError: one of them cannot be read as YAML, or `include` cannot be followed.
    """
    return _gathered(path, read, list_files)[1].root


def _gathered(path: str, read: Callable[[str], bytes], list_files: ListFiles | None) -> tuple[Source, Gathered]:
    source = Source(path=path, read=read, list_files=list_files)
    found = None
    with suppress(TooMuchToSay):
        found = gather(source)
    unread = any(finding.id.startswith(_UNREAD) for finding in source.findings)
    if found is None or (unread and not found.whole):
        raise source.error()
    return source, found
