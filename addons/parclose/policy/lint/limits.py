"""Limits that never bind, bind everybody at once, or can be had twice (LIM).

LIM001 and LIM002 are errors, found while compiling; LIM004 is told at the start of a proxy.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from parclose.policy.inherit import pick
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import layers, named
from parclose.policy.lint.written import parts, routes, sources
from parclose.policy.nodes import Mark, Text
from parclose.policy.schema_segment import LimitSpec
from parclose.policy.segment import Limit, Segment

type _Own = tuple[str, str, frozenset[str]]  # segment, its limit, and the shared limits that it has besides

_NS = 1_000_000_000
_LONGEST_S = {"day": 25 * 3600, "month": 31 * 86_400 + 3600}  # with the hour that clocks give back


def _written(bench: Bench, segment: Segment) -> dict[str, tuple[Text, LimitSpec]]:
    return layers(bench, segment).limits()


def _place(bench: Bench, segment: Segment, limit: Limit) -> Text | None:
    """Return the name of a limit as it is written for the segment, be it its own or that of a shared one."""
    for name, (text, spec) in _written(bench, segment).items():
        if limit.id == (f"shared/{spec.shared}" if spec.shared is not None else f"{segment.name}/{name}"):
            return text
    return None


def _most(limit: Limit, window_s: float) -> float:
    """Return the most that a limit lets through in any window of this length."""
    if limit.kind == "quota":
        return limit.count * (2 + window_s // (limit.period_ns / _NS))
    return limit.burst + limit.count * window_s * _NS / limit.period_ns


def _never_binds(other: Limit, limit: Limit) -> bool:
    """Whether whatever `other` lets through, `limit` does too."""
    if limit.kind == "quota":
        return _most(other, _LONGEST_S.get(limit.unit, limit.period_ns / _NS)) <= limit.count
    if other.kind == "quota":
        return other.count * 2 <= limit.burst
    slower = other.count * limit.period_ns <= limit.count * other.period_ns
    return slower and other.burst <= limit.burst


def idle_windows(bench: Bench) -> None:
    """Name limits that another of the same callers makes needless, and bursts beyond a quota (LIM003)."""
    said: set[Mark] = set()
    for _, segment in named(bench):
        limits = [limit for limit in segment.limits if limit.kind in {"rate", "quota"}]
        for other, limit in permutations(limits, 2):
            alike = (limit.key, limit.when, limit.counts_all) == (other.key, other.when, other.counts_all)
            at = _place(bench, segment, limit) if alike else None
            if at is None or at.mark in said:
                continue
            if _never_binds(other, limit) and not (_never_binds(limit, other) and limit.name < other.name):
                what = f"limit `{limit.name}` never binds: `{other.name}` lets less through"
                fix = "remove it, or write a tighter one"
            elif limit.kind == "rate" and other.kind == "quota" and limit.burst > other.count:
                what = f"limit `{limit.name}` allows {limit.burst} at once, and `{other.name}` {other.count} in all"
                fix = "write a smaller `burst`, or a larger quota"
            else:
                continue
            said.add(at.mark)
            bench.desk.report("LIM003", at.mark, what, fix=fix, text=at)


def one_bucket(bench: Bench) -> None:
    """Name limits by `ip` where every peer is a load balancer, whose header is not read (LIM005)."""
    shared = [each for each in bench.policy.settings.listeners if each.client_ip.source == "peer" and _proxied(bench)]
    said: set[Mark] = set()
    for _, segment in named(bench):
        names = segment.surface.listeners
        on = next((each for each in shared if (each.name in names if names else each.kind == "reverse")), None)
        for limit in segment.limits if on is not None else ():
            at = _place(bench, segment, limit)
            if any("ip" in way for way in limit.key) and at is not None and at.mark not in said and on is not None:
                said.add(at.mark)
                bench.desk.report(
                    "LIM005", at.mark, f"limit `{limit.name}` counts by `ip`: on `{on.name}` that is a trusted proxy",
                    fix="write `client_ip: {from: x-forwarded-for}`, or leave `trusted_proxies` out", text=at,
                )  # fmt: skip


def _proxied(bench: Bench) -> bool:
    """Whether the policy names proxies in front, and reads no header of theirs."""
    settings = bench.spec.settings
    return bool(settings and settings.client_ip and settings.client_ip.trusted_proxies)


def open_door(bench: Bench) -> None:
    """Name `on_error: allow` where every route needs a role (LIM006)."""
    settings = bench.spec.settings
    said: set[Mark] = set()
    for _, segment in named(bench):
        sections = layers(bench, segment).sections("limiter")
        owner = pick((*sections, *((settings.limiter,) if settings and settings.limiter else ())), "on_error")
        if owner is None or getattr(owner, "on_error", "") != "allow" or not segment.limits:
            continue
        at = owner.value_at("on_error")
        if segment.route_list and all(route.roles is not None for route in segment.route_list) and at not in said:
            said.add(at)
            bench.desk.report(
                "LIM006", at, f"without a store, segment `{segment.name}` has no limits, and each route needs a role",
                fix="write `on_error: deny` or `local` there: what is worth a role is worth a limit", text="allow",
            )  # fmt: skip


def multiplied(bench: Bench) -> None:
    """Name limits by tenant that one tenant has once in each of several segments (LIM007)."""
    seen: dict[str, list[_Own]] = {}  # by issuer or key store, whose callers have these limits already
    for _, segment in named(bench):
        shared = frozenset(limit.id for limit in _by_tenant(segment) if limit.id.startswith("shared/"))
        own = [limit for limit in _by_tenant(segment) if limit.id not in shared and limit.kind != "concurrent"]
        known = sorted(sources(bench, segment))
        twins = (each for source in known for each in seen.get(source, ()) if not shared & each[2])
        twin = next(twins, None) if own else None
        for limit in own:
            at = _place(bench, segment, limit)
            if twin is not None and at is not None:
                bench.desk.report(
                    "LIM007", at.mark, f"a tenant has `{limit.name}` here and `{twin[1]}` in segment `{twin[0]}`",
                    fix="define one limit under `limits`, and name it in both", text=at,
                )  # fmt: skip
        for source in known if own else ():
            held = seen.setdefault(source, [])
            if all(shared != each[2] for each in held):  # one for each set of shared limits is enough to compare with
                held.append((segment.name, own[0].name, shared))


def _by_tenant(segment: Segment) -> Iterator[Limit]:
    return (limit for limit in segment.limits if "tenant" in limit.key[0])


def zoneless_days(bench: Bench) -> None:
    """Name daily quotas that do not say whose day (LIM008)."""
    for spec in _limits(bench):
        if spec.quota is not None and spec.quota.unit == "day" and not spec.has("tz"):
            at = spec.node.get(Text("quota"))
            bench.desk.report(
                "LIM008", spec.value_at("quota"), f"quota `{at}` counts days of UTC",
                fix="write `tz: UTC`, or the zone of those who are counted", text=str(at),
            )  # fmt: skip


def _limits(bench: Bench) -> Iterator[LimitSpec]:
    yield from bench.spec.limits.values()
    owned = [part.limits for _, part in parts(bench.spec)] + [route.limits for _, route in routes(bench.spec)]
    for limits in owned:
        yield from (limit for limit in (limits or {}).values() if limit is not None)


LOOKS: tuple[Look, ...] = (
    Look(ids=("LIM003",), at=idle_windows),
    Look(ids=("LIM005",), at=one_bucket),
    Look(ids=("LIM006",), at=open_door),
    Look(ids=("LIM007",), at=multiplied),
    Look(ids=("LIM008",), at=zoneless_days),
)
