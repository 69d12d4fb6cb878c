"""What the tests of reading share: a file from text, its tree, and what is found wrong with it."""

from __future__ import annotations

from parclose.policy.errors import Finding, PolicyError
from parclose.policy.nodes import Entries, Items, Mark, Node, Text
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.schema_base import Written
from parclose.policy.source import Source, TooMuchToSay

MAIN = "policy.yaml"
# What a policy may hold and its own text never does: what no YAML may, line ends, and whatever means something in it.
LETTERS = " \t\n\r\0\x85\u2028\ufeff\"'-:,?[]{}&*!|>%@`#~<=.()/\\0aAzßä\U0001f600"


def source_of(content: bytes | str, **files: bytes | str) -> Source:
    """Return a source whose policy file holds `content`; other files by name, with `_` for `.`."""
    known = {f"conf/{name.replace('_', '.')}": text for name, text in files.items()}
    known[f"conf/{MAIN}"] = content

    def read(path: str) -> bytes:
        if path not in known:
            raise FileNotFoundError(2, "No such file or directory", path)
        text = known[path]
        return text.encode() if isinstance(text, str) else text

    return Source(path=f"conf/{MAIN}", read=read)


def tree_of(content: bytes | str) -> Node:
    """Return the tree of a file in which nothing is wrong."""
    source = source_of(content)
    root = source.open()
    assert source.findings == []
    return root


def plain(node: Node) -> object:
    """Return a tree without its places."""
    if isinstance(node, Entries):
        return {str(key): plain(value) for key, value in node.items()}
    return [plain(item) for item in node] if isinstance(node, Items) else node if node is None else str(node)


def found_in(content: bytes | str) -> tuple[Finding, ...]:
    """Return everything that reading and decoding find wrong with a policy file."""
    return error_of(content).findings


def error_of(content: bytes | str) -> PolicyError:
    """Return what is wrong with a policy file as it is raised, with the paths of keys."""
    source = source_of(content)
    try:
        root = source.open()
        if root is not None:
            decode(PolicySpec, root, source)
    except TooMuchToSay:
        pass
    return source.error()


def decoded[T: Written](kind: type[T], content: str) -> T:
    """Return a piece of a policy as written, in which nothing is wrong."""
    source = source_of(content)
    made = decode(kind, source.open(), source)
    assert source.findings == []
    assert made is not None
    return made


def mistakes[T: Written](kind: type[T], content: str) -> list[tuple[str, int, int]]:
    """Return id, line and column of everything that is wrong with a piece of a policy as written."""
    source = source_of(content)
    decode(kind, source.open(), source)
    return [(finding.id, finding.line, finding.column) for finding in source.error().findings]


def places_in(content: bytes | str) -> list[tuple[str, int, int]]:
    """Return id, line and column of everything that is wrong with a policy file."""
    return [(finding.id, finding.line, finding.column) for finding in found_in(content)]


def text(value: str, *, line: int = 1, column: int = 1, plain: bool = True) -> Text:
    """Return a scalar as the reader makes it."""
    made = Text(value)
    made.mark, made.plain = Mark(MAIN, line, column), plain
    return made
