"""Issuers, key stores, client types, attributes, scopes and roles: text in, what was written or where it is wrong."""

from __future__ import annotations

import pytest

from parclose.policy.schema_base import Written
from parclose.policy.schema_identity import (
    AttributeSpec,
    ClientCaSpec,
    ClientSpec,
    IssuerSpec,
    KeyFile,
    KeyRecordSpec,
    KeyStoreSpec,
    MtlsSpec,
    RoleSpec,
    ScopeSpec,
    SecretSpec,
)
from tests.policy.reading import decoded, mistakes

INTROSPECTION = "{url: https://x, client_id: a, client_secret: {env: SECRET}}"


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (IssuerSpec, "{issuer: https://x, audience: [a], jwks_file: k.json}", []),
        (IssuerSpec, "{discovery: https://x, stale_keys: 24h, revoked: r.txt}", []),
        (IssuerSpec, "discovery: x", [("TYP002", 1, 12)]),
        (IssuerSpec, "jwks_url: ftp://x", [("TYP002", 1, 11)]),
        (IssuerSpec, "stale_keys: 24", [("TYP002", 1, 13)]),
        (IssuerSpec, f"introspection: {INTROSPECTION}", []),
        (IssuerSpec, f"introspection: {INTROSPECTION[:-1]}, timeout: 1s, cache: 0s, negative_cache: 1s}}", []),
        (IssuerSpec, "introspection: {}", [("TYP003", 1, 16)] * 3),
        (IssuerSpec, "introspection: {url: https://x, client_id: a, client_secret: b}", [("KEY001", 1, 62)]),
        (IssuerSpec, f"introspection: {INTROSPECTION[:-1]}, retry: 1s}}", [("TYP001", 1, 77)]),
        *((IssuerSpec, f"sender_constrained: {way}", []) for way in ("none", "dpop", "mtls", "either")),
        (IssuerSpec, "sender_constrained: both", [("TYP002", 1, 21)]),
        (IssuerSpec, "dpop_nonce: true", []),
        (IssuerSpec, "dpop_nonce: often", [("TYP002", 1, 13)]),
        (ClientCaSpec, "{file: ca.pem, crl: ca.crl}", []),
        (ClientCaSpec, "{crl: ca.crl}", [("TYP003", 1, 1)]),
        (MtlsSpec, "{ca: x, san_dns: ['*.x.example'], spiffe: ['spiffe://x/*'], subject: ['CN=a']}", []),
        (MtlsSpec, "{san_dns: ['X.example']}", [("TYP002", 1, 12)]),
        (MtlsSpec, "{ca: X}", [("TYP002", 1, 6)]),
        (MtlsSpec, "{san: [x]}", [("TYP001", 1, 2)]),
        (IssuerSpec, "require: [subject, email]", [("TYP002", 1, 20)]),
        (IssuerSpec, "on_unavailable: allow", [("TYP002", 1, 17)]),
        (IssuerSpec, "leeway: 30", [("TYP002", 1, 9)]),
        (IssuerSpec, "claims: {subject: sub, scopes: [scope, scp]}", []),
        (IssuerSpec, "claims: {sub: sub}", [("TYP001", 1, 10)]),
        (AttributeSpec, "{claim: plan, values: [a], default: a, on_unknown: default}", []),
        (AttributeSpec, "{values: [a]}", [("TYP003", 1, 1)]),
        (AttributeSpec, "{claim: plan, on_unknown: deny}", [("TYP002", 1, 27)]),
        (ClientSpec, "[{token: {issuer: login}}]", []),
        (ClientSpec, "[{token: {client: [web]}}]", [("TYP003", 1, 10)]),
        (ClientSpec, "[{api_key: {ids: [a]}}]", [("TYP003", 1, 12)]),
        (ClientSpec, "[{mtls: {ca: x}}]", []),
        (ClientSpec, "[login]", [("TYP002", 1, 2)]),
        (ClientSpec, "{hint: {user_agent: ['curl/*']}}", []),
        (ClientSpec, "{hint: {}}", [("TYP003", 1, 8)]),
        (ClientSpec, "web", [("TYP002", 1, 1)]),
        (RoleSpec, "{grants: ['orders:read']}", []),
        (RoleSpec, "{grants: [a b]}", [("TYP002", 1, 11)]),
        (ScopeSpec, "{implies: orders:read}", [("TYP002", 1, 11)]),
        (KeyRecordSpec, "{id: a, hash: 'x', expires: never}", []),
        (KeyRecordSpec, "{id: a, hash: 'x'}", [("TYP003", 1, 1)]),
        (KeyRecordSpec, "{hash: 'x', expires: never}", [("TYP003", 1, 1)]),
        (KeyRecordSpec, "{id: a, hash: x, expires: never, attributes: {Plan: a}}", [("TYP002", 1, 47)]),
        (KeyStoreSpec, "{header: X-Key, keys: [{id: a}]}", [("TYP003", 1, 24), ("TYP003", 1, 24)]),
        (KeyStoreSpec, "{keys_: []}", [("TYP001", 1, 2)]),
        (KeyFile, "- {id: a, hash: x, expires: never}", []),
        (KeyFile, "{id: a}", [("TYP001", 1, 2)]),
        (SecretSpec, "{env: KEY}", []),
        (SecretSpec, "hunter2", [("KEY001", 1, 1)]),
        (SecretSpec, "[hunter2]", [("TYP002", 1, 1)]),
    ],
)
def test_what_is_written(kind: type[Written], content: str, expected: list[tuple[str, int, int]]) -> None:
    """Each mistake at its place; a secret in clear text is one."""
    assert mistakes(kind, content) == expected


def test_what_is_not_written() -> None:
    """Nothing is assumed about a proof that the policy does not say."""
    issuer = decoded(IssuerSpec, "{}")
    assert (issuer.audience, issuer.algorithms, issuer.sender_constrained, issuer.on_unavailable) == (
        None, None, "none", "deny",
    )  # fmt: skip
    store = decoded(KeyStoreSpec, "{}")
    assert (store.header, store.query, store.keys_) == (None, None, None)
    assert decoded(AttributeSpec, "claim: plan").on_unknown == "other"


def test_a_list_of_recognisers_is_the_short_form() -> None:
    """A client type is a list of ways to be it, or a mapping with a hint."""
    client = decoded(ClientSpec, "[{token: {issuer: login, client: [web, app-*]}}]")
    assert client.recognisers is not None
    assert client.recognisers[0].token is not None
    assert client.recognisers[0].token.client == ["web", "app-*"]
    assert decoded(ClientSpec, "hint: {user_agent: [x]}").recognisers is None
