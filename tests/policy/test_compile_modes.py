"""What `mode` and `log_only` leave: if these fail, a trial is enforced, or what is to be enforced is not."""

from __future__ import annotations

import pytest

from parclose.policy.load import examine
from parclose.policy.model import Policy
from tests.policy.shop import KEYS, changed, load_text, said

ROUTES = '    routes:\n      "GET /items": public\n'
TESTS = '    checks: {"GET https://shop.example/items": allow @shop}'
UNTESTED = (TESTS, "    skip: the segment is not in force")


def policy(*changes: tuple[str, str]) -> Policy:
    """Load a changed shop whose test looks at nothing."""
    return load_text(changed(UNTESTED, *changes))


def warnings(*changes: tuple[str, str]) -> list[tuple[str, str]]:
    """Return id and severity of what is said of overlaps in a changed shop."""
    text = changed(UNTESTED, *changes)
    files = {"/p/policy.yaml": text.encode(), "/p/keys.json": KEYS.encode()}

    def read(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return files[path]

    found = examine("/p/policy.yaml", read).findings
    return [(each.id, each.severity) for each in found if each.id in {"SEG001", "REF004", "RTE001", "RTE006", "RTE008"}]


def beside(policy: Policy) -> Policy:
    """Return the policy in which everything is live."""
    assert policy.shadow is not None
    return policy.shadow


def second(match: str, more: str = "") -> tuple[str, str]:
    """Return a change that adds a segment."""
    head = f"segments:\n  trial:\n    match: {{{match}}}\n{more}"
    return ("segments:\n", f"{head}    routes: {{any /**: authenticated}}\n")


def test_a_policy_without_modes_has_no_second_view() -> None:
    """Nothing is compiled twice, and nothing is asked twice, where there is nothing to try."""
    assert policy().shadow is None
    assert policy(("    routes:", "    mode: enforce\n    log_only: []\n    routes:")).shadow is None


def test_a_segment_in_shadow_is_in_the_second_view_alone() -> None:
    """In force is the policy as if the segment were not there; beside it stands the one with it."""
    tried = policy(second("hosts: [shop.example], paths: [/items/**], clients: [web]", "    mode: shadow\n"))
    assert list(tried.segments) == ["shop"]
    assert sorted(beside(tried).segments) == ["shop", "trial"]
    assert tried.segments["shop"] is beside(tried).segments["shop"]
    for view, segment in ((tried, "shop"), (beside(tried), "trial")):
        group = view.surfaces.find(
            listener="edge", kind="reverse", host="shop.example", path=("items", "1"), method="GET"
        )
        assert group is not None
        assert [each.name for each in group.segments] == [segment]
    assert beside(tried).shadow is None


def test_a_segment_that_is_off_is_nowhere() -> None:
    """Parked: neither in force nor tried, but its mistakes are still named."""
    parked = policy(second("hosts: [x.example], clients: [web]", "    mode: off\n"))
    assert list(parked.segments) == ["shop"]
    assert parked.shadow is None
    assert said(second("hosts: [x.example], clients: [wbe]", "    mode: off\n")) == [("REF001", "wbe")]


def test_a_profile_can_put_a_segment_in_shadow() -> None:
    """`mode` is inherited like anything else, and what the segment itself says is stronger."""
    profile = ("segments:\n", "profiles: {try: {mode: shadow}}\nsegments:\n")
    used = ("    routes:", "    use: [try]\n    routes:")
    assert list(policy(profile, used).segments) == []
    assert list(policy(profile, ("    routes:", "    use: [try]\n    mode: enforce\n    routes:")).segments) == ["shop"]


def test_routes_in_shadow_and_off() -> None:
    """In force there is no such route; in the second view one in shadow is there, one that is off is not."""
    tried = policy(
        (
            ROUTES,
            ROUTES + '      "POST /items": {scopes: orders:write, mode: shadow}\n      "GET /old": {mode: off}\n',
        )
    )
    keys = [route.key for route in tried.segments["shop"].route_list]
    assert keys == ["GET /items", "read /orders/**"]
    assert sorted({route.key for route in beside(tried).segments["shop"].route_list} - set(keys)) == ["POST /items"]
    assert tried.segments["shop"].routes.find(("items",), "POST") is None
    assert beside(tried).segments["shop"].routes.find(("items",), "POST") is not None
    assert beside(tried).segments["shop"].routes.find(("old",), "GET") is None


def test_a_segment_may_have_nothing_but_routes_to_come() -> None:
    """A segment whose only route is in shadow or off loads: in force it answers 404, as without the route."""
    assert policy((ROUTES, '    routes:\n      "GET /items": {public: true, mode: shadow}\n')).segments
    without = ('      "read /orders/**": orders:read\n', "")
    lone = policy((ROUTES, '    routes:\n      "GET /items": {mode: off}\n'), without)
    assert lone.segments["shop"].route_list == ()


def test_a_route_in_shadow_can_stand_for_one_in_force() -> None:
    """`override` in shadow: the set's route stays in force, and the new one is what is tried."""
    tried = policy(
        ("segments:\n", 'route_sets: {shared: {"GET /stock": authenticated}}\nsegments:\n'),
        (
            ROUTES,
            "    route_sets: [shared]\n" + ROUTES
            + '      "GET /stock": {scopes: orders:write, override: true, mode: shadow}\n',
        ),
    )  # fmt: skip
    for view, scopes in ((tried, None), (beside(tried), ("orders:write",))):
        hit = view.segments["shop"].routes.find(("stock",), "GET")
        assert hit is not None
        assert (hit.route.scopes.all if hit.route.scopes else None) == scopes


@pytest.mark.parametrize(
    ("concern", "left"),
    [
        ("network", (True, True, False, True)),
        ("scopes", (False, True, True, True)),
        ("limits", (True, True, True, False)),
    ],
)
def test_what_is_log_only_is_compiled_out(concern: str, left: tuple[bool, ...]) -> None:
    """One concern alone goes: requirement, access, network rule, limits; all are in the second view."""
    tried = policy(("    routes:", f"    log_only: [{concern}]\n    network: {{allow: [office]}}\n    routes:"))

    def rules(view: Policy) -> tuple[bool, ...]:
        segment = view.segments["shop"]
        hit = segment.routes.find(("orders", "1"), "GET")
        assert hit is not None
        route = hit.route
        gates = {segment.network.allow is not None, route.network.allow is not None}
        assert len(gates) == 1
        return route.scopes is not None, route.access == "caller", gates.pop(), bool(route.limits)

    assert rules(tried) == left
    assert rules(beside(tried)) == (True, True, True, True)


def test_one_route_that_does_not_gate_leaves_gating_to_the_routes() -> None:
    """The early gate knows no route: where one is log-only, it lets all pass, and the others' rules still hold."""
    rules = '    network: {allow: [office]}\n    routes:\n      "GET /items": {public: true, log_only: [network]}\n'
    tried = policy((ROUTES, rules)).segments["shop"]
    items, orders = tried.routes.find(("items",), "GET"), tried.routes.find(("orders",), "GET")
    assert items is not None
    assert orders is not None
    assert (tried.network.allow, items.route.network.allow) == (None, None)
    assert orders.route.network.allow is not None
    assert orders.route.network is not tried.network


def test_a_route_can_be_stricter_than_its_segment() -> None:
    """`log_only: []` on a route takes it out again."""
    tried = policy(
        ("    routes:", "    log_only: [limits]\n    routes:"),
        ('"read /orders/**": orders:read', '"read /orders/**": {scopes: orders:read, log_only: []}'),
    ).segments["shop"]
    items, orders = tried.routes.find(("items",), "GET"), tried.routes.find(("orders",), "GET")
    assert items is not None
    assert orders is not None
    assert (len(items.route.limits), len(orders.route.limits)) == (0, 1)


def test_where_it_may_go_is_no_concern_of_callers() -> None:
    """`log_only: [network]` takes any caller, and still no inner address as destination."""
    tried = policy(
        second(
            "listeners: [out], hosts: [x.example], clients: [web]",
            "    log_only: [network]\n    network: {allow: [office], destinations: {deny: [vpn]}}\n",
        )
    )
    network, whole = tried.segments["trial"].network, beside(tried).segments["trial"].network
    assert (network.allow, network.destinations_deny) == (None, whole.destinations_deny)
    assert whole.allow is not None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([second("hosts: [shop.example], clients: [web, partner]")], [("SEG001", "E")]),
        ([second("hosts: [shop.example], clients: [web, partner]", "    mode: shadow\n")], [("SEG001", "W")]),
        ([second("hosts: [shop.example], clients: [web, partner]", "    mode: off\n")], []),
        ([second("hosts: [shop.example], clients: [partner]", "    mode: shadow\n")], []),
        ([(ROUTES, ROUTES + '      "GET /{x}": public\n      "GET /{y}": public\n')], [("RTE001", "E")]),
        ([(ROUTES, ROUTES + '      "GET /{x}": public\n      "GET /{y}": {mode: shadow}\n')], [("RTE001", "W")]),
        ([(ROUTES, ROUTES + '      "GET /{x}": public\n      "GET /{y}": {mode: off}\n')], []),
        (
            [(ROUTES, ROUTES + '      "GET /{x:re(a+)}": public\n      "GET /{y:re(b+)}": {mode: shadow}\n')],
            [("RTE008", "W")],
        ),
        (
            [(ROUTES, ROUTES + '      "any /in/**": {network: {allow: [vpn]}}\n      "GET /in/x": {mode: shadow}\n')],
            [("RTE006", "W")],
        ),
    ],
)  # fmt: skip
def test_overlaps_with_what_is_in_shadow_are_warnings(
    changes: list[tuple[str, str]], found: list[tuple[str, str]]
) -> None:
    """Shadow takes part in every check of overlaps as if it were live, and blocks nothing."""
    assert warnings(*changes) == found


def test_a_header_of_a_segment_in_shadow_is_not_taken_from_callers() -> None:
    """What leaves is as if the segment were not there; one in force does take its header."""
    forward = "    forward: {identity: {X-User: identity.subject}}\n"
    match = "hosts: [x.example], clients: [web]"
    assert policy(second(match, f"    mode: shadow\n{forward}")).identity_headers == frozenset()
    assert policy(second(match, forward)).identity_headers == {"x-user"}


def test_a_test_cannot_expect_what_is_not_in_force() -> None:
    """Tests are about the verdict that is enforced, and say so where another is written."""
    assert said(("    routes:", "    mode: shadow\n    routes:")) == [("TST001", "allow @shop")]
