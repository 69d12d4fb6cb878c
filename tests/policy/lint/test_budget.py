"""Sets of paths that could make one lookup walk too far: the bound is never below what a lookup takes."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.lint.budget import most_steps
from parclose.policy.paths import PathPattern
from parclose.policy.trie import Trie
from tests.policy.lint.looking import found
from tests.policy.lint.sending import looked, sent, token

READ = '      "read /orders/**": orders:read\n'
WORDS = ("a", "{p%d}", "{n%d:int}", "7")


def trie_of(patterns: list[str]) -> Trie[str]:
    """Return a trie with a value at each pattern."""
    trie: Trie[str] = Trie()
    for text in patterns:
        trie.place(PathPattern.parse(text))["GET"] = text
    return trie


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), min_size=1, max_size=8),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_no_lookup_takes_more_than_the_bound(words: list[list[str]], tails: list[bool]) -> None:
    """Every path over the alphabet is walked to its end, and its steps are counted."""
    texts = [
        "".join(f"/{word.replace('%d', str(at))}" for at, word in enumerate(parts)) + "/**" * tail
        for parts, tail in zip(words, tails, strict=False)
    ]
    trie = trie_of(texts)
    bound = most_steps(trie)
    for depth in range(6):
        for path in product(("a", "7", "z"), repeat=depth):
            assert steps(trie, path) <= bound


def steps(trie: Trie[str], path: tuple[str, ...]) -> int:
    """Return how many nodes a walk to the end looks at, told apart by where it is and at what depth."""
    count, stack = 0, [(trie.root, 0, False)]
    while stack:
        node, at, tail = stack.pop()
        count += 1
        if tail:
            continue
        if node.tail is not None:
            stack.append((node, at, True))
        if at < len(path):
            below = [node.literals.get(path[at]), node.param]
            below += [child for kind, child in node.typed if kind.accepts(path[at])]
            stack.extend((child, at + 1, False) for child in below if child is not None)
    return count


def templates(depth: int) -> list[str]:
    """Return a path for every choice of a literal or a parameter at each of `depth` positions."""
    choices = product((True, False), repeat=depth)
    return ["".join("/a" if literal else f"/{{p{at}}}" for at, literal in enumerate(each)) for each in choices]


def entangled(depth: int) -> str:
    """Return routes with such paths."""
    return "".join(f'      "PUT {path}": orders:write\n' for path in templates(depth))


def test_a_set_that_entangles_itself() -> None:
    """RTE010 at 2^9 templates; the engine gives up on a path of them, and not on those of 2^8."""
    policy, findings = looked("RTE010", (READ, READ + entangled(9)))
    assert [(each.found, each.message) for each in findings] == [
        (
            "shop",
            (
                "the routes of segment `shop` may need 1,023 steps for one path, and a lookup stops at 1,000 with 400 "
                "path_too_complex"
            ),
        )
    ]
    line = "DELETE https://shop.example/" + "/".join("a" * 9)
    assert policy is not None
    assert sent(policy, line, token()) == "400 path_too_complex @shop"
    policy, findings = looked("RTE010", (READ, READ + entangled(8)))
    assert findings == []
    assert policy is not None
    assert sent(policy, line.removesuffix("/a"), token()) == "405 method_not_allowed @shop"


def test_shared_routes_and_surfaces() -> None:
    """A route set is told of once, where it is used first; surfaces where their first segment is."""
    routes = entangled(9).replace("      ", "    ")
    sets = ("segments:\n", f"route_sets:\n  knot:\n{routes}segments:\n")
    own = (READ, "    route_sets: [knot]\n")
    twin = (
        "personas:",
        "  twin:\n    match: {hosts: [twin.example], clients: [web]}\n    route_sets: [knot]\npersonas:",
    )
    assert [text for text, _ in found("RTE010", sets, own, twin)] == ["knot"]
    paths = ", ".join(f"'{key}'" for key in templates(9))
    surface = (
        "segments:\n",
        (
            f"segments:\n  aa:\n    match: {{hosts: [aa.example], clients: [web], paths: [{paths}]}}\n"
            '    routes: {"read /**": orders:read}\n'
        ),
    )
    assert [(text, sentence.partition(" may")[0]) for text, sentence in found("RTE010", surface)] == [
        ("aa", "the surfaces on host `aa.example`")
    ]
