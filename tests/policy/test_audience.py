"""Audiences: disjoint, narrower and witnesses agree with trying every caller."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.addresses import prefix
from parclose.policy.audience import Caller, common, contains, narrower
from parclose.policy.identity import Attribute
from parclose.policy.segment import Audience, GeoSet
from parclose.policy.zones import Entry, Zone, build_zones

ZONES = build_zones(
    Zone(name=name, entries=tuple(Entry(prefix=prefix(each)) for each in cidrs))
    for name, cidrs in {"a": ["10.0.0.0/24"], "b": ["10.0.0.0/23"], "c": ["10.0.1.0/24", "2001:db8::/32"]}.items()
)
ADDRESSES = ("10.0.0.1", "10.0.1.1", "2001:db8::1", "192.0.2.1")
ATTRIBUTES = {
    "plan": Attribute(name="plan", claim=("plan",), values=frozenset({"free", "paid"}), default="free"),
    "tier": Attribute(name="tier", claim=("tier",), values=frozenset({"gold", "tin"})),
}
EUROPE = GeoSet(name="europe", countries=frozenset({"DE", "NO"}))
NORTH = GeoSet(name="north", countries=frozenset({"NO"}))
CLOUD = GeoSet(name="cloud", asn=frozenset({64500}))


def subsets(*values: str) -> st.SearchStrategy[frozenset[str]]:
    """Some of the values, at least one."""
    return st.sets(st.sampled_from(values), min_size=1).map(frozenset)


AUDIENCES = st.builds(
    Audience,
    clients=subsets("web", "partner", "anonymous", "unrecognized"),
    attributes=st.fixed_dictionaries(
        {}, optional={"plan": subsets("free", "paid", "other"), "tier": subsets("gold", "tin")}
    ).map(lambda found: tuple(sorted(found.items()))),
    roles=st.one_of(st.none(), subsets("admin", "staff")),
    zones=st.one_of(st.none(), subsets("a", "b", "c").map(ZONES.mask_of)),
    geo=st.one_of(st.none(), st.lists(st.sampled_from([EUROPE, NORTH, CLOUD]), min_size=1, unique=True).map(tuple)),
)


def callers() -> Iterator[tuple[Caller, dict[str, str], frozenset[str]]]:
    """Every caller that differs in some facet: with attributes and roles as they would be held."""
    for client, plan, tier, address, country, asn in product(
        ("web", "partner", "anonymous", "unrecognized"), ("free", "paid", "other"), ("", "gold", "tin"), ADDRESSES,
        ("", "DE", "NO"), (None, 64500),
    ):  # fmt: skip
        if client == "anonymous" and (plan != "free" or tier):
            continue
        held = {"plan": plan, **({"tier": tier} if tier else {})}
        role_sets: list[tuple[str, ...]] = (
            [()] if client == "anonymous" else [(), ("admin",), ("staff",), ("admin", "staff")]
        )
        for roles in role_sets:
            yield Caller(client=client, roles=roles, address=address, country=country, asn=asn), held, frozenset(roles)


CALLERS = tuple(callers())


def accepts(audience: Audience, caller: Caller, held: dict[str, str], roles: frozenset[str]) -> bool:
    """Whether an audience takes a caller, facet by facet."""
    address = ip_address(caller.address or "192.0.2.1")
    return (
        caller.client in audience.clients
        and all(held.get(name) in values for name, values in audience.attributes)
        and (audience.roles is None or bool(audience.roles & roles))
        and (audience.zones is None or bool(ZONES.mask(address, 0.0) & audience.zones))
        and (
            audience.geo is None
            or any(caller.country in each.countries or caller.asn in each.asn for each in audience.geo)
        )
    )


@settings(max_examples=100, deadline=None)
@given(AUDIENCES, AUDIENCES)
def test_disjoint_is_what_trying_everybody_says(one: Audience, other: Audience) -> None:
    """No common caller where there is none; where there is one, the witness is really accepted by both."""
    both = [caller for caller in CALLERS if accepts(one, *caller) and accepts(other, *caller)]
    witness = common(one, other, ATTRIBUTES, ZONES)
    assert (witness is None) == (both == [])
    if witness is not None:
        held = {"plan": "free"} | dict(witness.attributes)
        assert accepts(one, witness, held, frozenset(witness.roles))
        assert accepts(other, witness, held, frozenset(witness.roles))


@settings(max_examples=100, deadline=None)
@given(AUDIENCES, AUDIENCES)
def test_narrower_never_lies(one: Audience, other: Audience) -> None:
    """Whoever is in the narrower audience is in the wider; two audiences are never narrower than each other."""
    if contains(other, one, ZONES):
        assert all(accepts(other, *caller) for caller in CALLERS if accepts(one, *caller))
    assert not (narrower(one, other, ZONES) and narrower(other, one, ZONES))
    assert not narrower(one, one, ZONES)


def test_a_caller_reads_well() -> None:
    """A witness is a sentence."""
    caller = Caller(client="web", attributes=(("plan", "free"),), roles=("admin",), address="10.0.0.1", country="NO")
    assert caller.text == "by client web, plan free, role admin, from 10.0.0.1, country NO"
    assert Caller(client="anonymous", asn=64500).text == "without credential, network AS64500"
