"""Roles, then scopes, then bindings."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.facts import Proof
from tests.stages.kit import a_key, a_token, judged, policy, presenting, request

SHOP = """
shop:
  match: {clients: [any, anonymous]}
  authn: {accept: [token, api_key]}
  errors: {conceal: %s}
  routes:
    "GET /one": orders:read
    "GET /all": {scopes: {all: [orders:read, orders:write]}}
    "GET /any": {scopes: {any: [orders:read, orders:write]}}
    "GET /none": {scopes: none}
    "GET /role": {roles: {any: [support, admin]}}
    "GET /roles": {roles: {all: [support, admin]}}
    "GET /both": {roles: {any: [support]}, scopes: orders:write}
    "GET /t/{tenant}": {bind: {tenant: identity.tenant}}
    "GET /s/{id}": {bind: {id: identity.subject}}
    "GET /c/{id}": {bind: {id: identity.client}}
    "GET /r/{region}": {bind: {region: attribute.region}}
    "GET /public": public
"""


def staff(*roles: str, **claims: Any) -> Proof:
    """Return the proof of a staff token with roles."""
    return a_token("staff-login", realm_access={"roles": list(roles)}, **claims)


@pytest.mark.parametrize(
    ("path", "proof", "expected"),
    [
        ("/one", a_token(scope="orders:read"), "allow @shop"),
        ("/one", a_token(scope="orders:write"), "allow @shop"),
        ("/one", a_token(scope="orders"), "403 scope_missing @shop"),
        ("/one", a_token(), "403 scope_missing @shop"),
        ("/one", staff("support"), "allow @shop"),
        ("/one", a_key("partners", "pk_a"), "allow @shop"),
        ("/one", a_key("partners", "pk_dated"), "403 scope_missing @shop"),
        ("/all", a_token(scope="orders:write"), "allow @shop"),
        ("/all", a_token(scope="orders:read"), "403 scope_missing @shop"),
        ("/any", a_token(scope="orders:read"), "allow @shop"),
        ("/any", a_token(scope="x"), "403 scope_missing @shop"),
        ("/none", a_token(), "allow @shop"),
        ("/role", staff("admin"), "allow @shop"),
        ("/role", staff("nobody"), "403 role_missing @shop"),
        ("/role", staff(), "403 role_missing @shop"),
        ("/roles", staff("support", "admin"), "allow @shop"),
        ("/roles", staff("support"), "403 role_missing @shop"),
        ("/both", staff(scope="orders:write"), "403 role_missing @shop"),
        ("/both", staff("support"), "403 scope_missing @shop"),
        ("/both", staff("support", scope="orders:write"), "allow @shop"),
        ("/public", None, "allow @shop"),
    ],
)
def test_needs(path: str, proof: Proof | None, expected: str) -> None:
    """Every one of `all`, one of `any`; roles are looked at first."""
    assert expected == judged(
        policy(SHOP % "false"), request(f"GET http://api.test{path}"), *([proof] if proof else [])
    )


@pytest.mark.parametrize(
    ("path", "proof", "expected"),
    [
        ("/t/acme", a_token(org="acme"), "allow @shop"),
        ("/t/acme", a_key("partners", "pk_a"), "allow @shop"),
        ("/t/other", a_token(org="acme"), "403 bind_mismatch:tenant @shop"),
        ("/t/Acme", a_token(org="acme"), "403 bind_mismatch:tenant @shop"),
        ("/t/acme", a_token(), "403 bind_mismatch:tenant @shop"),
        ("/t/a%63me", a_token(org="acme"), "allow @shop"),
        ("/s/u-1", a_token(), "allow @shop"),
        ("/s/u-2", a_token(), "403 bind_mismatch:id @shop"),
        ("/c/web", a_token(), "allow @shop"),
        ("/c/app", a_token(), "403 bind_mismatch:id @shop"),
        ("/r/eu", a_token(region="eu"), "allow @shop"),
        ("/r/us", a_token(region="eu"), "403 bind_mismatch:region @shop"),
        ("/r/eu", a_token(), "403 bind_mismatch:region @shop"),
    ],
)
def test_a_bound_parameter_is_the_callers_own(path: str, proof: Proof, expected: str) -> None:
    """Object-level authorisation: the decoded value equals what was proven, and nobody is bound to nothing."""
    assert expected == judged(policy(SHOP % "false"), request(f"GET http://api.test{path}"), proof)


def test_somebody_elses_object_may_not_even_exist() -> None:
    """With `errors.conceal` a mismatch looks like nothing there."""
    walk = presenting(policy(SHOP % "true"), request("GET http://api.test/s/u-2"), a_token())
    assert walk.denial is not None
    said = walk.denial.judgement
    assert (said.status, said.concealed, said.detail) == (404, True, "id")


def test_capitals_in_a_bound_value() -> None:
    """Where the policy does not tell capitals apart, a binding does not either."""
    rules = policy(SHOP % "false", "paths: {case: insensitive}")
    assert judged(rules, request("GET http://api.test/t/ACME"), a_token(org="Acme")) == "allow @shop"
    assert judged(rules, request("GET http://api.test/t/ACMF"), a_token(org="Acme")) == "403 bind_mismatch:tenant @shop"


def test_a_refusal_lists_what_is_needed() -> None:
    """RFC 6750: `scope` lists what the resource asks for."""
    walk = presenting(policy(SHOP % "false"), request("GET http://api.test/all"), a_token(scope="orders:read"))
    assert walk.denial is not None
    said = walk.denial.judgement
    assert said.hints.scopes == ("orders:read", "orders:write")
    assert said.hints.error == "insufficient_scope"
    assert said.found == "scopes `orders:read`"
    assert said.where.startswith("policy.yaml:")
