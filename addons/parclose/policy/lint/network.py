"""Zones and gates that do not do what their author means (NET). Exact for any number of prefixes.

NET006, NET008 and the trusted proxies of NET001 are errors, found while compiling.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.gates import look_at_dead_gates
from parclose.policy.lint.prefixes import entries, look_at_prefixes
from parclose.policy.lint.written import networks
from parclose.policy.model import Listener
from parclose.policy.nodes import Text
from parclose.policy.schema_base import where
from parclose.policy.segment import Segment

_OLD = 10  # refreshes after which a file counts as forgotten; source: POLICY.md section 4, NET009


def _mask(bench: Bench, names: Iterable[Text]) -> int:
    zones = bench.policy.zones
    return zones.mask_of(name for name in names if name in zones.zones)


def allow_all(bench: Bench) -> None:
    """Name allow lists that hold every address of a family (NET001)."""
    zones, settings = bench.policy.zones, bench.spec.settings
    exempt = settings.admission.exempt_zones if settings and settings.admission else None
    for key, names in (*(("allow", net.allow) for net in networks(bench.spec)), ("exempt_zones", exempt)):
        if names and zones.is_all(_mask(bench, names)):
            at = next((name for name in names if zones.is_all(_mask(bench, [name]))), names[0])
            who = f"`{at}` holds" if zones.is_all(_mask(bench, [at])) else "these zones together hold"
            bench.desk.report(
                "NET001", at.mark, f"{who} every address of a family, so that `{key}` leaves nobody out",
                fix=f"name the prefixes that are meant, or remove `{key}`", text=at,
            )  # fmt: skip


def one_family(bench: Bench) -> None:
    """Name allow lists with addresses of one family alone: listeners take both (NET002)."""
    meetings = bench.policy.zones.meetings()
    for net in networks(bench.spec):
        mask = _mask(bench, net.allow or ())
        families = {family for family, held in meetings if held & mask}
        if net.allow and len(families) == 1:
            has, lacks = ("IPv4", "IPv6") if families == {0} else ("IPv6", "IPv4")
            bench.desk.report(
                "NET002", net.allow[0].mark, f"`allow` holds {has} addresses alone: who comes by {lacks} is refused",
                fix=f"add the {lacks} prefixes of the same networks", text=net.allow[0],
            )  # fmt: skip


def at_odds(bench: Bench) -> None:
    """Name zones that are allowed here and denied there and share addresses, with one of them (NET003)."""
    meetings, settings = bench.policy.zones.meetings(), bench.spec.settings
    admission = settings.admission if settings else None
    everywhere = [name for name in (admission.deny_zones or () if admission else ()) if name != "any"]
    said: set[tuple[str, str, bool]] = set()
    pairs: list[tuple[Text, Text, bool]] = []
    for net in networks(bench.spec):
        pairs.extend((one, other, True) for one in net.allow or () for other in net.deny or ())
        pairs.extend((one, other, False) for one in net.allow or () for other in everywhere)
    for one, other, beside in pairs:
        pair = (str(one), str(other), beside)
        if one in ("any", other) or pair in said:
            continue
        said.add(pair)
        left, right = _mask(bench, [one]), _mask(bench, [other])
        sample = next((address for (_, held), address in meetings.items() if held & left and held & right), None)
        # A part left out of the whole beside it is a carve-out, and meant.
        if sample is None or (beside and all(held & left for _, held in meetings if held & right)):
            continue
        bench.desk.report(
            "NET003", one.mark, f"`{one}` is allowed, and `{other}` denied ({where(other.mark)}): both hold {sample}",
            fix=f"take the address out of one of them, or write `except: [{other}]`", text=one,
        )  # fmt: skip


def past(bench: Bench) -> None:
    """Name entries whose time is over (NET005)."""
    for spec in bench.spec.zones.values():
        for entry in entries(spec):
            if entry.until is not None and bench.now is not None and bench.now >= entry.until:
                day = datetime.fromtimestamp(entry.until, UTC).date()
                held = entry.brief or entry.cidr
                bench.desk.report(
                    "NET005", entry.value_at("until"), f"`{held}` no longer holds, since {day}",
                    fix="remove the entry, or write a later date", text=str(entry.node.get(Text("until")) or ""),
                )  # fmt: skip


def never_private(bench: Bench) -> None:
    """Name allow lists of private addresses on listeners whose peers are public ones (NET007)."""
    policy = bench.policy
    zones, private = policy.zones, policy.zones.mask_of(["private", "loopback"])
    public = {listener.name: told for listener in policy.settings.listeners if (told := _public(bench, listener))}
    for name, spec in bench.spec.segments.items():
        segment = policy.segments.get(str(name))
        on = [public.get(listener.name) for listener in _listeners(bench, segment)] if segment else []
        if not on or not all(on) or spec.network is None:
            continue
        for zone in spec.network.allow or ():
            if zone not in {"any", "internal"} and zones.covers(private, _mask(bench, [zone])):
                bench.desk.report(
                    "NET007", zone.mark, f"`{zone}` holds private addresses alone, and peers here are public: {on[0]}",
                    fix="set `client_ip.from` and `trusted_proxies`, or name the public prefixes", text=zone,
                )  # fmt: skip


def _listeners(bench: Bench, segment: Segment) -> list[Listener]:
    named = segment.surface.listeners
    known = bench.policy.settings.listeners
    return [each for each in known if (each.name in named if named else each.kind == "reverse")]


def _public(bench: Bench, listener: Listener) -> str:
    """Return what shows that peers of a reverse listener are public addresses, or "".

    A policy does not say where a port is reached from; a segment that judges callers by country does.
    """
    if listener.kind != "reverse" or listener.client_ip.source != "peer" or listener.client_ip.trusted:
        return ""
    for segment in bench.policy.segments.values():
        if segment.network.asks_place and listener in _listeners(bench, segment):
            return f"`{segment.name}` judges them by country"
    return ""


def overgrown(bench: Bench) -> None:
    """Name zones with more entries than they may have, and files that nobody refreshes (NET009)."""
    source = bench.desk.source
    for name, spec in bench.spec.zones.items():
        lines = [line for file in spec.files or () for line in source.texts.get(str(file), [])]
        count = len(entries(spec)) + sum(bool(line.partition("#")[0].strip()) for line in lines)
        if spec.max_entries is not None and count > spec.max_entries:
            bench.desk.report(
                "NET009", spec.value_at("max_entries"), f"zone `{name}` has {count:,} entries, more than it may",
                fix="raise `max_entries`, or find out what fills it", text=str(spec.max_entries),
            )  # fmt: skip
        for file in spec.files or () if spec.refresh else ():
            made = bench.made_at(str(source.folder / file)) if bench.made_at is not None else None
            if made is None or bench.now is None or spec.refresh is None or bench.now - made <= _OLD * spec.refresh:
                continue
            days = int((bench.now - made) // 86_400)
            bench.desk.report(
                "NET009", file.mark, f"file `{file}` is {days} days old, more than {_OLD} times its `refresh`",
                fix="see why it is no longer written", text=file,
            )  # fmt: skip


LOOKS: tuple[Look, ...] = (
    Look(ids=("NET001",), at=allow_all),
    Look(ids=("NET002",), at=one_family),
    Look(ids=("NET003",), at=at_odds),
    Look(ids=("NET004",), at=look_at_prefixes),
    Look(ids=("NET005",), at=past),
    Look(ids=("NET007",), at=never_private),
    Look(ids=("NET009",), at=overgrown),
    Look(ids=("NET010",), at=look_at_dead_gates),
)
