"""An OpenAPI 3.x document to the routes of a route set: one for each operation, with the scopes that it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parclose.analysis.openapi_paths import base_of, pattern_of
from parclose.analysis.openapi_security import Asked, asked
from parclose.policy.errors import ScalarError
from parclose.policy.nodes import Entries, Items, Mark, Node, Text, place_of
from parclose.policy.source import Source

PROBLEM = "OAS001"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "query")
NEVER = "trace"  # sends back what it was sent, credentials too: whoever means that writes the route by hand
MOST_POINTERS = 16  # references from one path to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The routes in the order of the document, what their scopes mean, and why some routes are stricter than it.

    `stricter` has, for each reason, the keys of its routes. `left_out` are operations that are no routes.
    """

    title: str
    routes: Mapping[str, Asked]
    about: Mapping[str, str]
    stricter: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that some route asks, sorted."""
        return tuple(sorted({name for each in self.routes.values() for name in each.scopes}))


@dataclass(slots=True)
class _Import:
    """One document on its way; what is wrong is reported to `source`."""

    source: Source
    root: Entries
    base: str | None
    routes: dict[str, Asked] = field(default_factory=dict)
    shapes: dict[object, Text] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def schemes(self) -> Entries:
        components = _map(self.root, "components")
        return _map(components, "securitySchemes")

    def wrong(self, place: Node, error: ScalarError) -> None:
        """Keep one problem, where its node stands."""
        mark = place_of(place, self.root.mark)
        text = str(place) if isinstance(place, Text) else ""
        self.source.report(
            PROBLEM, mark, error.message, fix=error.fix, found=text, width=max(1, len(text.split("\n")[0])), bad="E"
        )

    def below(self, base: str, item: Node, path: Text) -> str | None:
        """Return the base path that holds below a node with servers of its own."""
        servers = item.get(Text("servers")) if isinstance(item, Entries) else None
        if self.base is not None or servers is None:
            return base
        try:
            return base_of(servers)
        except ScalarError as error:
            self.wrong(path, error)
            return None

    def path(self, path: Text, item: Node, base: str) -> None:
        """Take the operations of one path in."""
        try:
            item = self.followed(item)
            if not isinstance(item, Entries):
                raise ScalarError(f"path `{path}` is no mapping of methods", fix="write `get:` and so on below it")
        except ScalarError as error:
            self.wrong(path, error)
            return
        mine = self.below(base, item, path)
        if mine is None:
            return
        if NEVER in item:
            self.left_out.append(f"TRACE {path}")
        for method in METHODS:
            if method in item:
                self.operation(method.upper(), path, item[Text(method)], mine)
        others = _map(item, "additionalOperations")  # OpenAPI 3.2
        for name, other in others.items():
            self.operation(str(name), path, other, mine)

    def operation(self, method: str, path: Text, operation: Node, base: str) -> None:
        """Take one operation in."""
        mine = self.below(base, operation, path)
        if mine is None:
            return
        try:
            if not isinstance(operation, Entries):
                raise ScalarError(f"operation `{method} {path}` is no mapping", fix="write `responses:` below it")
            pattern = pattern_of(path, mine)
            first = self.shapes.setdefault((method, pattern.shape), path)
            if first is not path:
                raise ScalarError(
                    f"`{method} {path}` meets the same requests as `{first}` (line {first.mark.line})", fix="keep one"
                )
            own = Text("security") in operation
            security = (operation if own else self.root).get(Text("security"))
            said = asked(security, self.schemes, declared=own or Text("security") in self.root)
        except ScalarError as error:
            self.wrong(path, error)
            return
        self.routes[f"{method} {pattern.text}"] = said

    def followed(self, node: Node) -> Node:
        """Return what a reference within the document leads to, in the end."""
        for _ in range(MOST_POINTERS):
            pointer = node.get(Text("$ref")) if isinstance(node, Entries) else None
            if pointer is None:
                return node
            node = self.resolved(str(pointer))
        raise ScalarError("references that lead in a circle", fix="write the path out")

    def resolved(self, pointer: str) -> Node:
        """Return the node that a JSON pointer (RFC 6901) means."""
        if not pointer.startswith("#/"):
            raise ScalarError(f"`{pointer}` leads out of the document", fix="bundle it into one file first")
        node: Node = self.root
        for word in pointer[2:].split("/"):
            name = Text(word.replace("~1", "/").replace("~0", "~"))
            if not isinstance(node, Entries) or name not in node:
                raise ScalarError(f"`{pointer}` leads nowhere", fix="correct the reference")
            node = node[name]
        return node


def read_document(source: Source, base: str | None = None) -> Imported | None:
    """Return the routes of the document that is the source's file, or None after something was reported.

    `base` is the path below which the API is served; None: what the document's servers say.
    """
    root = source.open()
    if root is None:
        return None
    top = Mark(source.main, 1, 1)
    version = root.get(Text("openapi")) if isinstance(root, Entries) else None
    if not isinstance(root, Entries) or not isinstance(version, Text) or not version.startswith("3."):
        old = isinstance(root, Entries) and Text("swagger") in root
        what = "a Swagger 2 document" if old else "no OpenAPI 3 document: it does not begin with `openapi: 3.x`"
        fix = "convert it to OpenAPI 3 first" if old else "name the document of the API"
        source.report(PROBLEM, place_of(version, top), what, fix=fix, bad="E")
        return None
    made = _Import(source=source, root=root, base=base)
    try:
        start = base if base is not None else base_of(root.get(Text("servers")))
    except ScalarError as error:
        made.wrong(root.get(Text("servers")), error)
        return None
    for path, item in _map(root, "paths").items():
        if not path.startswith("x-"):
            made.path(path, item, start)
    if not made.routes and not source.findings:
        source.report(PROBLEM, top, "the document has no operations", fix="name one with `paths`", bad="E")
    return None if source.findings else _imported(made)


def _imported(made: _Import) -> Imported:
    stricter: dict[str, list[str]] = {}
    for key, each in made.routes.items():
        if each.why:
            stricter.setdefault(each.why, []).append(key)
    about: dict[str, str] = {}
    for scheme in made.schemes.values():
        for flow in _map(scheme, "flows").values():
            about |= {str(name): str(text or "") for name, text in _map(flow, "scopes").items()}
    info = _map(made.root, "info")
    named = (info.get(Text("title")), info.get(Text("version")))
    return Imported(
        title=" ".join(str(word) for word in named if isinstance(word, Text)),
        routes=made.routes,
        about=about,
        stricter={why: tuple(keys) for why, keys in stricter.items()},
        left_out=tuple(made.left_out),
    )


def _map(node: Node, key: str) -> Entries:
    """Return the mapping below a key, an empty one where there is none."""
    found = node.get(Text(key)) if isinstance(node, Entries) else None
    if isinstance(found, Entries):
        return found
    none = Entries()
    none.mark = place_of(node if isinstance(node, Entries | Items) else None, Mark("", 1, 1))
    return none
