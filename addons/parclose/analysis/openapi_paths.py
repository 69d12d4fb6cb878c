"""Paths of an OpenAPI document as path patterns of the policy, and the base path under which they are served.

Source: OpenAPI 3.1.1, sections 4.8.5 (servers) and 4.8.8 (paths).
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from parclose.policy.errors import ScalarError
from parclose.policy.nodes import Entries, Items, Node, Text
from parclose.policy.paths import PathPattern

_TEMPLATE = re.compile(r"\{([^{}/]*)\}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")


def pattern_of(path: str, base: str) -> PathPattern:
    """Return the pattern for a templated path below `base`; a parameter takes any text of one segment.

    Where a template is only a part of a segment (`/{name}.json`), the whole segment becomes one parameter with a
    regular expression.

    Raises:
        ScalarError: there is no such pattern.
    """
    if not path.startswith("/"):
        raise ScalarError(f"path `{path}` does not begin with `/`", fix=f"write `/{path}`")
    names: set[str] = set()
    words = [_word(word, names) for word in path[1:].split("/")]
    return PathPattern.parse(f"{base}/{'/'.join(words)}")


def _word(word: str, names: set[str]) -> str:
    """Return one segment of a pattern; `names` are those that are taken."""
    found = _TEMPLATE.findall(word)
    bare = _TEMPLATE.sub("", word)
    if "{" in bare or "}" in bare:
        raise ScalarError(f"path segment `{word}` has a brace without its partner", fix="write `{name}`")
    if not found:
        return word
    name = _free(_NOT_IN_NAMES.sub("_", "_".join(found)).strip("_") or "param", names)
    if not bare:
        return f"{{{name}}}"
    expression = ".+".join(re.escape(unquote(part)) for part in _TEMPLATE.split(word)[::2])
    return f"{{{name}:re({expression})}}"


def _free(name: str, names: set[str]) -> str:
    """Return the name, or with a number behind it where it is taken; it begins with a letter."""
    name = name if not name[0].isdigit() else f"p{name}"
    free, count = name, 1
    while free in names:
        count += 1
        free = f"{name}{count}"
    names.add(free)
    return free


def base_of(servers: Node) -> str:
    """Return the path under which all servers serve, without a `/` at its end: "" for the root.

    Raises:
        ScalarError: they differ, or one cannot be told.
    """
    bases = {_base(server) for server in servers} if isinstance(servers, Items) else {""}
    if len(bases) > 1:
        said = ", ".join(f"`{base or '/'}`" for base in sorted(bases))
        raise ScalarError(f"the servers have different base paths: {said}", fix="choose one with --base")
    return next(iter(bases), "")


def _base(server: Node) -> str:
    url = server.get(Text("url")) if isinstance(server, Entries) else None
    if not isinstance(url, Text):
        raise ScalarError("a server without `url`", fix="write its `url`, or name the base path with --base")
    variables = server.get(Text("variables")) if isinstance(server, Entries) else None

    def value(match: re.Match[str]) -> str:
        about = variables.get(Text(match[1])) if isinstance(variables, Entries) else None
        default = about.get(Text("default")) if isinstance(about, Entries) else None
        if not isinstance(default, Text):
            raise ScalarError(
                f"server `{url}`: variable `{match[1]}` has no default", fix="write one, or name the base with --base"
            )
        return default

    whole = _TEMPLATE.sub(value, url)
    try:
        path = urlsplit(whole).path
    except ValueError:
        raise ScalarError(f"server `{url}` is no URL", fix="correct it, or name the base path with --base") from None
    if path and not path.startswith("/"):
        raise ScalarError(
            f"server `{url}` is relative to wherever the document lies", fix="name the base path with --base"
        )
    return path.rstrip("/")
