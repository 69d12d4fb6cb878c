"""No request ever contradicts a proven guardrail: random policies, guardrails, callers and requests through `decide`.

If these fail, a company believes that staging is for the VPN alone, and it is not.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from parclose.analysis.witness import witness
from parclose.engine import decide
from parclose.policy.cells import Ground
from parclose.policy.guardrails import breaches
from parclose.stores.world import OfflineWorld
from parclose.verdict import Verdict
from tests.fuzz.reference import countries, host_matches, method_rank, path_matches
from tests.fuzz.worlds import (
    CLIENTS,
    GEO,
    HOSTS,
    METHODS,
    PATHS,
    ZONES,
    Document,
    Sent,
    Who,
    everybody,
    facts_of,
    read,
    requests,
    text_of,
    world,
)

EVERYBODY = everybody()
QUICKLY = settings(
    max_examples=250, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


def rails(rnd: Random, count: int) -> list[Document]:
    """Return random guardrails, some of which most policies satisfy."""
    found = []
    for number in range(count):
        pool: Document = {
            "zones": rnd.sample(tuple(ZONES), rnd.choice((1, 2, 3))),
            "roles": rnd.choice((["admin"], ["admin", "dev"], {"all": ["admin", "dev"]})),
            "scopes": rnd.choice((["s:read"], ["s:write"], {"all": ["s:read", "s:write"]})),
            "clients": rnd.sample((*CLIENTS, "anonymous", "unrecognized"), rnd.choice((1, 2, 3))),
            "geo": rnd.sample((*GEO, "DE"), rnd.choice((1, 2))),
        }
        unless = {key: pool[key] for key in rnd.sample(tuple(pool), rnd.choice((1, 1, 2)))}
        url = f"https://{rnd.choice(HOSTS)}{rnd.choice(PATHS)}"
        found.append({"id": f"g{number}", "never": f"{rnd.choice(METHODS)} {url}", "unless": unless})
    return found


def forbids(rail: Document, sent: Sent) -> bool:
    """Whether a guardrail is about a request; `any` is every method."""
    words, _, url = rail["never"].partition(" ")
    host, _, path = url.removeprefix("https://").partition("/")
    method = words == "any" or method_rank(words, sent.method) is not None
    return method and host_matches(host, sent.host) and path_matches(f"/{path}", sent.path)


def lacks(rail: Document, who: Who, verdict: Verdict) -> bool:
    """Whether a caller lacks what the guardrail wants, as it is written."""
    unless = rail["unless"]
    principal = verdict.principal
    assert principal is not None
    for key, held in (("roles", principal.roles), ("scopes", principal.scopes)):
        want = unless.get(key, [])
        if isinstance(want, dict) and not set(want["all"]) <= held:
            return True
        if isinstance(want, list) and want and not set(want) & held:
            return True
    if "clients" in unless and principal.client_type not in unless["clients"]:
        return True
    if "geo" in unless and who.country not in countries(unless["geo"]):
        return True
    zones = unless.get("zones")
    return bool(zones) and not any(ip_address(who.address) in ip_network(ZONES[zone]) for zone in zones)


@QUICKLY
@given(st.integers(0, 2**48))
def test_no_request_contradicts_a_proven_guardrail(seed: int) -> None:
    """Of all that is let in, nothing lacks what a proven guardrail wants."""
    rnd = Random(seed)
    document = world(rnd, most=4, rich=True)
    document["guardrails"] = rails(rnd, 12)
    policy, errors = read(document)
    if errors:
        return
    ground = Ground.of(policy)
    proven = [
        rail for rail, each in zip(document["guardrails"], policy.guardrails, strict=True)
        if not any(breaches(policy, ground, each))
    ]  # fmt: skip
    for sent in requests(rnd, document, 60):
        who = replace(rnd.choice(EVERYBODY), scopes=rnd.choice(((), ("s:read",), ("s:write",))))
        facts = facts_of(sent, who)
        verdict = decide(policy, facts, OfflineWorld().of(facts))
        if verdict.allowed:
            wrong = [rail for rail in proven if forbids(rail, sent) and lacks(rail, who, verdict)]
            assert wrong == [], (sent, who, verdict.segment, verdict.route, text_of(document["segments"]))


@pytest.mark.parametrize("seed", range(4))
def test_most_breaches_have_a_witness(seed: int) -> None:
    """A guardrail that is said not to hold is one that a request contradicts: nearly always it is shown."""
    rnd = Random(seed)
    shown, said = 0, 0
    for _ in range(30):
        document = world(rnd, most=3, rich=True)
        document["guardrails"] = rails(rnd, 6)
        policy, errors = read(document)
        ground = Ground.of(policy)
        for guardrail in policy.guardrails if not errors else ():
            for breach in breaches(policy, ground, guardrail):
                said += breach.landing is not None
                shown += breach.landing is not None and bool(witness(policy, breach))
    assert said > 30
    assert shown / said > 0.85
