"""Claims: strict types, exact audiences, scopes split on the blank alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from parclose.policy.identity import Issuer
from parclose.policy.model import Policy
from parclose.stages.claims import Unfit, anonymous, close, read_key, read_token
from parclose.verdict import Principal
from tests.stages.kit import AT, a_token, policy

RULES = """
shop:
  match: {clients: [any, anonymous]}
  routes: {"any /**": public}
"""


@pytest.fixture
def rules() -> Policy:
    """The usual cast."""
    return policy(RULES)


def caller(rules: Policy, issuer: str = "login", *, typ: str = "at+jwt", **claims: Any) -> Principal:
    """Return the caller of a token with these claims."""
    return read_token(rules, rules.issuers[issuer], a_token(issuer, typ=typ, **claims)).principal


def unfit(rules: Policy, issuer: str = "login", *, typ: str = "at+jwt", **claims: Any) -> str:
    """Return why a token with these claims does not fit, "" when it does."""
    try:
        caller(rules, issuer, typ=typ, **claims)
    except Unfit as why:
        return str(why)
    return ""


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ""),
        ({"aud": "https://other.test"}, ""),
        ({"aud": ["https://x.test", "https://api.test"]}, ""),
        ({"aud": "https://api.test/"}, "wrong_audience"),
        ({"aud": "HTTPS://API.TEST"}, "wrong_audience"),
        ({"aud": "https://api.tes"}, "wrong_audience"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": ""}, "wrong_audience"),
        ({"aud": None}, "missing_claim"),
        ({"aud": 7}, "malformed"),
        ({"aud": ["https://api.test", 7]}, "malformed"),
        ({"aud": {"https://api.test": 1}}, "malformed"),
        ({"iss": "https://evil.test"}, "unknown_issuer"),
        ({"iss": None}, ""),
        ({"exp": None}, "missing_claim"),
        ({"exp": "1780315800"}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": float("nan")}, "malformed"),
        ({"exp": [AT]}, "malformed"),
        ({"exp": 10**400}, "malformed"),
        ({"exp": 2**53}, "malformed"),
        ({"exp": 2**53 - 1}, ""),
        ({"nbf": "0"}, "malformed"),
        ({"nbf": False}, "malformed"),
        ({"iat": "0"}, "malformed"),
        ({"iat": None}, ""),
        ({"sub": None}, "missing_claim"),
        ({"sub": ""}, "missing_claim"),
        ({"sub": 7}, "malformed"),
        ({"azp": ["web"]}, "malformed"),
        ({"scope": 7}, "malformed"),
        ({"scope": ["orders:read", 7]}, "malformed"),
        ({"roles": {"admin": True}}, "malformed"),
        ({"org": 7}, "malformed"),
    ],
)
def test_a_token_fits_or_does_not(rules: Policy, claims: dict[str, Any], expected: str) -> None:
    """No claim is converted into what it should have been."""
    assert expected == unfit(rules, **claims)


@pytest.mark.parametrize(
    ("typ", "expected"),
    [
        ("at+jwt", ""),
        ("AT+JWT", ""),
        ("application/at+jwt", ""),
        ("JWT", "wrong_type"),
        ("", "wrong_type"),
        ("at+jwt ", "wrong_type"),
    ],
)
def test_an_id_token_is_no_access_token(rules: Policy, typ: str, expected: str) -> None:
    """RFC 9068: the header's type keeps other tokens of the same issuer out."""
    assert expected == unfit(rules, typ=typ)


def test_an_issuer_without_a_type_takes_any(rules: Policy) -> None:
    """`token_type` is asked for only where it is written."""
    assert unfit(rules, "staff-login", typ="JWT") == ""


@pytest.mark.parametrize(
    ("claims", "expected"), [({}, ""), ({"azp": None}, "missing_claim"), ({"azp": None, "client_id": "c"}, "")]
)
def test_what_an_issuer_must_say(rules: Policy, claims: dict[str, Any], expected: str) -> None:
    """`require` makes a field usable as a key of limits; the first present claim counts."""
    assert expected == unfit(rules, "staff-login", **claims)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("orders:read other", {"orders:read", "other"}),
        (["orders:read", "other"], {"orders:read", "other"}),
        ("orders:write", {"orders:write", "orders:read"}),
        ("  orders:read  ", {"orders:read"}),
        ("", set()),
        (None, set()),
        # Scope splitting: only the blank parts scopes.
        ("x\u00a0orders:write", {"x\u00a0orders:write"}),
        ("x\torders:write", {"x\torders:write"}),
        ("x\u000borders:write", {"x\u000borders:write"}),
        ("x\u001forders:write", {"x\u001forders:write"}),
        ("x\u2028orders:write", {"x\u2028orders:write"}),
        ("x\norders:write", {"x\norders:write"}),
        ("x,orders:write", {"x,orders:write"}),
        (["x orders:write"], {"x orders:write"}),
    ],
)
def test_scope_splitting_is_on_the_blank_alone(rules: Policy, scope: object, expected: set[str]) -> None:
    """`str.split()` would grant a scope hidden behind a control character."""
    assert expected == caller(rules, scope=scope).scopes


def test_a_principal_holds_what_was_proven(rules: Policy) -> None:
    """Every field comes from the claim that the issuer's mapping names."""
    found = caller(
        rules,
        sub="u",
        azp="app-ios",
        org="acme",
        scope="a",
        plan="paid",
        amr=["pwd", "otp"],
        acr="high",
        auth_time=AT - 5,
    )
    assert found == Principal(
        client_type="app",
        subject="u",
        client="app-ios",
        tenant="acme",
        issuer="login",
        kinds=frozenset({"token"}),
        scopes=frozenset({"a"}),
        attributes={"plan": "paid"},
        issued_at=AT - 10,
        auth_time=AT - 5,
        amr=frozenset({"pwd", "otp"}),
        acr="high",
        expires_at=AT + 600,
    )


def test_nested_roles_grant_scopes(rules: Policy) -> None:
    """A claim path walks into objects; a role's grants are closed over what they imply."""
    found = caller(rules, "staff-login", realm_access={"roles": ["admin"]})
    assert (found.roles, found.scopes) == (frozenset({"admin"}), frozenset({"orders:write", "orders:read"}))


def test_a_text_is_one_role(rules: Policy) -> None:
    """Roles are names; two in one text are no role that anyone has."""
    assert caller(rules, "staff-login", realm_access={"roles": "support admin"}).roles == {"support admin"}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [("paid", "paid"), ("Paid", "other"), ("gold", "other"), (None, "free"), (["paid"], "other"), (True, "other")],
)
def test_a_closed_attribute_has_its_own_words(rules: Policy, plan: object, expected: str) -> None:
    """A new plan at the identity provider is `other`, never somebody else's plan."""
    assert expected == caller(rules, plan=plan).attributes["plan"]


@pytest.mark.parametrize(
    ("region", "expected"),
    [("eu", {"region": "eu"}), (7, {"region": "7"}), (None, {}), ("", {}), (["eu"], {}), (True, {"region": "true"})],
)
def test_an_open_attribute_is_as_it_was_said(rules: Policy, region: object, expected: dict[str, str]) -> None:
    """Whoever has none has none: it binds to nothing and keys nothing."""
    assert {"plan": "free", **expected} == caller(rules, region=region).attributes


def test_a_key_is_its_own_identity(rules: Policy) -> None:
    """By API key the subject is the key's id, the client what the record says, else the client type."""
    records = rules.key_stores["partners"].records
    found = read_key(rules, "partners", records["pk_a"])
    assert (found.client_type, found.subject, found.client, found.tenant) == ("partner", "pk_a", "partner", "acme")
    assert (found.kinds, found.scopes, found.issuer) == (frozenset({"api_key"}), frozenset({"orders:read"}), "")
    found = read_key(rules, "partners", records["pk_role"])
    assert (found.client, found.scopes) == ("hub", frozenset({"orders:read"}))
    assert found.attributes == {"plan": "paid"}
    assert read_key(rules, "robots", rules.key_stores["robots"].records["rk_a"]).client_type == "unrecognized"


def test_a_visitor_has_the_defaults(rules: Policy) -> None:
    """Attributes split visitors too: whoever has no plan has the default one."""
    assert anonymous(rules) == Principal(client_type="anonymous", attributes={"plan": "free"})


def test_unknown_scopes_stay_and_grant_nothing(rules: Policy) -> None:
    """A scope that the policy does not know implies nothing."""
    assert close(rules, frozenset({"x"}), frozenset({"nobody"})) == {"x"}


def judged_by(rules: Policy, issuer: Issuer, **claims: Any) -> str:
    """Return why a token with these claims does not fit an issuer, "" when it does."""
    try:
        read_token(rules, issuer, a_token(issuer.name, **claims))
    except Unfit as why:
        return str(why)
    return ""


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ""),
        ({"jti": "t-1"}, "revoked"),
        ({"jti": "t-2"}, ""),
        ({"jti": "u-9"}, ""),
        ({"sub": "u-9"}, "revoked"),
        ({"sub": "u-9", "aud": "x"}, "wrong_audience"),
        ({"jti": ["t-1"]}, ""),
        ({"jti": {"t-1": 1}}, ""),
    ],
)
def test_what_is_revoked_is_refused(rules: Policy, claims: dict[str, Any], expected: str) -> None:
    """A token by its id, a subject by its name; one list is not mistaken for the other."""
    issuer = replace(rules.issuers["login"], revoked=frozenset({("jti", "t-1"), ("sub", "u-9")}))
    assert judged_by(rules, issuer, **claims) == expected


@pytest.mark.parametrize(
    ("audience", "iss", "claims", "expected"),
    [
        ([], "", {}, ""),
        ([], "", {"iss": None, "aud": None, "exp": None}, ""),
        ([], "", {"iss": "https://anybody.test"}, ""),
        ([], "https://login.test", {"iss": "https://anybody.test"}, "unknown_issuer"),
        (["https://api.test"], "", {}, ""),
        (["https://api.test"], "", {"aud": None}, "missing_claim"),
        (["https://api.test"], "", {"aud": "https://x.test"}, "wrong_audience"),
        ([], "", {"exp": "soon"}, "malformed"),
        ([], "", {"sub": None}, "missing_claim"),
    ],
)
def test_an_opaque_token_may_say_less(
    rules: Policy, audience: list[str], iss: str, claims: dict[str, Any], expected: str
) -> None:
    """What its issuer answers need name neither itself, nor whom it is for, nor an end; what is written holds."""
    issuer = replace(rules.issuers["login"], source="introspection", audience=frozenset(audience), iss=iss)
    assert judged_by(rules, issuer, **claims) == expected


def test_an_opaque_token_without_end_has_none(rules: Policy) -> None:
    """It is good for as long as its issuer says so."""
    issuer = replace(rules.issuers["login"], source="introspection")
    bearer = read_token(rules, issuer, a_token(exp=None))
    assert (bearer.expires, bearer.principal.expires_at) == (math.inf, None)
    assert read_token(rules, issuer, a_token()).expires == AT + 600
