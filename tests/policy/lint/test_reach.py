"""Segments that no request reaches: nobody is meant, others win every time, or the env is another."""

from __future__ import annotations

import pytest

from parclose.policy.lint.reach import covered
from tests.policy.lint.sending import looked, quoted, sent, token
from tests.policy.shop import findings, load_text

HEAD = """\
version: 1
settings:
  listeners: {edge: {port: 8443, kind: reverse}, out: {port: 3128, kind: forward}}
  envs:
    staging: {hosts: ["*.staging.example", demo.example]}
    egress: {listeners: [out]}
    prod: {default: true}
issuers:
  login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}
attributes:
  plan: {claim: plan, values: [free, paid], default: free, on_unknown: default}
  tier: {claim: tier, values: [gold]}
clients:
  web: [{token: {issuer: login, client: [web]}}]
  app: [{token: {issuer: login, client: [app]}}]
roles:
  admin: {}
zones:
  low: [0.0.0.0/1, "::/1"]
  high: [128.0.0.0/1, "8000::/1"]
geo: {country_db: country.mmdb}
segments:
"""


def segment(name: str, match: str, more: str = "") -> str:
    """Return a segment for every method of every path."""
    return f'  {name}:\n    match: {{{match}}}\n    routes: {{"any /x": authenticated}}\n{more}'


def said(*segments: str) -> list[tuple[str, str]]:
    """Return id and sentence of what is wrong with some segments."""
    text = HEAD + "".join(segments)
    return [(each.id, each.message) for each in findings(text, {"country.mmdb": b""})]


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ("clients: [anonymous], attributes: {plan: [paid]}", "its facets exclude each other"),
        ("clients: [anonymous], attributes: {tier: [gold]}", "its facets exclude each other"),
        ("clients: [anonymous], roles: [admin]", "its facets exclude each other"),
        ("clients: [anonymous], attributes: {plan: [free]}", ""),
        ("clients: [anonymous, web], attributes: {plan: [paid]}", ""),
        ("clients: [web], roles: [admin]", ""),
    ],
)
def test_nobody(match: str, why: str) -> None:
    """Whoever has no credential has no role, and of attributes only the default."""
    text = segment("aa", match)
    text = text.replace("authenticated", "public") if "anonymous" in match else text
    assert said(text) == ([("SEG002", f"segment `aa` takes nobody: {why}")] if why else [])


def test_a_policy_without_client_types() -> None:
    """`any` is everybody that has a name: without one it is nobody."""
    text = "version: 1\nroute_sets: {a: {GET /: public}}\nsegments: {aa: {route_sets: [a]}}\n"
    assert [(each.id, each.message, each.fix) for each in findings(text)] == [
        (
            "SEG002",
            "segment `aa` takes nobody: there is no client type",
            "define one under `clients`, or write `clients: [anonymous]`",
        )
    ]


@pytest.mark.parametrize(
    ("matches", "who"),
    [
        # By word, with nobody left.
        (["clients: [web]#wins_over: [bb]", "clients: [web]"], "`aa` wins"),
        # One by one narrower, together everybody.
        (["clients: [web]", "clients: [web, app]", "clients: [app]"], "`aa`, `cc` win"),
        (
            [
                "clients: [web], attributes: {plan: [free]}",
                "clients: [web]",
                "clients: [web], attributes: {plan: [paid]}",
            ],
            "`aa`, `cc` win",
        ),
        (["clients: [web], zones: [low]", "clients: [web]", "clients: [web], zones: [high]"], "`aa`, `cc` win"),
        # By methods: whoever names each of them.
        (["clients: [web], methods: [GET]", "clients: [app], methods: [read]"], "`aa` wins"),
        # Somebody is left.
        (["clients: [web]#wins_over: [bb]", "clients: [web, anonymous]"], ""),
        (["clients: [web]", "clients: [web, app]"], ""),
        (["clients: [web], attributes: {tier: [gold]}", "clients: [web]"], ""),
        (["clients: [web], roles: [admin]", "clients: [web]"], ""),
        (["clients: [web], zones: [low]", "clients: [web]"], ""),
        (["clients: [web]#wins_over: [bb]", "clients: [web], paths: [/**, /y]"], ""),
        (["clients: [web], methods: [GET]", "clients: [web]"], ""),
    ],
)
def test_outdone(matches: list[str], who: str) -> None:
    """Every caller of every surface goes to somebody else, whom the finding names with a request."""
    parts = [match.partition("#") for match in matches]
    text = [
        segment(name, f"hosts: [api.example], {match}", f"    {more}\n" if more else "")
        for name, (match, _, more) in zip(("aa", "bb", "cc"), parts, strict=False)
    ]
    found = said(*text)
    assert [(id_, sentence.partition(";")[0]) for id_, sentence in found] == (
        [("SEG002", f"segment `bb` is never reached: {who} over it for every request")] if who else []
    )


@pytest.mark.parametrize("claims", [{}, {"plan": "paid"}, {"azp": "app"}])
def test_the_quoted_request_goes_to_who_wins(claims: dict[str, object]) -> None:
    """With the beaten segment in shadow, where it is a warning, the engine judges as is claimed."""
    twin = (
        "segments:\n",
        (
            "segments:\n  aa:\n    match: {hosts: [shop.example], clients: [web, anonymous]}\n    wins_over: [shop]\n"
            '    routes: {"any /**": public}\n'
        ),
    )
    tried = ('    routes:\n      "GET /items"', '    mode: shadow\n    routes:\n      "GET /items"')
    policy, findings_ = looked("SEG002", twin, tried, ("allow @shop", "allow @aa"))
    assert [(each.severity, each.message) for each in findings_] == [
        (
            "W",
            (
                "segment `shop` is never reached: `aa` wins over it for every request; "
                "`GET https://shop.example/items` by client web goes to `aa`"
            ),
        )
    ]
    assert policy is not None
    assert policy.shadow is not None
    assert sent(policy.shadow, quoted(findings_[0]), token(**claims)) in {
        "allow @aa via any /**",
        "403 caller_not_allowed @aa",
    }


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("env: staging, hosts: [shop.example]", "its host `shop.example` is in `prod`"),
        ("env: staging, hosts: [demo.example, shop.example]", "its host `shop.example` is in `prod`"),
        ("env: staging", "its host `*` is in `prod`"),
        ('env: staging, hosts: ["*.example"]', "its host `*.example` is in `prod`"),
        ("env: prod, hosts: [a.staging.example]", "its host `a.staging.example` is in `staging`"),
        ("env: prod, listeners: [out], hosts: [a.example]", "its host `a.example` is in `egress`"),
        ('env: staging, hosts: ["*.staging.example", demo.example]', ""),
        ('env: staging, hosts: ["*.a.staging.example", b.staging.example]', ""),
        ("env: prod, hosts: [staging.example]", ""),
        ("env: egress, listeners: [out], hosts: [demo.example]", ""),
    ],
)
def test_env(match: str, found: str) -> None:
    """A host lies in the most particular env that holds all of it, and a segment says that one or none."""
    env = match.partition(",")[0].removeprefix("env: ")
    sentence = f"segment `aa` is said to be in env `{env}`, but {found}"
    assert said(segment("aa", f"{match}, clients: [web]")) == ([("SEG002", sentence)] if found else [])


def test_too_many_kinds_of_callers_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound only one winner for all is looked for: better no finding than a slow load."""
    text = (
        HEAD + segment("aa", "hosts: [a.example], clients: [web]") + segment("bb", "hosts: [b.example], clients: [app]")
    )
    text += segment("cc", "hosts: [c.example], clients: [web, app]")
    examined, _ = looked("SEG002")
    assert examined is not None
    policy = load_text(text, {"country.mmdb": b""})
    one, two, both = (policy.segments[name].audience for name in ("aa", "bb", "cc"))
    desk = type("Desk", (), {"zones": policy.zones, "attributes": policy.attributes})()
    assert covered(desk, both, [one, two])
    monkeypatch.setattr("parclose.policy.lint.reach.MOST_CELLS", 1)
    assert not covered(desk, both, [one, two])
    assert covered(desk, one, [both])
