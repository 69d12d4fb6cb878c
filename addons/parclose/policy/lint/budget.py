"""Sets of paths that could make one lookup walk more than it may (RTE010)."""

from __future__ import annotations

from collections.abc import Mapping

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import as_if_live, layers, named
from parclose.policy.nodes import Mark, Text
from parclose.policy.segment import Segment
from parclose.policy.surface import Group, HostIndex
from parclose.policy.trie import STEP_BUDGET, Node, Trie


def most_steps[T](trie: Trie[T]) -> int:
    """Return a bound on the steps of any lookup: no path takes more.

    A path follows, at each position, at most one literal, and every type and parameter. That all of them lead on is
    taken for granted, so a set may stay below the bound.
    """
    return _most(trie.root)


def _most[T](node: Node[T]) -> int:
    below = max((_most(child) for child in node.literals.values()), default=0)
    below += sum(_most(child) for _, child in node.typed)
    below += _most(node.param) if node.param is not None else 0
    return 1 + (node.tail is not None) + below


def entangled(bench: Bench) -> None:
    """Report sets of routes, and of surfaces, in which a lookup may take more steps than it is given (RTE010)."""
    known: dict[tuple[str, ...], int] = {}
    seen: set[Mark] = set()
    for name, segment in named(bench):
        keys = tuple(route.key for route in segment.route_list)
        if keys not in known:
            known[keys] = most_steps(segment.routes.trie)
        place = _place(bench, name, segment)
        if known[keys] > STEP_BUDGET and place.mark not in seen:
            seen.add(place.mark)
            _report(bench, place, f"the routes of segment `{name}`", known[keys])
    for index in bench.policy.surfaces.listeners.values():
        for host, trie in _tries(index).items():
            steps = most_steps(trie)
            segment_name = next(iter(index.named.get(host, ()))).name
            if steps > STEP_BUDGET:
                at = next(key for key in bench.spec.segments if key == segment_name)
                _report(bench, at, f"the surfaces on host `{host}`", steps)


def _tries(index: HostIndex) -> Mapping[str, Trie[Group]]:
    found = dict(index.exact)
    found |= {f"*.{name}": trie for name, trie in index.suffixes.items()}
    if index.rest is not None:
        found["*"] = index.rest
    return found


def _place(bench: Bench, name: Text, segment: Segment) -> Text:
    """Return what to point to: the first route set that a segment has its routes from, or the segment."""
    sets = layers(bench, segment).owner("route_sets")
    used = (sets.route_sets or ()) if sets is not None else ()
    return next((key for key in bench.spec.route_sets if key == used[0]), name) if used else name


def _report(bench: Bench, at: Text, what: str, steps: int) -> None:
    bench.desk.report(
        "RTE010", at.mark, text=at,
        message=f"{what} may need {steps:,} steps for one path, and a lookup stops at {STEP_BUDGET:,} with 400 "
        "path_too_complex",
        fix="write literals in place of parameters at the same position, or types, or fewer positions",
    )  # fmt: skip


LOOKS = (Look(ids=("RTE010",), at=as_if_live(entangled)),)
