"""Gates that nobody can pass: what they allow, they deny (NET010)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

from parclose.policy.inherit import layers_of, pick
from parclose.policy.lint.bench import Bench
from parclose.policy.lint.written import routes
from parclose.policy.nodes import Mark
from parclose.policy.schema_base import Written
from parclose.policy.schema_segment import NetworkSpec
from parclose.policy.segment import GeoSet, Network


def look_at_dead_gates(bench: Bench) -> None:
    """Name network rules whose allow lists are covered by their deny lists (NET010)."""
    said: set[Mark] = set()
    # Hundreds of segments name the same few zones: each pair of lists is compared once.
    covers = cache(bench.policy.zones.covers)
    written = {str(key): route.network for key, route in routes(bench.spec) if route.network is not None}
    for name, spec in bench.spec.segments.items():
        segment = bench.policy.segments.get(str(name))
        if segment is None:
            continue
        sections = layers_of(bench.desk, spec).sections("network")
        dead = _say(bench, segment.network, sections, said, covers)
        for route in segment.route_list:
            if not dead and route.key in written and route.network != segment.network:
                _say(bench, route.network, (written[route.key], *sections), said, covers)


def _say(
    bench: Bench, network: Network, sections: Sequence[Written], said: set[Mark], covers: Callable[[int, int], bool]
) -> bool:
    admission = bench.policy.settings.admission
    found: list[tuple[Mark, str]] = []
    if network.allow is not None and covers(network.deny | admission.deny, network.allow):
        found.append((_at(sections, "allow"), "every address that `allow` names is denied"))
    if network.allow_geo is not None and _covered(network.allow_geo, network.deny_geo):
        found.append((_at(sections, "allow_geo"), "every country that `allow_geo` names is denied"))
    if network.destinations_allow is not None and covers(network.destinations_deny, network.destinations_allow):
        found.append((_at(sections, "destinations"), "every destination that is allowed is denied"))
    for mark, what in found:
        if mark not in said:
            said.add(mark)
            fix = "take out of one list what is in both"
            if "destination" in what:
                fix = (
                    "write `deny: []` beside it if these are meant: `internal` is denied where nothing else is written"
                )
            bench.desk.report("NET010", mark, f"{what}, so that nobody passes", fix=fix)
    return bool(found)


def _at(sections: Sequence[Written], key: str) -> Mark:
    owner = pick(sections, key)
    if isinstance(owner, NetworkSpec):
        return owner.value_at(key)
    return sections[0].mark


def _covered(allow: Iterable[GeoSet], deny: Iterable[GeoSet]) -> bool:
    """Whether no country and no network is left."""
    refused = list(deny)
    countries = frozenset[str]().union(*(each.countries for each in refused))
    asn = frozenset[int]().union(*(each.asn for each in refused))
    return all(each.countries <= countries and each.asn <= asn for each in allow)
