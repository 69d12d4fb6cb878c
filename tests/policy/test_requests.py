"""`METHODS URL-pattern`: what a guardrail or a question may name, and what is refused with the way out."""

from __future__ import annotations

import pytest

from parclose.policy.errors import ScalarError
from parclose.policy.requests import RequestPattern


@pytest.mark.parametrize(
    ("text", "methods", "host", "path"),
    [
        ("write https://admin.example/**", {"POST", "PUT", "PATCH", "DELETE"}, "admin.example", "/**"),
        ("GET|PURGE https://*.example/a/{id:int}", {"GET", "HEAD", "PURGE"}, "*.example", "/a/{id:int}"),
        ("read http://*/", {"GET", "HEAD"}, "*", "/"),
    ],
)
def test_what_it_says(text: str, methods: set[str], host: str, path: str) -> None:
    """Methods, host and path as everywhere in the language; the scheme says nothing."""
    found = RequestPattern.parse(text)
    assert found.methods is not None
    assert (set(found.methods.methods), str(found.host), str(found.path)) == (methods, host, path)
    assert str(found) == text


def test_any_is_every_method() -> None:
    """What must never happen must not happen by an extension method either."""
    found = RequestPattern.parse("any https://a.example/**")
    assert (found.methods, found.has("GET"), found.has("PROPFIND")) == (None, True, True)
    assert not RequestPattern.parse("read https://a.example/**").has("POST")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://a.example/**", "no set of requests"),
        ("any a.example/**", "no set of requests"),
        ("any ftp://a.example/**", "no set of requests"),
        ("any https://a.example", "has no path"),
        ("get https://a.example/", "`get` is no method"),
        ("any https://A.example/", "not in normal form"),
        ("any https://a.example:8443/", "is no host"),
        ("any https://a.example/**/x", "has `**` before its end"),
        ("any https://a.example/x?y=1", "that no path has"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    """Each slip has its own sentence, and says what to write."""
    with pytest.raises(ScalarError) as caught:
        RequestPattern.parse(text)
    assert words in caught.value.message
    assert caught.value.fix
