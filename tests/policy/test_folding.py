"""The policy's own paths as a lax server reads them: a twin of all surfaces, only where some path folds to another."""

from __future__ import annotations

import pickle

import pytest

from parclose.policy.folding import fold_path, fold_pattern
from parclose.policy.paths import PathPattern
from tests.policy.shop import changed, load_text

ROUTE = '"read /orders/**": orders:read'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), ()),
        (("v1", "Payouts"), ("v1", "payouts")),
        (("v1", "payouts. ."), ("v1", "payouts")),
        (("...",), ("",)),
        (("\uff50ayouts",), ("payouts",)),
        (("a\u2100b",), ("aa", "cb")),
        (("stra\u00dfe",), ("strasse",)),
        (("v1", ""), ("v1", "")),
        (("\u3000pay\u2028.",), ("pay",)),
        (("p\u00ada\u200dy\ufe0f",), ("pay",)),
        (("PA\u0130D", "pa\u0131d"), ("paid", "paid")),
        (("a\u2215b\u00a5c",), ("a", "b", "c")),
        (("1\u00bd",), ("11\u20442",)),
        (("pay::$DATA", "x:$i30:$Index"), ("pay", "x")),
        (("pay:$", "a:b", "$:c"), ("pay:$", "a:b", "$:c")),
    ],
)
def test_fold_path(path: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Case, look-alikes and trimmed ends; a look-alike of a separator parts a segment."""
    assert fold_path(path) == expected


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/v1/Payouts/**", ("v1", "payouts", "x")),
        ("/v1/payouts./x", ("v1", "payouts", "x")),
        ("/{Id}/Name", ("7", "name")),
        ("/{kind:enum(Gold,TIN)}", ("tin",)),
        ("/{code:re([A-Z]{3})}", ("abc",)),
        ("/a\u2100b", ("aa", "cb")),
    ],
)
def test_what_folds_is_matched_folded(text: str, path: tuple[str, ...]) -> None:
    """A folded pattern takes the folded paths of the one that was written, and keeps its text for people."""
    pattern = PathPattern.parse(text)
    folded = fold_pattern(pattern)
    assert not pattern.matches(path)
    assert folded.matches(path)
    assert folded.text == text
    assert pickle.loads(pickle.dumps(folded)).matches(path)


@pytest.mark.parametrize(
    "text", ["/", "/v1/**", "/{Id}", "/{id:uuid}", "/{id:enum(a,b)}", r"/{id:re([a-z]+\.x)}", "/v1/"]
)
def test_what_does_not_fold_is_the_same(text: str) -> None:
    """Most policies have no such path; nothing is made for them."""
    pattern = PathPattern.parse(text)
    assert fold_pattern(pattern) is pattern


def test_there_is_no_twin_without_need() -> None:
    """The second look costs nothing where no path of the policy folds to another."""
    assert load_text(changed()).folded is None
    assert load_text(changed((ROUTE, '"read /Orders/**": orders:read'))).folded is not None


def test_routes_apart_by_spelling_alone_share_their_keys() -> None:
    """Neither equals what the first look finds, so both spellings are refused; another method is left alone."""
    routes = '"GET /a/Secret": orders:read\n      "GET /a/secret": public\n      "PUT /a/secret": orders:write'
    policy = load_text(changed((ROUTE, routes)))
    assert policy.folded is not None
    found = policy.folded.on_host(listener="edge", kind="reverse", host="shop.example")[0].routes
    keys = {method: hit.route.key for method in ("GET", "PUT") if (hit := found.find(("a", "secret"), method))}
    assert keys == {"GET": "GET /a/Secret or GET /a/secret", "PUT": "PUT /a/secret"}
