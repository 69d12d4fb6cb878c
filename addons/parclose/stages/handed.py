"""Credentials that are one: a key in one place is presented to every store that looks there."""

from __future__ import annotations

from parclose.facts import Facts, Presented

OURS = ("proxy-authorization", "handshake")  # where a forward listener's own caller shows who it is
ORDER = {"token": 0, "mtls": 2}

type Handed = list[tuple[int, Presented]]


def handed_in(facts: Facts) -> list[Handed]:
    """Return what was presented with its index, alternatives for one and the same credential together.

    Tokens stand first, certificates last. On a forward listener only `Proxy-Authorization` and the handshake with us
    are for us; the rest is meant for the far end.
    """
    if len(facts.presented) == 1 and facts.kind != "forward":
        return [[(0, facts.presented[0])]]
    found: dict[tuple[str, str], Handed] = {}
    for index, presented in enumerate(facts.presented):
        if facts.kind != "forward" or presented.place in OURS:
            found.setdefault((presented.kind, presented.place), []).append((index, presented))
    return sorted(found.values(), key=lambda handed: ORDER.get(handed[0][1].kind, 1))
