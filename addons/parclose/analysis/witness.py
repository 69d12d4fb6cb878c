"""A request that a guardrail forbids and that the policy lets in: looked for among likely callers, and then judged."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import islice

from parclose.analysis.judge import judge
from parclose.analysis.sample import samples
from parclose.policy.guardrails import Breach
from parclose.policy.implied import Unless
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.verdict import Verdict

MOST_TRIED = 60  # callers and requests for one cell; nearly always the first is one


def witness(policy: Policy, breach: Breach) -> str:
    """Return in words a request to the cell of a breach that is let in against the guardrail, or "" where none was."""
    address = next((each.address for each in breach.missing if each.address), "")
    country = next((each.country for each in breach.missing if each.country), "")
    tried = samples(policy, breach.cell, address=address, country=country)
    for sample in islice(tried, MOST_TRIED):
        said = judge(policy, sample.persona, sample.landing.text)
        if said and said[0].allowed and contradicts(policy, breach.guardrail.unless, said[0], DEFAULT_AT):
            return sample.text
    return ""


def contradicts(policy: Policy, unless: Unless, verdict: Verdict, at: float) -> bool:
    """Whether who was let in lacks a facet that a guardrail wants."""
    principal = verdict.principal
    if principal is None or unless.nobody:
        return True
    if unless.zones is not None:
        mask = policy.zones.mask(ip_address(verdict.client_ip), at) if verdict.client_ip else 0
        if not mask & unless.zones:
            return True
    for need, held in ((unless.roles, principal.roles), (unless.scopes, principal.scopes)):
        if need is not None and need.missing(held):
            return True
    if unless.clients is not None and principal.client_type not in unless.clients:
        return True
    return unless.geo is not None and all(verdict.country not in each.countries for each in unless.geo)
