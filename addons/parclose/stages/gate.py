"""Does any candidate take this address? Outsiders never reach token work and learn nothing of routes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import cast

from parclose.facts import Place
from parclose.ports import Answer, Ask, AskPlace
from parclose.stages.passage import passes_geo, passes_zones, refuse
from parclose.stages.refusal import concealed_status
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, Judgement


def judge(walk: Walk) -> Judgement | Asking:
    """Keep the candidates whose network rules take this address; refuse when none does."""
    refused = False
    for segment in walk.candidates:
        network = segment.network
        if not passes_zones(network, walk):
            refused = True
        elif network.asks_place:
            return _ask_then_judge(walk)
    return _judge(walk) if refused else ALLOW


def ask_place(walk: Walk) -> Generator[Ask, Answer, None]:
    """Ask once where the address lies; an address that is not known lies nowhere."""
    if walk.place is None:
        walk.place = cast("Place", (yield AskPlace(walk.client_ip))) if walk.address is not None else Place()


def _ask_then_judge(walk: Walk) -> Generator[Ask, Answer, Judgement]:
    """Judge with the place, since a rule turns on it."""
    yield from ask_place(walk)
    return _judge(walk)


def _judge(walk: Walk) -> Judgement:
    """Judge with all that is known."""
    candidates = walk.candidates
    kept = tuple(
        segment for segment in candidates if passes_zones(segment.network, walk) and passes_geo(segment.network, walk)
    )
    if kept:
        walk.candidates = kept
        return ALLOW
    first = refuse(candidates[0].network, walk, candidates[0].name)
    if first is None:
        raise AssertionError("a candidate that is refused says why")
    if any(segment.network.deny_as == 404 for segment in candidates):
        return replace(first, status=concealed_status(walk), concealed=True)
    return first
