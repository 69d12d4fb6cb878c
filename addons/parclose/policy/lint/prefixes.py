"""Prefixes that say again what others say: NET004, by sorting, for each zone and each of its files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from parclose.policy.addresses import Prefix, prefix
from parclose.policy.errors import ScalarError
from parclose.policy.lint.bench import Bench
from parclose.policy.nodes import Mark, Text
from parclose.policy.schema import ZoneEntrySpec, ZoneSpec
from parclose.policy.schema_base import SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One prefix, as written and where; from `until` (epoch seconds) on it no longer holds."""

    prefix: Prefix
    text: str
    mark: Mark
    until: float | None = None


def look_at_prefixes(bench: Bench) -> None:
    """Name the first prefix of each list that another makes needless, and how many more there are (NET004)."""
    for spec in bench.spec.zones.values():
        _say(bench, list(_inline(spec)))
        for file in spec.files or ():
            _say(bench, list(_of_file(bench.desk.source.texts.get(str(file), []), str(file))))


def entries(spec: ZoneSpec) -> list[ZoneEntrySpec]:
    """Return the prefixes that a zone writes out, in either form."""
    return [*(spec.entries or ()), *(spec.cidrs or ())]


def _inline(spec: ZoneSpec) -> Iterable[Standing]:
    for entry in entries(spec):
        found = entry.brief or entry.cidr
        if found is not None:
            at = entry.value_at("cidr") if entry.has("cidr") else entry.mark
            text = entry.node.get(Text("cidr")) or entry.node.get(Text(SHORT))
            yield Standing(prefix=found, text=str(text), mark=at, until=entry.until)


def _of_file(lines: list[str], file: str) -> Iterable[Standing]:
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                yield Standing(prefix=prefix(text), text=text, mark=Mark(file, number, line.index(text) + 1))
            except ScalarError:  # reported where the file was read
                continue


def _say(bench: Bench, standing: list[Standing]) -> None:
    needless = sorted(_needless(standing), key=lambda each: each[0].mark)
    if not needless:
        return
    (first, why), more = needless[0], len(needless) - 1
    others = f", and {more} more of this list" if more else ""
    bench.desk.report(
        "NET004", first.mark, f"`{first.text}` {why}{others}", fix="write each address once", text=first.text
    )


def _needless(standing: list[Standing]) -> Iterable[tuple[Standing, str]]:
    """Yield what lies within another that holds as long, and what could be one prefix with its neighbour."""
    left: list[Standing] = []
    open_: list[Standing] = []  # the prefixes around the place that is reached, the widest first
    order = sorted(standing, key=lambda each: (each.prefix.version, each.prefix.first, -each.prefix.last, -_ends(each)))
    for each in order:
        while open_ and (open_[-1].prefix.version, open_[-1].prefix.last) < (each.prefix.version, each.prefix.first):
            open_.pop()
        outer = next((other for other in open_ if _ends(each) <= _ends(other)), None)
        if outer is not None:
            same = outer.prefix == each.prefix
            yield each, "is written twice" if same else f"lies within `{outer.text}`"
            continue
        open_.append(each)
        left.append(each)
    for one, other in pairwise(left):
        size = one.prefix.last - one.prefix.first + 1
        if (
            one.prefix.version == other.prefix.version
            and other.prefix.first == one.prefix.last + 1
            and other.prefix.last - other.prefix.first + 1 == size
            and one.prefix.first % (2 * size) == 0
            and one.until == other.until
        ):
            both = Prefix(one.prefix.version, one.prefix.first, other.prefix.last)
            yield other, f"and `{one.text}` are `{both}`"


def _ends(each: Standing) -> float:
    return float("inf") if each.until is None else each.until
