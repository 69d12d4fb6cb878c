"""The counters of one limit: each kind by itself, as the store uses it."""

from __future__ import annotations

import pytest

from parclose.policy.segment import Limit
from parclose.ports import Hit
from parclose.stores.tables import NS, QuotaTable, RateTable, SlotTable, Table, table_of
from tests.stores.contract_counter import AT, limit, quota, slots

NAME = ("a/x", "shape", "")


@pytest.mark.parametrize(
    ("made", "kind"),
    [(limit(), RateTable), (quota(), QuotaTable), (slots(), SlotTable)],
    ids=["rate", "quota", "slots"],
)
def test_each_kind_has_its_own_table(made: Limit, kind: type[Table]) -> None:
    """A limit is counted as what it is."""
    assert type(table_of(made, NAME, int(AT) * NS)) is kind


@pytest.mark.parametrize(
    ("made", "held", "cost", "after", "passes"),
    [
        (quota(count=5), 4, 1, 5, True),
        (quota(count=5), 4, 2, 6, False),
        (quota(count=5), 0, 5, 5, True),
        (slots(count=2), 1, 9, 2, True),
        (slots(count=2), 2, 1, 3, False),
    ],
)
def test_the_last_one_passes(made: Limit, held: int, cost: int, after: int, passes: bool) -> None:
    """Up to the figure and no further; a slot is one, whatever the request costs."""
    table, now = table_of(made, NAME, int(AT) * NS), int(AT) * NS
    table.held["k"] = held
    assert table.before("k", now) == held
    assert table.after(held, Hit(made, "k", cost)) == after
    assert table.passes(after, now) is passes


def test_a_quotas_entries_lapse_together_at_the_end_of_the_period() -> None:
    """A nanosecond before its end an instant is still of the period, float rounding or not."""
    end = 1_780_358_400 * NS
    table = table_of(quota(), NAME, end - 1)
    table.held["k"] = 1
    assert (table.end_ns, table.lapses("k")) == (end, end)
    assert table_of(quota(), NAME, end).end_ns == end + 86_400 * NS


def test_a_slot_given_back_leaves_nothing() -> None:
    """A key without requests is no key."""
    table = SlotTable(NAME, slots())
    table.held["k"] = 2
    for held in ({"k": 1}, {}, {}):
        table.release("k")
        assert table.held == held


def test_a_bare_table_counts_nothing() -> None:
    """A kind that says nothing of its own is a mistake of ours, and is heard."""
    table, hit = Table(NAME), Hit(limit(), "k")
    for ask in (
        lambda: table.before("k", 0), lambda: table.after(0, hit), lambda: table.passes(0, 0),
        lambda: table.reading(hit, 0, 0, 0, False),
    ):  # fmt: skip
        with pytest.raises(NotImplementedError):
            ask()
