"""The request that stands in a finding is a real one: sent, it comes out as the finding says.

If these fail, an author looks for a mistake where there is none, or finds none where there is one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from parclose.engine import decide
from parclose.facts import Facts
from parclose.policy.errors import Finding
from parclose.stores.world import OfflineWorld
from tests.fuzz.worlds import CLIENTS, LISTENERS, Document, Sent, Who, facts_of, findings, read, world

_REQUEST = re.compile(r"can both take one request: (\S+) https://([^/\s]+)(/\S*) (.*?) \(surface (\S+) ")
UNROUTED = ("no_route", "method_not_allowed")


def sender(words: str) -> Who:
    """Return the caller that a witness describes."""
    who = Who(client="")
    for word in words.split(", "):
        kind, _, value = word.partition(" ")
        if kind == "by":
            name = value.removeprefix("client ")
            who = replace(who, client=name if name in CLIENTS else "other")
        elif kind == "plan":
            who = replace(who, plan="odd" if value == "other" else value)
        elif kind == "tier":
            who = replace(who, tier="odd" if value == "other" else value)
        elif kind == "role":
            who = replace(who, roles=(*who.roles, value))
        elif kind == "from":
            who = replace(who, address=value)
        elif kind == "country":
            who = replace(who, country=value)
        else:
            assert word == "without credential", word
    return who


def witness(finding: Finding) -> Facts | None:
    """Return the facts of the request in a finding about two segments, None where it says that none was found."""
    if finding.message.startswith("nothing says which"):
        return None
    match = _REQUEST.search(finding.message)
    assert match is not None, finding.message
    method, host, path, caller, listener = match.groups()
    facts = facts_of(Sent(listener="edge", host=host, method=method, path=path), sender(caller))
    if listener in LISTENERS:
        return facts_of(Sent(listener=listener, host=host, method=method, path=path), sender(caller))
    # Surfaces without a listener are on ports that nobody names, too.
    return replace(facts, listener="reverse")


def alone(document: Document, name: str) -> Document:
    """Return a policy in which no other segment is there."""
    made = {key: value for key, value in document["segments"][name].items() if key != "wins_over"}
    return {**document, "segments": {name: made}}


@settings(
    max_examples=150, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.integers(0, 2**48))
def test_both_segments_of_an_ambiguity_take_its_witness(seed: int) -> None:
    """With either of both taken out, the other one takes the request, and allows it where it has a route for it."""
    rnd = Random(seed)
    document = world(rnd, most=5)
    # Few audiences and one host, so that most of these policies are ambiguous.
    for made in document["segments"].values():
        made["match"] |= {"hosts": ["a.example"], "clients": rnd.choice((["web"], ["web", "anonymous"]))}
        made.pop("wins_over", None)
    for finding in findings(document):
        facts = witness(finding) if finding.id == "SEG001" else None
        if facts is None:
            continue
        names = set(re.findall(r"`(s\d)`", finding.message)[:2])
        path = () if facts.target == "/" else tuple(facts.target[1:].split("/"))
        group = read(document)[0].surfaces.find(
            listener=facts.listener, kind=facts.kind, host=facts.host, path=path, method=facts.method
        )
        assert group is not None, finding.message
        assert names <= {segment.name for segment in group.segments}, finding.message
        for name in names:
            policy, _ = read(alone(document, name))
            verdict = decide(policy, facts, OfflineWorld().of(facts))
            reason = "" if verdict.reason is None else verdict.reason.value
            assert verdict.segment == name, (finding.message, verdict)
            # A visitor is taken, and asked for a credential; and not every path has a route in both.
            assert verdict.allowed or reason in (*UNROUTED, "credential_missing"), (finding.message, verdict)
