"""What `scripts/bench` runs: all measurements, in text or as JSON. Names no budget: it tells what it saw."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from tests.bench import checking, decisions, large, reloading, throughput
from tests.bench.checking import Checking
from tests.bench.decisions import Timing
from tests.bench.load import Load
from tests.bench.reloading import Felt, Reload
from tests.bench.throughput import Throughput

PARTS = ("proxy", "decide", "check", "reload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was measured; nothing of what was not asked for."""

    proxied: Throughput | None = None
    decided: list[Timing]
    checked: Checking | None = None
    reloads: list[Reload]


def main(words: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures Parclose beside stock mitmdump.")
    parser.add_argument("--pairs", type=int, default=5, help="pairs of runs (default: 5)")
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds of each run (default: 8)")
    parser.add_argument("--quick", action="store_true", help="two pairs of three seconds: a first impression")
    parser.add_argument("--only", choices=PARTS, help="one of the measurements")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    asked = parser.parse_args(words)
    pairs, seconds = (2, 3.0) if asked.quick else (asked.pairs, asked.seconds)

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        seen = Seen(
            proxied=throughput.measure(pairs, seconds, tell) if asked.only in {None, "proxy"} else None,
            decided=_measure_decisions(tell) if asked.only in {None, "decide"} else [],
            checked=checking.measure(pairs, tell) if asked.only in {None, "check"} else None,
            reloads=reloading.measure(pairs, tell) if asked.only in {None, "reload"} else [],
        )
    except RuntimeError as wrong:
        tell(f"bench: {wrong}")
        return 1
    print(json.dumps(document(seen), indent=2) if asked.format == "json" else text(seen))
    return 0


def _measure_decisions(tell: Callable[[str], None]) -> list[Timing]:
    """Measure decisions; making the large policy takes the longest."""
    tell(f"deciding under policies of {' and '.join(f'{size:,}' for size in decisions.SIZES)} segments")
    return decisions.measure()


def text(seen: Seen) -> str:
    """Return the figures for people: medians, and the ratio of each pair."""
    proxied, decided = seen.proxied, seen.decided
    lines: list[str] = []
    if proxied is not None:
        stock, guarded = [pair.stock for pair in proxied.pairs], [pair.guarded for pair in proxied.pairs]
        ratios = [pair.ratio for pair in proxied.pairs]
        lines += [
            f"{'medians of ' + str(len(ratios)) + ' pairs':<30}  {'requests/s':>10}  {'p50 ms':>8}  {'p99 ms':>8}",
            _row("nginx alone", [proxied.direct]),
            _row("stock mitmdump, no addons", stock),
            _row("mitmdump with Parclose", guarded),
            f"ratio  median {statistics.median(ratios):.2f}   of each pair {'  '.join(f'{one:.2f}' for one in ratios)}",
        ]
    if decided:
        lines += ["", f"{'decide, 50 routes a segment':<30}  {'median us':>10}  {'p99 us':>8}"]
        lines += [
            f"{f'{one.segments:,} segments, traffic on {one.hot}':<30}  {one.median_us:>10.1f}  {one.p99_us:>8.1f}"
            for one in decided
        ]
        lines.append(f"ratio  median {growth(decided):.2f}   under the same traffic")
    if seen.checked is not None:
        lines += [
            "",
            f"{f'check, {large.SEGMENTS:,} segments, {large.FILES} files':<30}  {'median s':>10}  {'worst s':>8}",
        ]
        lines.append(f"{'with its start':<30}  {seen.checked.median_s:>10.1f}  {max(seen.checked.runs_s):>8.1f}")
    if seen.reloads:
        lines += ["", f"{'reload of one of its files':<30}  {'p50 ms':>10}  {'p99 ms':>8}  {'longest':>8}"]
        lines.append(_felt("requests around it", [one.around for one in seen.reloads]))
        lines.append(_felt("requests at rest, as long", [one.quiet for one in seen.reloads]))
        extra = [f"{one.around.longest_ms - one.quiet.longest_ms:.1f}" for one in seen.reloads]
        lines.append(f"longest, more than at rest: {'  '.join(extra)} ms")
        lines.append(f"in force after {statistics.median(one.in_force_s for one in seen.reloads):.1f} s (median)")
    return "\n".join(lines).strip("\n")


def _felt(name: str, times: list[Felt]) -> str:
    """Return the medians of p50 and p99, and the longest request of all."""
    p50, p99 = statistics.median(one.p50_ms for one in times), statistics.median(one.p99_ms for one in times)
    return f"{name:<30}  {p50:>10.1f}  {p99:>8.1f}  {max(one.longest_ms for one in times):>8.1f}"


def _row(name: str, runs: list[Load]) -> str:
    """Return the medians of one side."""
    rate = statistics.median(run.requests_per_s for run in runs)
    p50 = statistics.median(run.p50_ms for run in runs)
    p99 = statistics.median(run.p99_ms for run in runs)
    return f"{name:<30}  {rate:>10,.0f}  {p50:>8.2f}  {p99:>8.2f}"


def growth(decided: list[Timing]) -> float:
    """Return how much longer a decision takes under the largest policy than under the smallest, traffic alike."""
    alike = [one for one in decided if one.hot == decisions.HOT]
    return alike[-1].median_us / alike[0].median_us


def document(seen: Seen) -> dict[str, object]:
    """Return the figures as plain values."""
    proxied, decided = seen.proxied, seen.decided
    report: dict[str, object] = {"schema": "parclose.bench/1"}
    if proxied is not None:
        ratios = [pair.ratio for pair in proxied.pairs]
        report["proxy"] = {
            "direct_requests_per_s": proxied.direct.requests_per_s,
            "pairs": [
                {
                    "ratio": pair.ratio,
                    **{
                        f"{side}_{name}": getattr(run, name)
                        for side, run in (("stock", pair.stock), ("parclose", pair.guarded))
                        for name in ("requests_per_s", "p50_ms", "p99_ms")
                    },
                }
                for pair in proxied.pairs
            ],
            "median_ratio": statistics.median(ratios),
        }
    if decided:
        report["decide"] = {
            "sizes": [{**asdict(one), "routes": decisions.ROUTES} for one in decided],
            "median_ratio": growth(decided),
        }
    if seen.checked is not None:
        report["check"] = {"segments": large.SEGMENTS, "files": large.FILES, **asdict(seen.checked)}
    if seen.reloads:
        report["reload"] = [asdict(one) for one in seen.reloads]
    return report


if __name__ == "__main__":
    sys.exit(main())
