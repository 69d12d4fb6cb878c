"""Who wins where segments share a surface: disjoint, narrower, by word; else SEG001 with a request that fits both."""

from __future__ import annotations

import re

import pytest

from tests.policy.shop import changed, ids, load_text, one


def policy(first: str, second: str) -> str:
    """Return a policy with two more segments, `aa` and `bb`, on one host."""
    return changed(
        (
            "segments:",
            "segments:\n"
            + "".join(
                f"  {name}:\n    match: {{hosts: [two.example], paths: [/v1/**], {match}}}\n"
                f'    routes: {{"read /v1/things": authenticated}}\n{more}'
                for name, (match, _, more) in (("aa", first.partition("#")), ("bb", second.partition("#")))
            ),
        )
    )


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("clients: [web]", "clients: [partner]", []),
        ("clients: [web]", "clients: [web, partner]", []),
        ("clients: [web]", "clients: [web]", ["SEG001"]),
        ("clients: [web, partner]", "clients: [web, anonymous]", ["SEG001"]),
        ("clients: [web], attributes: {plan: [free]}", "clients: [web], attributes: {plan: [paid]}", []),
        ("clients: [web, anonymous], attributes: {plan: [free]}", "clients: [web]", ["SEG001"]),
        ("clients: [web]", "clients: [web], attributes: {plan: [paid]}", []),
        ("clients: [anonymous], attributes: {plan: [paid]}", "clients: [anonymous]", ["SEG004", "SEG004"]),
        ("clients: [web], roles: [admin]", "clients: [web]", []),
        ("clients: [web], zones: [office]", "clients: [web], zones: [vpn]", []),
        ("clients: [web], zones: [office]", "clients: [web], geo: [nordic]", ["SEG001"]),
        ("clients: [web], geo: [nordic]", "clients: [web], geo: [DE]", []),
        ("clients: [web], geo: [NO]", "clients: [web], geo: [nordic]", []),
        ("clients: [web], methods: [GET]", "clients: [web], methods: [HEAD]", []),
        ("clients: [web], methods: [GET]", "clients: [web]", []),
        ("clients: [web, partner]#    wins_over: [bb]\n", "clients: [web, anonymous]", []),
        # Nobody would be left to the other.
        ("clients: [web]#    wins_over: [bb]\n", "clients: [web]", ["SEG002"]),
        ("clients: [web]#    wins_over: [bb]\n", "clients: [web]#    wins_over: [aa]\n", ["REF004"]),
        ("clients: [web]", "clients: [web, partner]#    wins_over: [aa]\n", ["REF004"]),
        ("clients: [web]#    wins_over: [cc]\n", "clients: [partner]", ["REF001"]),
        ("clients: [web]#    wins_over: [aa]\n", "clients: [partner]", ["REF004"]),
    ],
)
def test_what_loads(first: str, second: str, found: list[str]) -> None:
    """Each way to be told apart, and what remains ambiguous."""
    assert ids(policy(first, second)) == found


def test_segments_on_other_surfaces_are_never_compared() -> None:
    """The same audience on another path or host is no ambiguity."""
    assert (
        ids(
            policy("clients: [web]", "clients: [web]")
            .replace("/v1/**", "/v1/x/**", 1)
            .replace("/v1/things", "/v1/x/y", 1)
        )
        == []
    )


@pytest.mark.parametrize(
    ("first", "second", "who"),
    [
        ("clients: [web, partner]", "clients: [web, anonymous]", "by client web"),
        ("clients: [web, anonymous], attributes: {plan: [free]}", "clients: [web]", "by client web, plan free"),
        (
            "clients: [web], zones: [office]",
            "clients: [web], geo: [nordic]",
            "by client web, from 198.51.100.0, country DK",
        ),
    ],
)
def test_the_witness_is_a_request_on_that_surface(first: str, second: str, who: str) -> None:
    """Host, path and caller of the witness lead to the two segments, and the route is one of theirs."""
    finding = one(policy(first, second))
    match = re.search(r"one request: (\S+) https://([^/]+)(/\S+) (.*?) \(surface", finding.message)
    assert match is not None
    assert match.groups() == ("GET", "two.example", "/v1/things", who)
    text = policy(f"{first}#    wins_over: [bb]\n", second)
    group = load_text(text).surfaces.find(
        listener="edge", kind="reverse", host=match[2], path=tuple(match[3][1:].split("/")), method=match[1]
    )
    assert group is not None
    assert [each.name for each in group.ordered] == ["aa", "bb"]


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        ("clients: [web, partner]", "clients: [web]", ["bb", "aa"]),
        ("clients: [web]", "clients: [web, partner]", ["aa", "bb"]),
        ("clients: [web]", "clients: [partner]", ["aa", "bb"]),
        ("clients: [web, partner]", "clients: [web, anonymous]#    wins_over: [aa]\n", ["bb", "aa"]),
    ],
)
def test_who_is_asked_first(first: str, second: str, order: list[str]) -> None:
    """The narrower first, or whom a word puts first; `segments` stay in the order of names."""
    found = load_text(policy(first, second)).surfaces.find(
        listener="edge", kind="reverse", host="two.example", path=("v1", "things"), method="GET"
    )
    assert found is not None
    assert [each.name for each in found.ordered] == order
    assert [each.name for each in found.segments] == ["aa", "bb"]


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("/{x:re(a.*)}/**", "/{x:re(.*b)}/**", ["RTE008"]),
        ("/{x:enum(a,b)}", "/{x:enum(b,c)}", ["RTE008"]),
        ("/{x:enum(a,b)}", "/{x:enum(c,d)}", []),
        ("/{x:re(a.*)}/**", "/{y:re(a.*)}/**", []),
        ("/{x:int}/{y:re(a.*)}", "/{x}/{y:re(.*b)}", []),
    ],
)
def test_surfaces_between_which_no_rule_chooses(first: str, second: str, found: list[str]) -> None:
    """Two types of one rank at one place would be told apart by their spelling alone, which is nobody's intention."""
    segments = "".join(
        f"  {name}:\n    match: {{hosts: [two.example], paths: ['{path}'], clients: [{client}]}}\n"
        f'    routes: {{"any /**": authenticated}}\n'
        for name, path, client in (("aa", first, "web"), ("bb", second, "partner"))
    )
    assert ids(changed(("segments:\n", f"segments:\n{segments}"))) == found


def test_a_witness_is_a_request_for_which_both_have_a_route() -> None:
    """It is looked for among the routes of both, and escaped as it would be sent."""
    text = (
        policy("clients: [web]", "clients: [web]")
        .replace("/v1/things", "/v1/a b/{id:int}")
        .replace("read /v1/a b", "POST /v1/a%20b")
    )
    assert "POST https://two.example/v1/a%20b/7 by client web" in one(text).message


def test_an_ambiguity_that_no_request_shows_is_told_without_one() -> None:
    """An expression may be hard to meet; two segments still stand on one surface without an order."""
    text = (
        policy("clients: [web]", "clients: [web]")
        .replace("paths: [/v1/**]", "paths: ['/{v:re(zz[0-9]{7})}']")
        .replace('"read /v1/things"', "'read /{v:re(zz[0-9]{7})}'")
    )
    assert one(text).message.startswith("nothing says which of `aa` and `bb` comes first on surface two.example")
