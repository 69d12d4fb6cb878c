"""Several files to one policy: whoever wrote it where, and in whatever order the files are named.

Files come in the order of their names, so that the order of `include` never matters. A name that is defined twice is
refused (INC001), whatever a file may not hold too (INC003), and a file that includes (INC004); where a file may not
claim what it claims is told once the segments are known (`fence.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import normpath

from parclose.policy.errors import ScalarError
from parclose.policy.globs import is_glob
from parclose.policy.nodes import Entries, Items, Mark, Node, Text, place_of
from parclose.policy.scalars import choice
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.schema_base import noun, where
from parclose.policy.schema_include import ALWAYS, DEFINABLE, ROOT_ONLY, IncludeSpec, IncludesSpec
from parclose.policy.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One tree of all files. `by_file` says for each included file what includes it.

    `whole` is False when something could not be read, so that names may be missing that are defined there.
    """

    root: Node
    by_file: Mapping[str, IncludeSpec] = field(default_factory=dict)
    whole: bool = True


def gather(source: Source) -> Gathered | None:
    """Return the policy file with all that it includes, or None after something was reported."""
    root = source.open()
    if root is None:
        return None
    if not isinstance(root, Entries) or "include" not in root:
        return Gathered(root=root)
    written = Entries({key: value for key, value in root.items() if key == "include"})
    written.mark = root.mark
    spec = decode(IncludesSpec, written, source)
    if spec is None:
        rest = Entries({key: value for key, value in root.items() if key != "include"})
        rest.mark = root.mark
        return Gathered(root=rest, whole=False)
    known = len(source.findings)
    by_file: dict[str, IncludeSpec] = {}
    for each in sorted(spec.include, key=lambda each: (is_glob(each.file), each.mark)):
        for file in _files(each, source):
            _claim(file, each, by_file, source)
    trees = {file: source.include(by_file[file].file, file) for file in sorted(by_file)}
    whole = all(tree is not None for tree in trees.values()) and not any(f.blocks for f in source.findings[known:])
    merged = _Merge(source=source, root=Entries(root))
    merged.root.mark = root.mark
    for file, tree in trees.items():
        merged.add(by_file[file], file, tree)
    return Gathered(root=merged.root, by_file=by_file, whole=whole)


def _files(spec: IncludeSpec, source: Source) -> list[str]:
    """Return the files that one entry means."""
    if source.resolve(spec.file, id="INC004") is None:
        return []
    if not is_glob(spec.file):
        return [normpath(spec.file)]
    found = source.listed(spec.file)
    if found == []:
        source.report(
            "INC005", spec.file.mark, f"no file matches `{spec.file}`", found=str(spec.file), width=len(spec.file),
            fix="correct the pattern, or remove the entry",
        )  # fmt: skip
    return found or []


def _claim(file: str, spec: IncludeSpec, by_file: dict[str, IncludeSpec], source: Source) -> None:
    """Note whose a file is: one owner and one fence for each."""
    if file == source.main:
        source.report(
            "INC004", spec.file.mark, f"`{file}` includes itself", found=str(spec.file), width=len(spec.file),
            fix="remove the entry: the policy file is always part of the policy",
        )  # fmt: skip
        return
    first = by_file.setdefault(file, spec)
    if first is not spec:
        source.report(
            "INC001", spec.file.mark, f"`{file}` is included twice, first at {where(first.file.mark)}",
            found=str(spec.file), width=len(spec.file), fix="keep one entry: a file has one owner and one fence",
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Merge:
    """The tree of the whole policy while it grows; the trees of the files stay as they are."""

    source: Source
    root: Entries
    copied: set[str] = field(default_factory=set)

    def add(self, spec: IncludeSpec, file: str, tree: Node) -> None:
        """Take the sections of one file in."""
        if tree is None:
            return
        if not isinstance(tree, Entries):
            self.source.report(
                "TYP002", place_of(tree, Mark(file, 1, 1)), f"expected a mapping, found {noun(tree)}",
                fix="write `segments:` and what belongs to them",
            )  # fmt: skip
            return
        unknown = Entries()
        unknown.mark = tree.mark
        for key, node in tree.items():
            if key in ALWAYS or key in DEFINABLE:
                _allowed(self.source, spec, key)
                self._section(key, node)
            elif key == "version":
                self._version(key, node)
            elif key == "include":
                self.source.report(
                    "INC004", key.mark, f"`{file}` is included, and includes files itself", found=str(key),
                    width=len(key), fix=f"name the files in `{self.source.main}`: it says who may claim what",
                )  # fmt: skip
            elif key in ROOT_ONLY:
                self.source.report(
                    "INC003", key.mark, f"`{key}` concerns the whole policy: no included file holds it",
                    found=str(key), width=len(key), fix=f"move it to `{self.source.main}`",
                )  # fmt: skip
            else:
                unknown[key] = node
        PolicySpec.look_at_keys(unknown, self.source)

    def _version(self, key: Text, node: Node) -> None:
        try:
            choice(node if isinstance(node, Text) else Text(""), ("1",))
        except ScalarError as error:
            self.source.report("TYP002", place_of(node, key.mark), error.message, fix="write `version: 1`")

    def _section(self, key: Text, node: Node) -> None:
        wanted: type[Items] | type[Entries] = Items if key == "tests" else Entries
        if not isinstance(node, wanted):
            kind = "a list" if wanted is Items else "a mapping"
            self.source.report(
                "TYP002", place_of(node, key.mark), f"expected {kind}, found {noun(node)}", expected=kind,
                fix="remove the key, or give it a value",
            )  # fmt: skip
            return
        have = self.root.get(key)
        if have is None and key not in self.root:
            self.root[key] = node
        elif isinstance(node, Items) and isinstance(have, Items):
            self._own(key, have).extend(node)
        elif isinstance(node, Entries) and isinstance(have, Entries):
            whole = self._own(key, have)
            for name, value in node.items():
                if name in whole:
                    self._twice(key, name, whole.key_mark(name))
                else:
                    whole[name] = value

    def _own[T: (Items, Entries)](self, key: Text, have: T) -> T:
        """Return a section that may grow: a copy, the first time."""
        if str(key) in self.copied:
            return have
        self.copied.add(str(key))
        copy = type(have)(have)
        copy.mark = have.mark
        self.root[key] = copy
        return copy

    def _twice(self, key: Text, name: Text, first: Mark) -> None:
        self.source.report(
            "INC001", name.mark, f"`{name}` is defined twice in `{key}`, first at {where(first)}", found=str(name),
            width=len(name), fix="keep one, or give one another name",
        )  # fmt: skip


def _allowed(source: Source, spec: IncludeSpec, key: Text) -> None:
    """Report a section that the file may not hold."""
    define = (spec.may.define or ()) if spec.may else ()
    if key in ALWAYS or key in define:
        return
    source.report(
        "INC003", key.mark, f"`{key}` may not be defined in `{key.mark.file}`", found=str(key), width=len(key),
        fix=f"move it to `{source.main}`, or add it to `may: {{define: [...]}}` at {where(spec.mark)}",
    )  # fmt: skip
