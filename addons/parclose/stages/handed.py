"""Credentials that are one: a key in one place is presented to every store that looks there."""

from __future__ import annotations

from parclose.facts import Facts, Presented

type Handed = list[tuple[int, Presented]]


def handed_in(facts: Facts) -> list[Handed]:
    """Return what was presented with its index, alternatives for one and the same credential together, tokens first.

    On a forward listener only `Proxy-Authorization` is for us; the rest is meant for the far end.
    """
    if len(facts.presented) == 1 and facts.kind != "forward":
        return [[(0, facts.presented[0])]]
    found: dict[tuple[str, str], Handed] = {}
    for index, presented in enumerate(facts.presented):
        if facts.kind != "forward" or presented.place == "proxy-authorization":
            found.setdefault((presented.kind, presented.place), []).append((index, presented))
    return sorted(found.values(), key=lambda handed: handed[0][1].kind != "token")
