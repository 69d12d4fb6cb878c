"""Paths of OpenAPI documents: if these fail, an imported route matches other requests than the document means."""

from __future__ import annotations

import pytest

from parclose.analysis.openapi_paths import base_of, pattern_of
from parclose.policy.errors import ScalarError
from parclose.policy.nodes import Node
from parclose.policy.source import Source


@pytest.mark.parametrize(
    ("path", "base", "pattern", "fits", "misses"),
    [
        ("/orders", "", "/orders", ["/orders"], ["/orders/", "/orders/1", "/order"]),
        ("/orders", "/v1", "/v1/orders", ["/v1/orders"], ["/orders"]),
        ("/", "", "/", ["/"], ["/x"]),
        ("/", "/v1", "/v1/", ["/v1/"], ["/v1"]),
        ("/a/{order-id}", "", "/a/{order_id}", ["/a/1", "/a/x.y"], ["/a", "/a/1/2", "/a/"]),
        ("/a/{id}/b/{id}", "", "/a/{id}/b/{id2}", ["/a/1/b/2"], ["/a/1/b"]),
        ("/a/{2nd}", "", "/a/{p2nd}", ["/a/1"], []),
        ("/a/{~}", "", "/a/{param}", ["/a/1"], []),
        ("/a/{id}.json", "", r"/a/{id:re(.+\.json)}", ["/a/7.json"], ["/a/7", "/a/7xjson", "/a/.json", "/a/7.jsonx"]),
        ("/a/{id}:stop", "", "/a/{id:re(.+:stop)}", ["/a/7:stop"], ["/a/7", "/a/7:stopped"]),
        ("/a/x({id})", "", r"/a/{id:re(x\(.+\))}", ["/a/x(7)"], ["/a/x7", "/a/x()"]),
        ("/a/{from}-{to}", "", r"/a/{from_to:re(.+\-.+)}", ["/a/1-2"], ["/a/1", "/a/1-"]),
        ("/a:batch", "", "/a:batch", ["/a:batch"], ["/a"]),
    ],
)
def test_a_path_is_the_pattern_that_it_means(
    path: str, base: str, pattern: str, fits: list[str], misses: list[str]
) -> None:
    """Never more: a template is one segment, and what stands around it is text."""
    made = pattern_of(path, base)
    assert made.text == pattern
    assert [each for each in fits if not made.matches(tuple(each[1:].split("/") if each[1:] else ()))] == []
    assert [each for each in misses if made.matches(tuple(each[1:].split("/") if each[1:] else ()))] == []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("orders", "path `orders` does not begin with `/`"),
        ("/orders#new", "a character in `orders#new`"),
        ("/orders?state=new", "a character"),
        ("/a b", "a character in `a b`"),
        ("/a//b", "`//`"),
        ("/a/{id", "brace without its partner"),
        ("/a/id}", "brace without its partner"),
    ],
)
def test_what_is_no_path_is_refused(path: str, says: str) -> None:
    """With the reason, and what to do."""
    with pytest.raises(ScalarError) as caught:
        pattern_of(path, "")
    assert says in caught.value.message
    assert caught.value.fix


def node(text: str) -> Node:
    """Return the tree of a text."""
    return Source(path="x.yaml", read=lambda _: b"").tree("x.yaml", text.encode())


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        ("[{url: /}]", ""),
        ("[]", ""),
        ("[{url: /v1/}]", "/v1"),
        ("[{url: 'https://api.example/v1'}, {url: 'http://127.0.0.1:8080/v1/'}]", "/v1"),
        ("[{url: 'https://{at}/{base}', variables: {at: {default: x}, base: {default: v2/beta}}}]", "/v2/beta"),
    ],
)
def test_the_base_is_the_path_of_the_servers(servers: str, base: str) -> None:
    """Hosts, ports and schemes say nothing of it."""
    assert base_of(node(servers)) == base


@pytest.mark.parametrize(
    ("servers", "says"),
    [
        ("[{url: 'https://a/v1'}, {url: 'https://a/v2'}]", "different base paths: `/v1`, `/v2`"),
        ("[{url: v1}]", "relative"),
        ("[{}]", "without `url`"),
        ("[x]", "without `url`"),
        ("[{url: 'https://a/{base}'}]", "`base` has no default"),
        ("[{url: 'https://[a/'}]", "no URL"),
    ],
)
def test_a_base_that_cannot_be_told_is_asked_for(servers: str, says: str) -> None:
    """The option that answers is named."""
    with pytest.raises(ScalarError) as caught:
        base_of(node(servers))
    assert says in caught.value.message
    assert "--base" in caught.value.fix
