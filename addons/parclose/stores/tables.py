"""The counters of one limit, one class for each kind: what a key stands at, what a hit makes of it, what that reads.

What a table holds for a key is a whole number whose meaning is the kind's own: for a rate the *theoretical arrival
time* in nanoseconds, for a quota the units used in this period, for slots how many are held.
"""

from __future__ import annotations

from parclose.policy.quotas import period
from parclose.policy.segment import Limit
from parclose.ports import Hit
from parclose.verdict import Reading

BUCKET_BITS = 6  # about 64 buckets in a tolerance
SLOT_RETRY_S = 1.0  # nobody knows when a slot comes free; sooner than this is hammering
NS = 1_000_000_000

_tuple = tuple.__new__


class Table:
    """The entries of one limit in one shape, and the buckets in which they are filed by the instant they lapse."""

    __slots__ = ("buckets", "end_ns", "held", "name", "shift")

    def __init__(self, name: tuple[str, str, str], *, shift: int = 0, end_ns: int = 0) -> None:
        self.name = name
        self.held: dict[str, int] = {}
        self.shift = shift
        self.buckets: dict[int, list[str]] = {}
        self.end_ns = end_ns  # when all entries lapse together; 0: each lapses at what it holds

    def lapses(self, key: str) -> int:
        """Return the instant from which an entry says nothing, in nanoseconds."""
        return self.end_ns or self.held[key]

    def before(self, key: str, now: int) -> int:
        """Return what a key stands at."""
        raise NotImplementedError

    def after(self, before: int, hit: Hit) -> int:
        """Return what a key would stand at after a hit."""
        raise NotImplementedError

    def passes(self, after: int, now: int) -> bool:
        """Whether a key may stand at `after`."""
        raise NotImplementedError

    def reading(self, hit: Hit, before: int, after: int, now: int, charged: bool) -> Reading:
        """Say what a counter shows: after the hit where all were `charged`, else as it stands."""
        raise NotImplementedError


class RateTable(Table):
    """A rate, or the blocks of one: what is held is an instant in nanoseconds."""

    __slots__ = ("interval_ns", "tolerance_ns", "window_s")

    def __init__(self, name: tuple[str, str, str], interval_ns: int, tolerance_ns: int, window_s: int) -> None:
        super().__init__(name, shift=max(0, tolerance_ns.bit_length() - BUCKET_BITS))
        self.interval_ns = interval_ns
        self.tolerance_ns = tolerance_ns
        self.window_s = window_s

    def before(self, key: str, now: int) -> int:
        """Return the arrival time of a key, never in the past."""
        filed = self.held.get(key)
        return now if filed is None or filed < now else filed

    def after(self, before: int, hit: Hit) -> int:
        """Return the arrival time that a hit leads to."""
        return before + hit.cost * self.interval_ns

    def passes(self, after: int, now: int) -> bool:
        """Whether an arrival time is within the tolerance; equality is."""
        return after - now <= self.tolerance_ns

    # Positional: called for each request, and keywords cost.
    def reading(self, hit: Hit, before: int, after: int, now: int, charged: bool) -> Reading:
        """Say what is left now, when all is back, and when this hit would pass."""
        over_ns = after - now - self.tolerance_ns
        ahead_ns = (after if charged else before) - now
        limit = hit.limit
        return _tuple(
            Reading,
            (
                limit.name,
                limit.id,
                over_ns <= 0,
                limit.count,
                self.window_s,
                (self.tolerance_ns - ahead_ns) // self.interval_ns,
                ahead_ns / NS,
                over_ns / NS if over_ns > 0 else 0.0,
            ),
        )


class QuotaTable(Table):
    """One period of a quota: what is held is how many units are used."""

    __slots__ = ("count", "window_s")

    def __init__(self, name: tuple[str, str, str], limit: Limit, now: int) -> None:
        begins_s, ends_s = period(now // NS, limit.unit, limit.tz)
        super().__init__(name, end_ns=ends_s * NS)
        self.count = limit.count
        self.window_s = ends_s - begins_s

    def before(self, key: str, now: int) -> int:
        """Return the units that a key has used."""
        return self.held.get(key, 0)

    def after(self, before: int, hit: Hit) -> int:
        """Return the units used after a hit."""
        return before + hit.cost

    def passes(self, after: int, now: int) -> bool:
        """Whether that many units are there; the last one is."""
        return after <= self.count

    def reading(self, hit: Hit, before: int, after: int, now: int, charged: bool) -> Reading:
        """Say what is left of the period; a refused hit passes with the next one."""
        left_s = (self.end_ns - now) / NS
        passed = after <= self.count
        left = self.count - (after if charged else before)
        return Reading(
            hit.limit.name, hit.limit.id, passed, self.count, self.window_s, left, left_s, 0.0 if passed else left_s
        )


class SlotTable(Table):
    """Requests at once: what is held is how many are under way. Entries go with the last one; none ever lapses."""

    __slots__ = ("count",)

    def __init__(self, name: tuple[str, str, str], limit: Limit) -> None:
        super().__init__(name)
        self.count = limit.count

    def before(self, key: str, now: int) -> int:
        """Return how many requests of a key are under way."""
        return self.held.get(key, 0)

    def after(self, before: int, hit: Hit) -> int:
        """Return one more, whatever the request costs."""
        return before + 1

    def passes(self, after: int, now: int) -> bool:
        """Whether that many may be under way."""
        return after <= self.count

    def reading(self, hit: Hit, before: int, after: int, now: int, charged: bool) -> Reading:
        """Say how many slots are free."""
        passed = after <= self.count
        free = self.count - (after if charged else before)
        return Reading(hit.limit.name, hit.limit.id, passed, self.count, 0, free, 0.0, 0.0 if passed else SLOT_RETRY_S)

    def release(self, key: str) -> None:
        """Take one request of a key away; more than are held change nothing."""
        held = self.held.get(key, 0)
        if held > 1:
            self.held[key] = held - 1
        else:
            self.held.pop(key, None)


def table_of(limit: Limit, name: tuple[str, str, str], now: int) -> Table:
    """Return an empty table for a limit, a quota's for the period of `now`."""
    if limit.kind == "quota":
        return QuotaTable(name, limit, now)
    if limit.kind == "concurrent":
        return SlotTable(name, limit)
    return RateTable(name, limit.interval_ns, limit.tolerance_ns, limit.window_s)
