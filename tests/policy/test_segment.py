"""A segment's values: what a requirement lacks, what a rate costs, and the defaults that hold unless written."""

from __future__ import annotations

import dataclasses

import pytest

from parclose.policy.alerts import SegmentAudit
from parclose.policy.scalars import MethodSet, PathPattern
from parclose.policy.segment import Authn, Errors, Forward, GeoSet, Limit, Need, Network, Route


@pytest.mark.parametrize(
    ("need", "held", "missing"),
    [
        (Need(), set(), ()),
        (Need(all=("a",)), set(), ("a",)),
        (Need(all=("a",)), {"a"}, ()),
        (Need(all=("a", "b")), {"b"}, ("a",)),
        (Need(all=("a", "b")), {"a", "b", "c"}, ()),
        (Need(any=("a", "b")), set(), ("a", "b")),
        (Need(any=("a", "b")), {"b"}, ()),
        (Need(all=("a",), any=("b", "c")), {"c"}, ("a",)),
        (Need(all=("a",), any=("b", "c")), {"a"}, ("b", "c")),
        (Need(all=("a",), any=("b", "c")), set(), ("a", "b", "c")),
        (Need(all=("a",), any=("b", "c")), {"a", "b"}, ()),
    ],
)
def test_what_a_requirement_lacks(need: Need, held: set[str], missing: tuple[str, ...]) -> None:
    """Every one of `all` and one of `any`; who lacks something is told each name that would do."""
    assert need.missing(frozenset(held)) == missing


def limit(count: int, period_s: float, burst: int) -> Limit:
    """Return a limit of some rate."""
    return Limit(
        id="s/l", name="l", key=(("ip",),), count=count, period_ns=round(period_s * 10**9), burst=burst,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "interval_ns", "tolerance_ns", "window_s"),
    [
        (limit(5, 1, 5), 200_000_000, 1_000_000_000, 1),
        (limit(1, 3600, 1), 3_600_000_000_000, 3_600_000_000_000, 3600),
        (limit(3, 1, 10), 333_333_333, 3_333_333_330, 1),
        (limit(10**9, 1, 1), 1, 1, 1),
        (limit(1, 0.5, 1), 500_000_000, 500_000_000, 1),
        (limit(1, 1.0, 1), 1_000_000_000, 1_000_000_000, 1),
        (limit(1, 1.5, 1), 1_500_000_000, 1_500_000_000, 1),
        (limit(1, 2, 1), 2_000_000_000, 2_000_000_000, 2),
    ],
)
def test_what_a_rate_costs(made: Limit, interval_ns: int, tolerance_ns: int, window_s: int) -> None:
    """Whole nanoseconds, never none; a window is never shown as nothing."""
    assert (made.interval_ns, made.tolerance_ns, made.window_s) == (interval_ns, tolerance_ns, window_s)


@pytest.mark.parametrize(
    ("network", "asks"),
    [
        (Network(), False),
        (Network(allow=1, deny=2), False),
        (Network(allow_geo=()), True),
        (Network(allow_geo=(GeoSet(name="nordic"),)), True),
        (Network(deny_geo=(GeoSet(name="nordic"),)), True),
    ],
)
def test_whether_a_place_is_asked_for(network: Network, asks: bool) -> None:
    """Only where a rule needs it, and then even if the set that may pass is empty."""
    assert network.asks_place is asks


def test_the_defaults_are_the_closed_ones() -> None:
    """A route needs a caller, a refusal says little, the whole audit is kept, unless the policy says otherwise."""
    route = Route(key="GET /", methods=MethodSet.parse("GET"), path=PathPattern.parse("/"))
    assert (route.access, route.cost, route.limits) == ("caller", 1, ())
    assert (route.authn, route.authn.accept) == (Authn(), ())
    assert (Network().deny_as, Errors().detail, Errors().conceal) == (403, "minimal", False)
    assert (Forward().credentials, SegmentAudit().allow_sample) == ("pass", 1.0)


def test_values_do_not_change() -> None:
    """What a decision reads cannot be changed under it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Need().all = ("a",)  # type: ignore[misc]
