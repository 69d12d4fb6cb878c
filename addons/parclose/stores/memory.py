"""Counters in this process: GCRA in whole nanoseconds, bounded, and all-or-none.

One entry holds the *theoretical arrival time* (TAT) of one caller under one limit: the instant at which all its units
are back. A hit of cost `c` passes when `max(TAT, now) + c * interval - now <= tolerance`; equality passes.

An entry *lapses* at its TAT: from then on it says nothing. Each entry is filed once, lazily, in a bucket of about 1/64
of its limit's tolerance; one heap orders the buckets of all limits. A new caller clears away a few lapsed ones. When
the store is full and none is lapsed, the entry nearest to lapsing (to the width of a bucket) goes: its caller gains the
little that was still owed. Nobody is locked out, and nothing grows.

Measured 2026-11 on one shared core, CPython 3.13: a take of one hit 1.6 us, 2.7 us where each of 1,000,000 live keys
is cold; a new caller in a full store 5 us, the worst of 100,000 0.2 ms; 165 bytes a key, 12 characters of text included
(`tests/stores/test_memory.py` holds the bytes to 200).

Source: ITU-T I.371 (GCRA, virtual scheduling).
"""

from __future__ import annotations

import heapq

from parclose.policy.segment import Limit
from parclose.ports import AskBlocked, AskFailure, AskTake, Hit, Taken
from parclose.verdict import Charged, Reading

# 1,000,000 callers at under 200 bytes are under 200 MB: room for every address of a /12, and still a small machine.
MAX_KEYS = 1_000_000
# Cleared or refiled for each new caller: more than come in, so the store shrinks when callers leave.
TIDY_PER_NEW_KEY = 4
# The longest search for the entry to evict: bounds one request's delay; entries looked at are refiled for the next.
EVICT_LOOKS = 16
BUCKET_BITS = 6  # about 64 buckets in a tolerance

_NS = 1_000_000_000
_tuple = tuple.__new__


class _Table:
    """The entries of one limit in one shape: key to TAT (or to the end of a block)."""

    __slots__ = ("buckets", "interval_ns", "name", "shift", "tats", "tolerance_ns", "window_s")

    def __init__(self, name: tuple[str, str, str], interval_ns: int, tolerance_ns: int, window_s: int) -> None:
        self.name = name
        self.window_s = window_s
        self.interval_ns = interval_ns
        self.tolerance_ns = tolerance_ns
        self.tats: dict[str, int] = {}
        self.shift = max(0, tolerance_ns.bit_length() - BUCKET_BITS)
        self.buckets: dict[int, list[str]] = {}


class MemoryCounter:
    """Counters of one process. `max_keys` bounds all limits together."""

    def __init__(self, *, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        # Keyed by limit, shape and "" or "block": a limit of another shape is another table, the old one lapses.
        self._tables: dict[tuple[str, str, str], _Table] = {}
        # One item a bucket: its end, a number that no other has, its table, its place in the table.
        self._heap: list[tuple[int, int, _Table, int]] = []
        self._bucket_count = 0
        self._keys = 0
        self._seq = 0
        self._last_ns = 0
        self._last_at = 0.0

    def __len__(self) -> int:
        """Return how many entries there are, lapsed ones that were not cleared away yet included."""
        return self._keys

    def take(self, ask: AskTake) -> Taken:
        """Look at all counters of `ask`, then charge all, or none."""
        at, hits, dry = ask.at, ask.hits, ask.dry
        now = int(at * _NS)
        if now > self._last_ns:
            self._last_ns, self._last_at = now, at
        else:
            now = self._last_ns
        if not dry:
            self._seq += 1
        if len(hits) == 1:
            # `_tuple` skips the constructors of named tuples: a third of the whole call.
            charged = _tuple(Charged, (self._seq, self._last_at))
            return _tuple(Taken, ((self._take_one(hits[0], now, dry),), charged))
        # INVARIANT: the same caller twice under one limit pays twice, so later hits see what earlier ones would leave.
        pending: dict[tuple[_Table, str], int] = {}
        looks: list[tuple[Hit, _Table, int, int]] = []
        passed = True
        for hit in hits:
            table = self._table(hit.limit)
            before = pending.get((table, hit.key)) or max(table.tats.get(hit.key, 0), now)
            after = before + hit.cost * table.interval_ns
            looks.append((hit, table, before, after))
            if after - now > table.tolerance_ns:
                passed = False
            else:
                pending[table, hit.key] = after
        if passed and not dry:
            for (table, key), tat in pending.items():
                self._put(table, key, tat, now)
        return Taken(tuple(_reading(*look, now, passed) for look in looks), Charged(self._seq, self._last_at))

    def fail(self, ask: AskFailure) -> Charged:
        """Count a failed authentication and block the key when that is over the rate."""
        now = self._advance(ask.at)
        self._seq += 1
        if not self._take_one(ask.hit, now, dry=False).passed:
            block_ns = int(ask.block_s * _NS)
            self._put(self._blocks(ask.hit.limit, block_ns), ask.hit.key, now + block_ns, now)
        return Charged(seq=self._seq, at=self._last_at)

    def blocked(self, ask: AskBlocked) -> float:
        """Return the seconds for which a key is still blocked; at the end of the block it is not."""
        table = self._tables.get((ask.limit.id, ask.limit.shape, "block"))
        if table is None:
            return 0.0
        left_ns = table.tats.get(ask.key, 0) - self._advance(ask.at)
        return left_ns / _NS if left_ns > 0 else 0.0

    def _advance(self, at: float) -> int:
        """Return the store's time in nanoseconds: `at`, or the last it has seen where that is later."""
        now = int(at * _NS)
        if now <= self._last_ns:
            return self._last_ns
        self._last_ns, self._last_at = now, at
        return now

    def _table(self, limit: Limit) -> _Table:
        """Return the entries of a limit, new ones where there are none of its shape."""
        name = (limit.id, limit.shape, "")
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = _Table(name, limit.interval_ns, limit.tolerance_ns, limit.window_s)
        return table

    def _blocks(self, limit: Limit, block_ns: int) -> _Table:
        """Return the blocked keys of a limit."""
        name = (limit.id, limit.shape, "block")
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = _Table(name, 0, block_ns, 0)
        return table

    def _take_one(self, hit: Hit, now: int, dry: bool) -> Reading:
        """Take a single hit: the common case, written without the books that several need."""
        limit, key = hit.limit, hit.key
        table = self._tables.get((limit.id, limit.shape, "")) or self._table(limit)
        filed = table.tats.get(key)
        before = now if filed is None or filed < now else filed
        after = before + hit.cost * table.interval_ns
        passed = after - now <= table.tolerance_ns
        if passed and not dry:
            if filed is None:
                self._put(table, key, after, now)
            else:
                table.tats[key] = after
        return _reading(hit, table, before, after, now, passed)

    def _put(self, table: _Table, key: str, tat: int, now: int) -> None:
        """Set an entry; a new one is filed, and pays for its place by clearing away others."""
        if key not in table.tats:
            self._tidy(now)
            if self._keys >= self._max_keys:
                self._evict(now)
            self._keys += 1
            self._file(table, key, tat)
        table.tats[key] = tat

    def _file(self, table: _Table, key: str, tat: int) -> None:
        """Put a key into the bucket in which it lapses."""
        place = tat >> table.shift
        bucket = table.buckets.get(place)
        if bucket is None:
            table.buckets[place] = [key]
            self._bucket_count += 1
            heapq.heappush(self._heap, ((place + 1) << table.shift, self._bucket_count, table, place))
        else:
            bucket.append(key)

    def _next_filed(self) -> tuple[_Table, str, int]:
        """Take the next key out of the earliest bucket, with its TAT. INVARIANT: each entry is filed exactly once."""
        _, _, table, place = self._heap[0]
        bucket = table.buckets[place]
        key = bucket.pop()
        if not bucket:
            del table.buckets[place]
            heapq.heappop(self._heap)
        return table, key, table.tats[key]

    def _tidy(self, now: int) -> None:
        """Clear away or refile a few entries of buckets that have passed."""
        for _ in range(TIDY_PER_NEW_KEY):
            if not self._heap or self._heap[0][0] > now:
                return
            table, key, tat = self._next_filed()
            if tat <= now:
                del table.tats[key]
                self._keys -= 1
                if not table.tats and self._tables.get(table.name) is table:
                    del self._tables[table.name]  # limits that policies no longer have leave nothing behind
            else:
                self._file(table, key, tat)

    def _evict(self, now: int) -> None:
        """Make room for one: drop the entry nearest to lapsing, of those looked at."""
        nearest: tuple[_Table, str, int] | None = None
        for _ in range(min(EVICT_LOOKS, self._keys)):
            place_end = self._heap[0][0]
            seen = self._next_filed()
            if nearest is None or seen[2] < nearest[2]:
                if nearest is not None:
                    self._file(*nearest)
                nearest = seen
            else:
                self._file(*seen)
            if nearest[2] < place_end or nearest[2] <= now:
                break
        if nearest is not None:
            del nearest[0].tats[nearest[1]]
            self._keys -= 1


def _reading(  # noqa: PLR0917  positional: called for each request, and keywords cost
    hit: Hit, table: _Table, before: int, after: int, now: int, charged: bool
) -> Reading:
    """Say what a counter shows: after the hit where all were `charged`, else as it stands."""
    over_ns = after - now - table.tolerance_ns
    ahead_ns = (after if charged else before) - now
    limit = hit.limit
    return _tuple(
        Reading,
        (
            limit.name,
            limit.id,
            over_ns <= 0,
            limit.count,
            table.window_s,
            (table.tolerance_ns - ahead_ns) // table.interval_ns,
            ahead_ns / _NS,
            over_ns / _NS if over_ns > 0 else 0.0,
        ),
    )
