"""The document of a resource: if these fail, clients ask the wrong authority, or for scopes that nobody should see."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parclose.hooks.resource_metadata import metadata_response
from tests.stages.kit import policy, request, walked

DOC = "GET https://api.test/.well-known/oauth-protected-resource"
SEGMENTS = """
shop:
  match: {hosts: [api.test], paths: [/v1/**], clients: [web]}
  authn: {accept: [token], issuers: [login]}
  routes: {"GET /v1/x": orders:read, "POST /v1/x": {scopes: {any: [orders:write, orders:read]}}}
staff:
  match: {hosts: [api.test], paths: [/v1/**], clients: [staff]}
  routes: {"GET /v1/staff": orders:write}
hidden:
  match: {hosts: [hidden.test], clients: [web]}
  errors: {conceal: true}
  routes: {"GET /x": orders:read}
"""


def document(line: str) -> dict[str, Any]:
    """Return the document that answers a request."""
    answer = metadata_response(walked(policy(SEGMENTS), request(line)))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    said: dict[str, Any] = json.loads(answer.content or b"")
    return said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            f"{DOC}/v1",
            {
                "resource": "https://api.test/v1",
                "authorization_servers": ["https://login.test", "https://sso.test"],
                "bearer_methods_supported": ["header"],
                "scopes_supported": ["orders:read", "orders:write"],
            },
        ),
        (
            DOC.replace("api", "hidden"),
            {
                "resource": "https://hidden.test",
                "authorization_servers": ["https://login.test"],
                "bearer_methods_supported": ["header"],
            },
        ),
    ],
)
def test_what_a_document_says(line: str, expected: dict[str, Any]) -> None:
    """Of all segments on the surface together; without scopes where the segment hides its routes."""
    assert document(line) == expected
