"""Modes: what was to be tried for a while, and is still there."""

from __future__ import annotations

from parclose.policy.inherit import layers_of
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.nodes import Text
from parclose.policy.schema_segment import ProfileSpec, RouteSpec

DAY_S = 86_400.0
LONGEST_DAYS = 30  # a month of traffic has shown what a trial can show; longer, and nobody remembers why it is there


def forgotten(bench: Bench) -> None:
    """Name what has been in shadow or off for longer than a month (SEG011)."""
    if bench.now is None:
        return
    spec = bench.spec
    seen: set[int] = set()
    for name, segment in spec.segments.items():
        layers = layers_of(bench.desk, segment)
        mode, since = layers.owner("mode"), layers.owner("since")
        if mode is not None and since is not None:
            _look(bench, since, str(mode.mode), f"segment `{name}`")
        for part in layers.specs:
            _routes(bench, part.routes or {}, seen)
    for routes in spec.route_sets.values():
        _routes(bench, routes, seen)


def _routes(bench: Bench, routes: dict[Text, RouteSpec], seen: set[int]) -> None:
    """Look at routes, each once, however many segments use them."""
    for key, route in routes.items():
        if id(route) not in seen and route.since is not None:
            seen.add(id(route))
            _look(bench, route, str(route.mode), f"route `{key}`")


def _look(bench: Bench, written: ProfileSpec | RouteSpec, mode: str, what: str) -> None:
    """Report one that is on trial or parked, and has been for longer than a month; exactly a month is not."""
    days = (bench.now - written.since) / DAY_S if bench.now is not None and written.since is not None else 0.0
    if mode in {"shadow", "off"} and days > LONGEST_DAYS:
        do = "enforce it, or remove it" if mode == "shadow" else "remove it, or bring it back"
        bench.desk.report(
            "SEG011", written.at("since"), f"{what} has been `{mode}` for {int(days)} days", fix=do, text="since"
        )


LOOKS: tuple[Look, ...] = (Look(ids=("SEG011",), at=forgotten),)
