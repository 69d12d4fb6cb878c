"""Requests that land on a cell: the policy's own indexes lead there, and nowhere else."""

from __future__ import annotations

import pytest

from parclose.policy.cells import Ground
from parclose.policy.landing import Landing, land, landings, lands, paths_of
from parclose.policy.paths import PathPattern
from tests.policy.shop import changed, load_text
from tests.policy.test_cells import CARVED, POLICY


@pytest.mark.parametrize(
    ("segment", "route", "text", "listener"),
    [
        ("wide", "GET /v1/{id:int}", "GET https://x.api.example/v1/7", "edge"),
        ("wide", "GET /v1/{id}", "GET https://x.api.example/v1/x", "edge"),
        ("inner", "any /v1/**", "GET https://api.example/v1/x", "edge"),
        ("writes", "any /v1/**", "POST https://api.example/v1/x", "edge"),
        ("named", "any /**", "GET https://api.example/x", "out"),
    ],
)
def test_each_cell_has_one(segment: str, route: str, text: str, listener: str) -> None:
    """Past what others take, through a listener of the cell."""
    ground = Ground.of(POLICY)
    cells = [cell for cell in ground.touched() if (cell.segment.name, cell.route.key) == (segment, route)]
    found = [landing for cell in cells if (landing := land(POLICY, cell)) is not None]
    assert (found[0].text, found[0].listener) == (text, listener)
    assert all(lands(POLICY, cell, landing) for cell in cells for landing in landings(POLICY, cell))


def test_a_cell_that_is_taken_has_none() -> None:
    """Where nearer routes or surfaces take everything, no request is made up."""
    ground = Ground.of(POLICY)
    taken = [cell for cell in ground.touched() if ground.left(cell) is None]
    assert taken
    assert [land(POLICY, cell) for cell in taken] == [None] * len(taken)


def test_a_listener_where_another_segment_stands_is_passed_over() -> None:
    """A segment that names no listener is reached through a port that no nearer one names."""
    text = changed(("segments:\n", CARVED)).replace("listeners: [out]", "listeners: [edge]")
    policy = load_text(text)
    cells = [cell for cell in Ground.of(policy).touched() if cell.segment.name == "inner"]
    found = land(policy, cells[0])
    assert found is not None
    assert found.listener == "reverse"


@pytest.mark.parametrize(
    ("pattern", "first", "held"),
    [
        ("/", (), ()),
        ("/a/{x}", ("a", "x"), ("a", "7")),
        ("/{n:int}/**", ("7", "x"), ("7",)),
        ("/{e:enum(b,c)}", ("b",), ("b",)),
        ("/{r:re(v[0-9])}", ("v1",), ("v1",)),
    ],
)
def test_paths_that_are_tried(pattern: str, first: tuple[str, ...], held: tuple[str, ...]) -> None:
    """The plainest first; all are of the pattern."""
    parsed = PathPattern.parse(pattern)
    found = list(paths_of(parsed))
    assert found[0] == first
    assert held in found
    assert all(parsed.matches(path) for path in found)


def test_a_url_is_escaped_as_it_would_be_sent() -> None:
    """What cannot stand in a path is escaped; an IPv6 host is in brackets."""
    landing = Landing(listener="", method="GET", host="::1", path=("a b", "é", "x@y"))
    assert landing.text == "GET https://[::1]/a%20b/%C3%A9/x@y"
