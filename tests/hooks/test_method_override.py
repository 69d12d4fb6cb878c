"""If these fail, a public POST is served as the DELETE that its query asks for."""

import pytest

from parclose.hooks.forwarding import REWRITES
from parclose.hooks.method_override import HEADERS, OTHER, TWICE, override_of


@pytest.mark.parametrize(
    ("fields", "pairs", "expected"),
    [
        ({}, [], ""),
        ({b"accept": [b"x"]}, [("page", "1")], ""),
        ({b"x-http-method-override": [b"DELETE"]}, [], "DELETE"),
        ({b"x-http-method": [b"delete "]}, [], "DELETE"),
        ({b"x_method_override": [b"Put"]}, [], "PUT"),
        ({b"x.http.method.override": [b"PUT"]}, [], "PUT"),
        ({b"x-http-method-override": [b""]}, [("_method", "")], ""),
        ({b"access-control-request-method": [b"PUT"]}, [("method", "PUT"), ("my_method", "PUT")], ""),
        ({}, [("_method", "patch")], "PATCH"),
        ({}, [(".method", "PATCH")], "PATCH"),
        ({}, [(" method", "PATCH")], "PATCH"),
        ({}, [("[method", "PATCH")], "PATCH"),
        ({b"x-http-method-override": [b"PATCH", b"patch"]}, [("_method", "Patch")], "PATCH"),
        ({}, [("_method", "ünknown secret")], OTHER),
        ({b"x-http-method-override": [b"\xff" * 99]}, [], OTHER),
    ],
)
def test_what_is_asked_for(fields: dict[bytes, list[bytes]], pairs: list[tuple[str, str]], expected: str) -> None:
    """However the header or the key is spelt, the method is found; others that only sound so are left alone."""
    assert override_of(fields, pairs) == (expected, [])


@pytest.mark.parametrize(
    ("fields", "pairs"),
    [
        ({b"x-http-method-override": [b"PUT", b"DELETE"]}, []),
        ({b"x-http-method-override": [b"PUT, DELETE"]}, []),
        ({b"x-http-method": [b"PUT"], b"x-method-override": [b"DELETE"]}, []),
        ({b"x-http-method": [b"PUT"]}, [("_method", "DELETE")]),
        ({}, [("_method", "PUT"), ("_method", "DELETE")]),
    ],
)
def test_several_are_a_fault(fields: dict[bytes, list[bytes]], pairs: list[tuple[str, str]]) -> None:
    """Which of them is obeyed, nobody can know."""
    assert override_of(fields, pairs) == ("", [TWICE])


def test_the_headers_never_leave() -> None:
    """What asks for another method is removed from what is let through."""
    assert HEADERS <= REWRITES
