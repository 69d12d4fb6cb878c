"""Callers for a cell: the first is let in, and each alternative of the requirement has one of its own."""

from __future__ import annotations

import pytest

from parclose.analysis.judge import judge
from parclose.analysis.sample import samples
from parclose.policy.cells import Ground
from tests.analysis.kit import cell, policy


def test_the_plainest_caller_is_let_in_everywhere() -> None:
    """For each cell somebody is found whom the engine lets in there."""
    of = policy()
    for each in Ground.of(of).touched():
        said = [judge(of, sample.persona, sample.landing.text)[0] for sample in samples(of, each)]
        assert any(one.allowed and one.route == each.route.key for one in said), each.name


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("read /**", {f"by client web, role {role}, from 10.20.0.0, country DE" for role in ("admin", "clerk")}),
        ("GET /{tenant}/orders/{id:uuid}", {"by client partner, key pk_a"}),
        ("GET /items", {"without credential", "by client web"}),
    ],
)
def test_each_alternative_has_a_caller(route: str, words: set[str]) -> None:
    """Roles one by one, visitors beside customers; a place only where it is asked for."""
    of = policy()
    assert {sample.words for sample in samples(of, cell(of, route))} == words


def test_a_bound_path_is_the_callers_own() -> None:
    """A key's tenant is what it is, so the path is made to fit."""
    of = policy()
    found = {sample.landing.path[0] for sample in samples(of, cell(of, "GET /{tenant}/orders/{id:uuid}"))}
    assert "a" in found


def test_somebody_from_elsewhere() -> None:
    """An address and a country may be set, whether the cell takes them or not; then they are named."""
    of = policy()
    found = next(samples(of, cell(of, "GET /items"), address="192.0.2.9", country="KE"))
    assert (found.persona.peer, found.persona.country) == ("192.0.2.9", "KE")
    assert found.words == "by client web, from 192.0.2.9, country KE"


def test_where_nobody_can_come_from_nobody_comes() -> None:
    """What is allowed and denied at once has no address."""
    of = policy(("allow: [vpn]", "allow: [vpn], deny: [vpn]"))
    assert list(samples(of, cell(of, "read /**"))) == []
