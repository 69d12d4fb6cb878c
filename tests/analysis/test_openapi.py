"""OpenAPI documents to routes: if these fail, an operation is missing, at another place, or open."""

from __future__ import annotations

from textwrap import dedent

import pytest

from parclose.analysis.openapi import Imported, read_document
from parclose.analysis.told_openapi import value
from parclose.policy.source import Source

HEAD = """
openapi: 3.1.0
info: {title: Orders, version: "1.2"}
servers: [{url: "https://api.example/v1"}]
security: [{login: [orders:read]}]
components:
  securitySchemes:
    login: {type: oauth2, flows: {clientCredentials: {tokenUrl: /t, scopes: {"orders:read": Read orders}}}}
    key: {type: apiKey, in: header, name: X-Key}
"""


def imported(text: str, base: str | None = None) -> tuple[Imported | None, list[str]]:
    """Return what a document gives, and each finding as `line: message`."""
    content = dedent(text).lstrip("\n").encode()
    source = Source(path="api.yaml", read=lambda _: content)
    made = read_document(source, base)
    return made, [f"{finding.line}: {finding.message}" for finding in source.placed()]


def routes(text: str, base: str | None = None) -> dict[str, str]:
    """Return the routes of a sound document."""
    made, wrong = imported(text, base)
    assert wrong == []
    assert made is not None
    return {key: value(asked) for key, asked in made.routes.items()}


def test_operations_become_routes_in_their_order() -> None:
    """Below the base path, with their own security or the document's."""
    text = HEAD + dedent("""
        paths:
          /orders:
            summary: no method
            parameters: []
            post: {security: [{login: [orders:write]}]}
            get: {}
          /orders/{order-id}: {get: {security: []}, query: {}, delete: {security: [{key: []}]}}
          x-internal: {get: {}}
    """)
    assert list(routes(text).items()) == [
        ("GET /v1/orders", "orders:read"),
        ("POST /v1/orders", "orders:write"),
        ("GET /v1/orders/{order_id}", "public"),
        ("DELETE /v1/orders/{order_id}", "authenticated"),
        ("QUERY /v1/orders/{order_id}", "orders:read"),
    ]


@pytest.mark.parametrize(
    ("below", "base", "key"),
    [
        ("/a: {get: {}}", None, "GET /v1/a"),
        ("/a: {get: {}}", "", "GET /a"),
        ("/a: {get: {}}", "/x", "GET /x/a"),
        ("/a: {servers: [{url: /p}], get: {}}", None, "GET /p/a"),
        ("/a: {servers: [{url: /p}], get: {servers: [{url: /o}]}}", None, "GET /o/a"),
        ("/a: {servers: [{url: /p}], get: {servers: [{url: /o}]}}", "/x", "GET /x/a"),
        ("/a: {additionalOperations: {PURGE: {}}}", None, "PURGE /v1/a"),
    ],
)
def test_where_a_path_is_served(below: str, base: str | None, key: str) -> None:
    """The nearest servers count; what the command line says counts more."""
    assert routes(f"{HEAD}paths: {{{below}}}\n", base) == {key: "orders:read"}


def test_a_reference_within_the_document_is_followed() -> None:
    """As JSON pointers escape their words."""
    text = f"{HEAD}  pathItems: {{a/b: {{$ref: '#/components/pathItems/c'}}, c: {{get: {{}}}}}}\n"
    text += "paths: {/a: {$ref: '#/components/pathItems/a~1b'}}\n"
    assert routes(text) == {"GET /v1/a": "orders:read"}


def test_what_is_left_out_and_what_scopes_mean() -> None:
    """TRACE is no route that one imports; the flows of a scheme say what its scopes are for."""
    made, _ = imported(f"{HEAD}paths: {{/a: {{get: {{}}, trace: {{}}}}}}\n")
    assert made is not None
    assert made.left_out == ("TRACE /a",)
    assert (made.title, made.scopes, made.about) == ("Orders 1.2", ("orders:read",), {"orders:read": "Read orders"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("openapi: 3.0.0\npaths: {}", "1: the document has no operations"),
        ("swagger: '2.0'\npaths: {}", "1: a Swagger 2 document"),
        ("a: b", "1: no OpenAPI 3 document"),
        ("openapi: '4.0'", "1: no OpenAPI 3 document"),
        ("[]", "1: no OpenAPI 3 document"),
        ("openapi: [", "1: "),
        ("openapi: 3.0.0\nservers: [{url: /a}, {url: /b}]\npaths: {/x: {get: {}}}", "2: the servers have different"),
        ("openapi: 3.0.0\npaths: {/x: {servers: [{}], get: {}}}", "2: a server without `url`"),
        ("openapi: 3.0.0\npaths: {/x: {get: {servers: [{}]}}}", "2: a server without `url`"),
        ("openapi: 3.0.0\npaths:\n  /x: {$ref: other.yaml}", "3: `other.yaml` leads out of the document"),
        ("openapi: 3.0.0\npaths:\n  /x: {$ref: '#/paths/~1y'}", "3: `#/paths/~1y` leads nowhere"),
        ("openapi: 3.0.0\npaths:\n  /x: {$ref: '#/paths/~1x'}", "3: references that lead in a circle"),
        ("openapi: 3.0.0\npaths:\n  /x: []", "3: path `/x` is no mapping"),
        ("openapi: 3.0.0\npaths:\n  /x: {get: []}", "3: operation `GET /x` is no mapping"),
        ("openapi: 3.0.0\npaths:\n  /x: {get: {security: [{a: []}]}}", "3: security scheme `a` is not defined"),
        ("openapi: 3.0.0\npaths:\n  /{a}: {get: {}}\n  /{b}: {get: {}}", "4: `GET /{b}` meets the same requests"),
        ("openapi: 3.0.0\npaths:\n  /x#y: {get: {}}", "3: path `/x#y`"),
    ],
)
def test_what_cannot_be_taken_is_said_with_its_line(text: str, says: str) -> None:
    """And nothing is imported: a route that is missing locks customers out."""
    made, wrong = imported(text)
    assert made is None
    assert len(wrong) == 1
    assert wrong[0].startswith(says)


def test_every_problem_is_said_in_one_run() -> None:
    """Not the first."""
    _, wrong = imported("openapi: 3.0.0\npaths:\n  x: {get: {}}\n  /y: []\n  /z: {get: {security: {}}}")
    assert [each[:2] for each in wrong] == ["3:", "4:", "5:"]
