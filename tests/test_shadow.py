"""The second verdict: if these fail, what is on trial is enforced, or what it would do is told wrongly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.engine import decide, verdict_of, walk_through
from parclose.facts import Facts, Kept, Place, Possession, Presented, Proof
from parclose.policy.model import Policy
from parclose.ports import AskAddresses, AskFailure, AskOnce, AskPlace, AskProof
from parclose.shadow import NAMESPACE, try_out
from parclose.stages.walk import Walk
from parclose.stores.memory import MemoryCounter
from parclose.stores.world import OfflineWorld
from parclose.verdict import Would
from tests.stages.kit import AT, Table, a_token, outcome, policy, presented, request, walked

GOOD = a_token(scope="orders:read")
FORWARD = "listeners: {forward: {port: 3128, kind: forward}}"
SHOP = """
shop:
  match: {{clients: [web, anonymous]}}
  {rules}
  routes:
    "GET /x": authenticated
    "GET /public": public
    "GET /w": orders:write
    {route}
  limits: {{steady: {{key: subject|ip, rate: 5/s, burst: 1}}}}
{more}
"""


def shop(rules: str = "about: nothing", route: str = '"GET /z": authenticated', more: str = "") -> Policy:
    """Return a shop with something on trial."""
    return policy(SHOP.format(rules=rules, route=route, more=more))


def shown(line: str = "GET http://api.test/x", proof: Proof | None = GOOD, **more: object) -> Facts:
    """Return a request that presents one credential."""
    forward = more.get("kind") == "forward"
    return request(line, presented=(presented(proof, forward=forward),) if proof else (), **more)  # type: ignore[arg-type]


def table(*proofs: Proof) -> Table:
    """Return a world that knows the usual credential."""
    return Table(proofs=dict(enumerate(proofs or (GOOD,))))


def second(tried: Policy, facts: Facts, world: Table | None = None) -> tuple[Walk, Would | None]:
    """Return the walk in force, and what the second verdict says."""
    first = walked(tried, facts, table())
    made = try_out(first, world or table())
    return first, made.would() if made is not None else None


def told(tried: Policy, facts: Facts) -> tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return what is enforced, what would be, and what on trial took part."""
    first, would = second(tried, facts)
    assert would is not None
    return outcome(first), would.words, would.shadow, would.log_only, would.passed_over


PAYOUTS = """
payouts:
  match: {clients: [web], paths: [/x/**]}
  mode: shadow
  routes: {"GET /x": orders:write, "GET /x/y": authenticated}
"""
PAID = """
paid:
  match: {clients: [web], attributes: {plan: [paid]}}
  mode: shadow
  routes: {"GET /x": authenticated}
"""


@pytest.mark.parametrize(
    ("tried", "facts", "expected"),
    [
        (
            shop(more=PAYOUTS),
            shown(),
            ("allow @shop", "would deny 403 scope_missing", ("segment payouts",), (), ()),
        ),
        (
            shop(more=PAYOUTS),
            shown("GET http://api.test/x/y"),
            ("404 no_route @shop", "would allow", ("segment payouts",), (), ()),
        ),
        (
            shop(more=PAYOUTS),
            shown("GET http://api.test/x/nope"),
            ("404 no_route @shop", "would deny 404 no_route", ("segment payouts",), (), ()),
        ),
        (shop(more=PAID), shown(), ("allow @shop", "would allow", (), (), ("paid",))),
        (
            shop(route='"GET /new": {mode: shadow}'),
            shown("GET http://api.test/new"),
            ("404 no_route @shop", "would allow", ("route GET /new",), (), ()),
        ),
        (
            shop("log_only: [scopes]"),
            shown("GET http://api.test/w"),
            ("allow @shop", "would deny 403 scope_missing", (), ("scopes",), ()),
        ),
        (
            shop("log_only: [scopes]"),
            shown(),
            ("allow @shop", "would allow", (), ("scopes",), ()),
        ),
        (
            shop(route='"GET /in": {network: {allow: [office]}, log_only: [network]}'),
            shown("GET http://api.test/in"),
            ("allow @shop", "would deny 403 zone_denied", (), ("network",), ()),
        ),
    ],
)
def test_what_is_enforced_and_what_would_be(
    tried: Policy, facts: Facts, expected: tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]
) -> None:
    """Each kind of trial: the verdict in force, the second one whole, and what took part in it."""
    assert told(tried, facts) == expected


def test_a_gate_that_is_log_only() -> None:
    """A segment that takes no such address takes it, and says so."""
    tried = policy("""
    inner:
      match: {clients: [web]}
      network: {allow: [office]}
      log_only: [network]
      routes: {"GET /x": authenticated}
    """)
    assert told(tried, shown()) == ("allow @inner", "would deny 403 zone_denied", (), ("network",), ())
    assert told(tried, shown(peer="198.51.100.7"))[1] == "would allow"


def test_a_limit_that_is_log_only_counts_apart() -> None:
    """Nobody is refused, no real counter moves, and the second verdict refuses as the limit would."""
    tried, live, trial = shop("log_only: [limits]"), table(), table()
    said = []
    for _ in range(2):
        first = walked(tried, shown(), live)
        made = try_out(first, trial)
        assert made is not None
        would = made.would()
        assert would is not None
        said.append((outcome(first), would.words, [(r.name, r.remaining) for r in would.verdict.readings]))
    assert said == [
        ("allow @shop", "would allow", [("steady", 0)]),
        ("allow @shop", "would deny 429 rate_limited", [("steady", 0)]),
    ]
    assert {limit for limit, _ in live.counted} == {"admission/per-ip"} or not any(
        "steady" in limit for limit, _ in live.counted
    )
    assert [limit for limit, _ in trial.counted] == [f"{NAMESPACE}shop/steady"]


@pytest.mark.parametrize(
    "facts",
    [
        shown("GET http://api.test/a/../b"),
        shown(faults=("header_conflict",)),
        shown(peer="192.0.2.9"),
    ],
)
def test_who_is_refused_before_the_policies_part_has_one_verdict(facts: Facts) -> None:
    """Spelling, address and admission are the same for both, and are asked once."""
    tried = policy(SHOP.format(rules="log_only: [limits]", route="", more=""), "admission: {deny_zones: [blocked]}")
    first = walked(tried, facts, table())
    world = table()
    assert not verdict_of(first).allowed
    assert try_out(first, world) is None
    assert world.asked == []


def test_nothing_is_on_trial() -> None:
    """Without a second policy there is no second walk."""
    assert second(shop(), shown())[1] is None


def test_elsewhere_nothing_is_said() -> None:
    """A request that meets nothing on trial, and gets the same verdict, leaves no second one behind."""
    assert second(shop(more=PAYOUTS), shown("GET http://api.test/public", None))[1] is None


def test_what_is_on_trial_elsewhere_can_tell_here() -> None:
    """A shadow segment under another spelling of the path makes the path ambiguous: said, as indirect."""
    tried = shop(route='"any /**": public', more=PAYOUTS.replace("/x/**", "/hid/**").replace("/x", "/hid/x"))
    first, would = second(tried, shown("GET http://api.test/Hid/x", None))
    assert outcome(first) == "allow @shop"
    assert would is not None
    assert (would.words, would.mode) == ("would deny 400 path_ambiguous", "indirect")


def test_the_world_is_asked_nothing_twice() -> None:
    """Proofs, places and names that the first walk was told are told on; only counters are asked."""
    tried = policy(
        """
        out:
          match: {listeners: [forward], hosts: [a.example], clients: [web]}
          network: {deny_geo: [embargoed]}
          log_only: [limits]
          routes: {"GET /x": authenticated}
          limits: {steady: {key: subject, rate: 5/s}}
        """,
        FORWARD,
    )
    first_world, second_world = table(), table()
    first_world.places = {"203.0.113.10": Place(country="DE", asn=64496)}
    first = walked(tried, shown("GET https://a.example/x", kind="forward", tunnel=True), first_world)
    assert verdict_of(first).allowed
    made = try_out(first, second_world)
    assert made is not None
    assert verdict_of(made.walk).allowed
    for kind in (AskProof, AskPlace, AskAddresses):
        assert (first_world.asked_for(kind), second_world.asked_for(kind)) == (1, 0)


def test_what_only_the_second_walk_refuses_counts_against_nobody() -> None:
    """A bad credential on a surface that is not in force: nobody is blocked for it."""
    lone = policy("""
    shop: {match: {clients: [web], paths: [/shop/**]}, routes: {"GET /shop": authenticated}}
    trial: {match: {clients: [web], paths: [/t/**]}, mode: shadow, routes: {"GET /t": authenticated}}
    """)
    bad = a_token(state="bad_signature")
    first = walked(lone, shown("GET http://api.test/t", bad), table(bad))
    world = table(bad)
    made = try_out(first, world)
    assert made is not None
    would = made.would()
    assert would is not None
    assert (outcome(first), would.words) == ("404 no_segment", "would deny 401 token_invalid")
    assert (world.asked_for(AskProof), world.asked_for(AskFailure)) == (1, 0)


def test_a_tunnel_has_a_second_verdict_too() -> None:
    """A host that only a segment in shadow takes: the tunnel is refused, and would open."""
    tried = policy(
        """
        shop: {match: {clients: [web]}, routes: {"GET /x": authenticated}}
        out: {match: {listeners: [forward], hosts: [a.example], clients: [web]}, mode: shadow,
              routes: {"GET /x": authenticated}}
        """,
        FORWARD,
    )
    facts = shown("CONNECT https://a.example", kind="forward", connect=True)
    assert told(tried, facts) == ("403 egress_denied", "would allow", ("segment out",), (), ())


# Parts to draw policies from: some live, some on trial, on one host and a few paths.
ROUTES = {
    "/**": ["GET /a", "any /a/b", "write /**", "GET /a/{id}", "GET /**"],
    "/a/**": ["GET /a", "any /a/b", "write /a/**", "GET /a/{id}", "GET /**"],
    "/a/b/**": ["any /a/b", "GET /a/b/c", "GET /**"],
    "/a/{id}": ["GET /a/{id}", "any /a/b"],
}
NEEDS = ("public", "authenticated", "orders:read", "orders:write")
CONCERNS = ("network", "scopes", "limits")


@st.composite
def written(draw: st.DrawFn) -> list[dict[str, object]]:
    """Draw the segments of a policy; each on another path, so that none competes with another."""
    made: list[dict[str, object]] = []
    for path in draw(st.lists(st.sampled_from(sorted(ROUTES)), min_size=1, max_size=3, unique=True)):
        routes = draw(
            st.dictionaries(
                st.sampled_from(ROUTES[path]),
                st.tuples(st.sampled_from(NEEDS), st.sampled_from(["enforce", "shadow", "off"])),
                min_size=1,
                max_size=3,
            )
        )
        made.append(
            {
                "path": path,
                "mode": draw(st.sampled_from(["enforce", "enforce", "shadow", "off"])),
                "log_only": draw(st.lists(st.sampled_from(CONCERNS), unique=True, max_size=2)),
                "gate": draw(st.booleans()),
                "routes": routes,
            }
        )
    return made


def text_of(parts: list[dict[str, object]], *, trials: bool) -> str:
    """Write a policy; without `trials` as if nothing in shadow and no log-only rule had ever been written."""
    rows = ["base: {match: {hosts: [other.test], clients: [web]}, routes: {any /**: authenticated}}"]
    for number, part in enumerate(parts):
        mode, log_only = str(part["mode"]), list(part["log_only"])  # type: ignore[call-overload]
        if not trials and mode != "enforce":
            continue
        gate = "    network: {allow: [office]}\n" if part["gate"] and (trials or "network" not in log_only) else ""
        limits = "    limits: {steady: {key: subject|ip, rate: 3/s, burst: 2}}\n"
        routes = ""
        for key, (need, kind) in part["routes"].items():  # type: ignore[attr-defined]
            if not trials and kind != "enforce":
                continue
            asked = "authenticated" if not trials and "scopes" in log_only and need.startswith("orders") else need
            word = {"public": "public: true", "authenticated": "scopes: none"}.get(asked, f'scopes: "{asked}"')
            routes += f'      "{key}": {{{word}, mode: {kind if trials else "enforce"}}}\n'
        # Where every route is on trial, what is left is a segment without a route: one that nothing reaches.
        routes = routes or f'      "TRACE {"/a/q" if part["path"] == "/a/{id}" else "/a/b/q"}": authenticated\n'
        rows.append(
            f's{number}:\n    match: {{paths: ["{part["path"]}"], clients: [web, anonymous]}}\n'
            + (f"    mode: {mode}\n    log_only: [{', '.join(log_only)}]\n" if trials else "")
            + gate
            + (limits if trials or "limits" not in log_only else "")
            + f"    routes:\n{routes}"
        )
    return "\n".join(rows)


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(["/", "/a", "/a/b", "/a/c", "/a/b/c", "/z", "/A/b"]),
        st.sampled_from(["", "orders:read", "orders:write", None]),
        st.sampled_from(["203.0.113.10", "198.51.100.7"]),
    ),
    min_size=1,
    max_size=8,
)


def sent(parts: list[tuple[str, str, str | None, str]]) -> list[tuple[Facts, Table]]:
    """Return requests as facts, with what each credential shows."""
    made = []
    for index, (method, path, scope, peer) in enumerate(parts):
        proof = None if scope is None else a_token(scope=scope)
        facts = shown(f"{method} http://api.test{path}", proof, peer=peer, at=1780315200.0 + index / 10)
        made.append((facts, table(*([proof] if proof else []))))
    return made


class Counting:
    """A world with real counters; `proofs` are those of the request at hand."""

    def __init__(self) -> None:
        self.counter = MemoryCounter()
        self.offline = OfflineWorld(counter=self.counter)

    def of(self, facts: Facts, known: Table) -> OfflineWorld:
        """Turn to another request."""
        kept = Kept(proofs=tuple(known.proofs[i] for i in range(len(facts.presented))), place=Place())
        return self.offline.of(replace(facts, kept=kept))


@settings(max_examples=60, deadline=None)
@given(written(), REQUESTS)
def test_what_is_on_trial_never_tells_in_force(
    parts: list[dict[str, object]], requests: list[tuple[str, str, str | None, str]]
) -> None:
    """With trials or as if they had never been written: the same verdicts and counters, whoever walks twice."""
    tried, plain = policy(text_of(parts, trials=True)), policy(text_of(parts, trials=False))
    with_trials, without, second_world = Counting(), Counting(), Counting()
    for facts, known in sent(requests):
        first = walk_through(tried, facts, with_trials.of(facts, known))
        expected = decide(plain, facts, without.of(facts, known))
        said = verdict_of(first)
        assert (said.effect, said.status, said.reason, said.segment, said.route, said.readings) == (
            expected.effect,
            expected.status,
            expected.reason,
            expected.segment,
            expected.route,
            expected.readings,
        )
        try_out(first, second_world.of(facts, known))
        assert verdict_of(first) == said


@pytest.mark.parametrize("first", [True, False])
def test_a_dpop_proof_is_shown_once_to_both(first: bool) -> None:
    """The second walk hears what the first was told; to ask again would make a copy of every proof."""
    tried = shop(route='"GET /z": {mode: shadow, authn: {accept: [token]}}')
    held = replace(
        a_token(scope="orders:read", cnf={"jkt": "k"}),
        possession=Possession(state="ok", jkt="k", htm="GET", htu="http://api.test/x", iat=AT, once="o", of_token=True),
    )
    made = replace(
        request("GET http://api.test/x"), presented=(Presented(kind="token", place="authorization", scheme="dpop"),)
    )
    world = Table(proofs={0: held})
    if not first:
        world.answer(AskOnce("o", AT + 60, AT))
    walk = walked(tried, made, world)
    assert walk.first is first
    beside = Table(proofs={0: held})
    made_second = try_out(walk, beside)
    assert made_second is not None
    assert outcome(made_second.walk) == outcome(walk)
    assert beside.asked_for(AskOnce) == 0
