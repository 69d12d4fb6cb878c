"""Stand-in credentials: by what a policy recognises a client type, with claims where its issuer looks for them."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.analysis.proofs import Asked, Wants, proofs_for
from tests.analysis.kit import cell, policy

CLAIMS = (
    "jwks_file: keys.json}",
    "jwks_file: keys.json, claims: {roles: realm.roles, client: sub, tenant: org}, require: [subject]}",
)


def claims(wants: Wants, *changes: tuple[str, str], tied: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the claims of a caller of the orders."""
    of = policy(*changes)
    asked = Asked(policy=of, cell=cell(of, "read /orders/**"), wants=wants, tied=tied or {})
    (persona,) = proofs_for(asked, "web")
    assert persona.token is not None
    return dict(persona.token.claims)


def test_claims_stand_where_the_issuer_looks() -> None:
    """Paths, one claim for two fields, and what is wanted of scopes, roles and attributes."""
    wants = Wants(roles=("admin",), scopes=("orders:read", "x"), attributes=(("plan", "paid"),))
    assert claims(wants) == {"sub": "u-1", "azp": "web", "scope": "orders:read x", "roles": ["admin"], "plan": "paid"}
    mapped = claims(wants, CLAIMS)
    assert (mapped["sub"], mapped["org"], mapped["realm"]) == ("web", "t-1", {"roles": ["admin"]})


def test_names_may_be_tied() -> None:
    """A subject that the path names is the token's."""
    assert claims(Wants(), tied={"identity.subject": "7"})["sub"] == "7"


def test_a_value_outside_the_vocabulary() -> None:
    """`other` is no value that a token says."""
    assert claims(Wants(attributes=(("plan", "other"),)))["plan"] not in {"other", "free", "paid"}


@pytest.mark.parametrize(("client", "count"), [("web", 1), ("unrecognized", 1), ("nobody", 0)])
def test_who_can_be_made(client: str, count: int) -> None:
    """One for each recogniser that the cell accepts; a stranger has a good token and an unknown name."""
    of = policy()
    asked = Asked(policy=of, cell=cell(of, "read /orders/**"), wants=Wants(), tied={})
    assert len(list(proofs_for(asked, client))) == count


def test_a_key_holds_what_is_wanted_or_is_none() -> None:
    """A key's scopes are what they are: one without them is not offered."""
    of = policy()
    there = cell(of, "GET /{tenant}/orders/{id:uuid}")
    assert [each.api_key for each in proofs_for(Asked(policy=of, cell=there, wants=Wants(), tied={}), "partner")] == [
        ("partners", "pk_a")
    ]
    more = Asked(policy=of, cell=there, wants=Wants(scopes=("orders:read",)), tied={})
    assert list(proofs_for(more, "partner")) == []
