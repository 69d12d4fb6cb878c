"""Keys of counters: no caller can spell another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.policy.segment import Limit
from parclose.stages.bucket import find_key
from parclose.verdict import Principal
from tests.stages.kit import policy, request, walked

SHOP = """
shop:
  match: {clients: [web, anonymous]}
  routes: {"any /**": public}
"""
NOBODY = Principal(client_type="anonymous")
SOMEBODY = Principal(
    client_type="web", subject="u-1", client="web", tenant="acme", issuer="login", attributes={"plan": "paid"}
)


def key_of(key: tuple[tuple[str, ...], ...], principal: Principal | None, peer: str = "203.0.113.9") -> str:
    """Return the key under which a caller is counted."""
    walk = walked(policy(SHOP), request(peer=peer))
    walk.principal = principal
    limit = Limit(id="l", name="l", key=key, count=1, period_ns=1, burst=1)
    assert walk.segment is not None
    return find_key(limit, walk, segment=walk.segment, route=walk.route)[1]


@pytest.mark.parametrize(
    ("key", "principal", "expected"),
    [
        ((("ip",),), None, "ip:203.0.113.9"),
        ((("subject",),), SOMEBODY, "subject:login/u-1"),
        ((("client",),), SOMEBODY, "client:login/web"),
        ((("tenant",),), SOMEBODY, "tenant:acme"),
        ((("attribute.plan",),), SOMEBODY, "attribute.plan:paid"),
        ((("segment",),), SOMEBODY, "segment:shop"),
        ((("route",),), SOMEBODY, "route:any /**"),
        ((("subject",), ("ip",)), SOMEBODY, "subject:login/u-1"),
        ((("subject",), ("ip",)), NOBODY, "ip:203.0.113.9"),
        ((("subject",), ("ip",)), None, "ip:203.0.113.9"),
        ((("tenant", "route"), ("ip",)), SOMEBODY, "11:tenant:acme+13:route:any /**"),
        ((("tenant", "route"), ("ip",)), NOBODY, "ip:203.0.113.9"),
        ((("subject",),), NOBODY, "subject:unknown"),
    ],
)
def test_the_first_alternative_that_is_known_counts(
    key: tuple[tuple[str, ...], ...], principal: Principal | None, expected: str
) -> None:
    """Fallbacks are those that are written; a limit never vanishes."""
    assert expected == key_of(key, principal)


def test_nobody_can_spell_another_caller() -> None:
    """A subject that looks like an address, or like two joined values, is still a subject."""
    odd = replace(SOMEBODY, subject="203.0.113.9")
    assert key_of((("subject",),), odd) != key_of((("ip",),), None)
    left = replace(SOMEBODY, tenant="a", attributes={"plan": "b+6:x:y"})
    right = replace(SOMEBODY, tenant="a+6:x:y", attributes={"plan": "b"})
    joined = (("tenant", "attribute.plan"),)
    assert key_of(joined, left) != key_of(joined, right)


def test_a_subject_is_its_issuers() -> None:
    """Caches and counters that forget the issuer let one login spend another's allowance."""
    other = replace(SOMEBODY, issuer="staff-login")
    assert key_of((("subject",),), other) != key_of((("subject",),), SOMEBODY)
    assert key_of((("tenant",),), other) == key_of((("tenant",),), SOMEBODY)


def test_unknown_addresses_share_one_key() -> None:
    """Who has no address is counted with all the others like that."""
    assert key_of((("ip",),), None, peer="") == "ip:unknown"
