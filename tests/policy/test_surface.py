"""Surfaces: the compiled index finds the group that section 3.2 of the language names, by naive comparison."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.hosts import HostPattern
from parclose.policy.methods import ANY, MethodSet
from parclose.policy.paths import PathPattern
from parclose.policy.segment import Audience, Authn, Network, Route, Segment, Surface
from parclose.policy.surface import Place, RouteTrie, SurfaceIndex, build_routes, build_surfaces, places
from tests.policy.shop import BASE, changed, load_text
from tests.policy.test_paths import PATHS, patterns


def segment(name: str, surface: Surface) -> Segment:
    """Return a segment that stands somewhere, and nothing more."""
    return Segment(
        name=name,
        surface=surface,
        audience=Audience(clients=frozenset({"web"})),
        routes=RouteTrie(),
        route_list=(),
        network=Network(),
        authn=Authn(),
    )


HOSTS = st.sampled_from(["*", "*.x", "*.a.x", "b.a.x", "a.x"]).map(HostPattern.parse)
METHODS = st.one_of(
    st.none(),
    st.sampled_from(["GET", "POST", "read", "write", "any", "GET|write", "any|PROPFIND", "PROPFIND"]).map(
        MethodSet.parse
    ),
)
LISTENERS = st.sampled_from([(), ("edge",), ("out",), ("edge", "out")])
SURFACES = st.builds(
    Surface,
    listeners=LISTENERS,
    hosts=st.lists(HOSTS, min_size=1, max_size=2).map(tuple),
    paths=st.lists(patterns(), min_size=1, max_size=2).map(tuple),
    methods=METHODS,
)


def naive(segments: list[Segment], where: tuple[str, str], host: str, path: tuple[str, ...], method: str) -> set[str]:
    """Return the group by comparing every (segment, host pattern, path pattern), in the words of the language."""
    listener, kind = where
    ranks: dict[str, object] = {}
    for each in segments:
        surface = each.surface
        if listener in surface.listeners:
            named = 0
        elif not surface.listeners and kind == "reverse":
            named = 1
        else:
            continue
        rank = ANY if surface.methods is None else surface.methods.rank(method)
        if rank is None and surface.methods is not None and surface.methods.is_any:
            rank = ANY  # a surface of any method is one of those that nobody named, too
        if rank is None:
            continue
        found = [
            (named, h.rank, p.rank, rank)
            for h in surface.hosts
            for p in surface.paths
            if h.matches(host) and p.matches(path)
        ]
        if found:
            ranks[each.name] = min(found)
    best = min(ranks.values(), default=None)  # type: ignore[type-var]
    return {name for name, rank in ranks.items() if rank == best}


@settings(max_examples=600, deadline=None)
@given(
    st.lists(SURFACES, max_size=7),
    st.sampled_from([("edge", "reverse"), ("out", "forward"), ("reverse", "reverse"), ("forward", "forward")]),
    st.sampled_from(["x", "a.x", "b.a.x", "c.a.x", "y"]),
    PATHS,
    st.sampled_from(["GET", "HEAD", "POST", "PROPFIND", "OPTIONS", "PURGE"]),
)
def test_the_index_finds_what_comparing_all_would(
    surfaces: list[Surface], where: tuple[str, str], host: str, path: tuple[str, ...], method: str
) -> None:
    """For any surfaces and request: the same group, no falling through, whatever else stands elsewhere."""
    segments = [segment(f"s{at}", surface) for at, surface in enumerate(surfaces)]
    index = build_surfaces(places(segments), {})
    group = index.find(listener=where[0], kind=where[1], host=host, path=path, method=method)
    expected = naive(segments, where, host, path, method)
    assert {each.name for each in group.segments} == expected if group else expected == set()


@given(st.lists(SURFACES, max_size=6), st.sampled_from(["x", "a.x", "b.a.x"]))
def test_a_connect_is_judged_on_the_best_host(surfaces: list[Surface], host: str) -> None:
    """All segments of the best host pattern, whatever their paths; on a forward listener only those that name it."""
    segments = [segment(f"s{at}", surface) for at, surface in enumerate(surfaces)]
    index = build_surfaces(places(segments), {})
    ranks = {
        (h.rank, each.name)
        for each in segments
        if "out" in each.surface.listeners
        for h in each.surface.hosts
        if h.matches(host)
    }
    best = min((rank for rank, _ in ranks), default=None)
    found = [each.name for each in index.on_host(listener="out", kind="forward", host=host)]
    assert found == sorted({name for rank, name in ranks if rank == best})


ROUTES = st.tuples(st.sampled_from(["GET", "POST", "read", "write", "any", "HEAD"]), patterns())


@settings(max_examples=400)
@given(st.lists(ROUTES, max_size=8), PATHS, st.sampled_from(["GET", "HEAD", "POST"]))
def test_the_best_route_is_found(written: list[tuple[str, PathPattern]], path: tuple[str, ...], method: str) -> None:
    """The best path that has the method, then the better named method; methods for 405 are all that match."""
    routes = [Route(key=f"{m} {p.text}", methods=MethodSet.parse(m), path=p) for m, p in written]
    trie = build_routes(routes)
    hit = trie.find(path, method)
    having = [(r.path.rank, r.methods.rank(method)) for r in routes if r.path.matches(path) and method in r.methods]
    if hit is None:
        assert having == []
    else:
        assert (hit.route.path.rank, hit.route.methods.rank(method)) == min(having, key=str_rank)
        assert hit.params == hit.route.path.params(path)
    assert trie.methods(path) == {m for r in routes if r.path.matches(path) for m in r.methods.methods}


def str_rank(pair: tuple[object, int | None]) -> tuple[object, int]:
    """Return a rank that compares; a missing one is worst."""
    return pair[0], ANY + 1 if pair[1] is None else pair[1]


CARVED = """\
  pay:
    match: {hosts: [shop.example], paths: [/orders/pay/**], clients: [partner]}
    routes: {"GET /orders/pay/{id}": authenticated}
"""


def test_a_carve_out_is_total() -> None:
    """A narrower surface takes all of itself, even from callers whom only the wider one would accept."""
    text = changed(("personas:", CARVED + "personas:"))
    surfaces = load_text(text).surfaces
    found = surfaces.find(
        listener="edge", kind="reverse", host="shop.example", path=("orders", "pay", "1"), method="GET"
    )
    assert found is not None
    assert [each.name for each in found.segments] == ["pay"]
    wide = surfaces.find(listener="edge", kind="reverse", host="shop.example", path=("orders", "1"), method="GET")
    assert wide is not None
    assert (wide.text, [each.name for each in wide.ordered]) == ("shop.example /**", ["shop"])


def test_a_forward_listener_needs_its_name() -> None:
    """A segment that names no listener is on no forward one."""
    surfaces: SurfaceIndex = load_text(BASE).surfaces
    assert surfaces.find(listener="out", kind="forward", host="shop.example", path=("items",), method="GET") is None
    assert surfaces.on_host(listener="out", kind="forward", host="shop.example") == ()


def test_places_bring_equal_patterns_together() -> None:
    """Two patterns that match the same paths are one place, whatever their parameters are called."""
    one = Surface(hosts=(HostPattern.parse("x"),), paths=(PathPattern.parse("/{a}"),))
    other = Surface(hosts=(HostPattern.parse("x"),), paths=(PathPattern.parse("/{b}"),))
    found: list[Place] = places([segment("one", one), segment("other", other)])
    assert [[each.name for each in place.segments] for place in found] == [["one", "other"]]
