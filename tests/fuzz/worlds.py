"""Random policies as plain values, and the callers and requests that tell them apart; a policy's text is its JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Any

from parclose.facts import Facts, Kept, Place, Presented, Proof
from parclose.policy.compile import compile_policy
from parclose.policy.desk import Desk
from parclose.policy.errors import Finding
from parclose.policy.hosts import HostPattern
from parclose.policy.include import gather
from parclose.policy.model import Policy
from parclose.policy.paths import PathPattern, meets
from parclose.policy.scenario import DEFAULT_AT
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.source import Source
from tests.policy.shop import KEYS

type Document = dict[str, Any]

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
LISTENERS = {"edge": "reverse", "side": "reverse", "out": "forward"}
HOSTS = ("a.example", "b.a.example", "*.a.example", "*.example", "*")
PATHS = (
    "/**", "/", "/v1", "/v1/**", "/v1/{id}", "/v1/{id}/**", "/v1/{n:int}", "/v1/{n:int}/**", "/v1/x", "/v1/x/**",
    "/{t}/x", "/{k:enum(v1,v2)}/**", "/{k:enum(v1,v2)}/{id}", "/v1/{s:slug}", "/v1/{h:hex}/y", "/v1/{u:uuid}",
    "/{d:date}/**", "/{r:re([a-z][0-9])}/**", "/v2/{n:int}/{m}", "/{a}/{b}/**",
)  # fmt: skip
METHODS = ("GET", "POST", "read", "write", "any", "GET|write", "PROPFIND", "HEAD")
ZONES = {"office": "198.51.100.0/26", "vpn": "10.20.0.0/16", "inner": "10.20.1.0/24"}
GEO = {"nordic": ["DK", "NO"], "eu": ["DK", "DE"]}
CLIENTS = ("web", "mob")

SENT_HOSTS = ("a.example", "b.a.example", "c.b.a.example", "z.example", "example")
SENT_METHODS = ("GET", "HEAD", "POST", "DELETE", "PROPFIND", "OPTIONS")
SENT_PATHS = (
    "/", "/v1", "/v1/x", "/v1/7", "/v1/-7", "/v1/abc", "/v1/a1", "/v1/a_b", f"/v1/{UUID}", "/v1/7/y", "/v1/x/y",
    "/v1/c0ffee/y", "/v1/x/y/z", "/v2", "/v2/x", "/v2/7", "/v2/7/8", "/v3/x", "/zz/x", "/2026-01-01/x", "/2026-13-01",
)  # fmt: skip
ADDRESSES = ("198.51.100.7", "10.20.9.9", "10.20.1.1", "203.0.113.9")
AIMED = 0.8  # the share of requests that aim at a segment; the rest go anywhere
COUNTRIES = ("DK", "NO", "DE", "US")

CAST: Document = {
    "version": 1,
    "name": "world",
    "settings": {
        "listeners": {
            "edge": {"port": 8443, "kind": "reverse"},
            "side": {"port": 8444, "kind": "reverse"},
            "out": {"port": 3128, "kind": "forward"},
        },
        "admission": {"exempt_zones": ["any"]},
    },
    "issuers": {"login": {"issuer": "https://login.example", "audience": ["shop"], "jwks_file": "keys.json"}},
    "attributes": {
        "plan": {"claim": "plan", "values": ["free", "paid"], "default": "free"},
        "tier": {"claim": "tier", "values": ["gold", "silver"]},
    },
    "clients": {name: [{"token": {"issuer": "login", "client": [name]}}] for name in CLIENTS},
    "scopes": {"s:read": {}, "s:write": {"implies": ["s:read"]}},
    "roles": {"admin": {"grants": ["s:write"]}, "dev": {}},
    "zones": {name: [prefix] for name, prefix in ZONES.items()},
    "geo": {"country_db": "country.mmdb", "sets": GEO},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A caller: what its token says (`client` "" has none), and from where it comes."""

    client: str
    plan: str = ""
    tier: str = ""
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    address: str = ADDRESSES[-1]
    country: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request on the wire."""

    listener: str
    host: str
    method: str
    path: str


def everybody() -> list[Who]:
    """Return every kind of caller that an audience can tell apart."""
    places = list(product(ADDRESSES, COUNTRIES))
    found = [Who(client="", address=address, country=country) for address, country in places]
    tokens = product(
        (*CLIENTS, "other"),
        ("", "paid", "odd"),
        ("", "gold", "silver", "odd"),
        ((), ("admin",), ("dev",), ("admin", "dev")),
    )
    for (client, plan, tier, roles), (address, country) in product(tokens, places):
        found.append(Who(client=client, plan=plan, tier=tier, roles=roles, address=address, country=country))
    return found


def requests(rnd: Random, document: Document, count: int) -> Iterator[Sent]:
    """Yield random requests, most of them where some segment stands."""
    matches = [segment["match"] for segment in document["segments"].values()]
    for _ in range(count):
        sent = Sent(
            listener=rnd.choice(tuple(LISTENERS)),
            host=rnd.choice(SENT_HOSTS),
            method=rnd.choice(SENT_METHODS),
            path=rnd.choice(SENT_PATHS),
        )
        yield _aimed(rnd, rnd.choice(matches), sent) if rnd.random() < AIMED else sent


def _aimed(rnd: Random, match: Document, sent: Sent) -> Sent:
    """Return a request on a segment's surface, as far as the words that are sent have it."""
    reverse = [name for name, kind in LISTENERS.items() if kind == "reverse"]
    host = HostPattern.parse(rnd.choice(match["hosts"]))
    path = PathPattern.parse(rnd.choice(match["paths"]))
    paths = [each for each in SENT_PATHS if path.matches(() if each == "/" else tuple(each[1:].split("/")))]
    return replace(
        sent,
        listener=rnd.choice(match.get("listeners", reverse)),
        host=rnd.choice([each for each in SENT_HOSTS if host.matches(each)]),
        path=rnd.choice(paths or [sent.path]),
    )


def facts_of(sent: Sent, who: Who) -> Facts:
    """Return the facts of a request as a caller sends it."""
    proof = None
    if who.client:
        claims: dict[str, object] = {
            "iss": "https://login.example", "aud": "shop", "sub": "u-1", "azp": who.client, "iat": DEFAULT_AT,
            "exp": DEFAULT_AT + 60, "roles": list(who.roles), "scope": " ".join(who.scopes),
        }  # fmt: skip
        claims |= {name: value for name, value in (("plan", who.plan), ("tier", who.tier)) if value}
        proof = Proof(kind="token", state="ok", issuer="login", typ="JWT", claims=claims)
    forward = LISTENERS[sent.listener] == "forward"
    place = "proxy-authorization" if forward else "authorization"
    return Facts(
        at=DEFAULT_AT,
        decision="d",
        listener=sent.listener,
        kind=LISTENERS[sent.listener],
        method=sent.method,
        host=sent.host,
        target=sent.path,
        peer=who.address,
        port=80,
        presented=(Presented(kind="token", place=place, scheme="bearer"),) if proof else (),
        kept=Kept(
            proofs=(proof,) if proof else (), place=Place(country=who.country), addresses=("93.184.215.14",)
        ),
    )  # fmt: skip


def world(rnd: Random, *, most: int = 6, rich: bool = False) -> Document:
    """Return a random policy; `rich` ones also have network rules, roles and scopes at their routes."""
    names = [f"s{number}" for number in range(rnd.randint(1, most))]
    # Few hosts, so that segments meet.
    hosts = rnd.sample(HOSTS, rnd.randint(1, 3))
    paths = rnd.sample(PATHS, rnd.randint(1, 5))
    segments = {name: _segment(rnd, names[:at], hosts, paths, rich=rich) for at, name in enumerate(names)}
    return {**CAST, "segments": segments}


def _segment(rnd: Random, before: list[str], hosts: list[str], paths: list[str], *, rich: bool) -> Document:
    clients = rnd.sample((*CLIENTS, "anonymous", "unrecognized"), rnd.choice((1, 1, 2, 3)))
    match: Document = {
        "hosts": rnd.sample(hosts, rnd.randint(1, min(2, len(hosts)))),
        "paths": rnd.sample(paths, rnd.randint(1, min(2, len(paths)))),
        "clients": clients,
    }
    if rnd.random() < 0.4:
        match["listeners"] = rnd.sample(tuple(LISTENERS), rnd.choice((1, 1, 2)))
    if rnd.random() < 0.3:
        match["methods"] = [rnd.choice([words for words in METHODS if words != "any"])]
    if rnd.random() < 0.4:
        values = (("plan", ("free", "paid", "other")), ("tier", ("gold", "silver")))
        name, known = rnd.choice(values)
        match["attributes"] = {name: rnd.sample(known, rnd.randint(1, len(known) - 1))}
    for key, pool, share in (
        ("roles", ("admin", "dev"), 0.15),
        ("zones", tuple(ZONES), 0.2),
        ("geo", (*GEO, "NO"), 0.2),
    ):
        if rnd.random() < share:
            match[key] = rnd.sample(pool, rnd.choice((1, 1, 2)))
    made: Document = {
        "match": match, "authn": {"accept": ["token"], "issuers": ["login"]}, "routes": _routes(rnd, match, rich=rich),
    }  # fmt: skip
    if before and rnd.random() < 0.3:
        made["wins_over"] = rnd.sample(before, rnd.randint(1, min(2, len(before))))
    if rich and rnd.random() < 0.6:
        made["network"] = _network(rnd)
    if rich and rnd.random() < 0.4:
        made["roles"] = {rnd.choice(("any", "all")): rnd.sample(("admin", "dev"), rnd.choice((1, 2)))}
    return made


def _network(rnd: Random) -> Document:
    pool: Document = {
        "allow": rnd.sample(tuple(ZONES), rnd.choice((1, 1, 2))),
        "deny": rnd.sample(tuple(ZONES), 1),
        "allow_geo": rnd.sample((*GEO, "DE"), rnd.choice((1, 2))),
        "deny_geo": rnd.sample((*GEO, "NO"), 1),
    }
    return {key: pool[key] for key in rnd.sample(tuple(pool), rnd.choice((1, 1, 2)))}


def _routes(rnd: Random, match: Document, *, rich: bool) -> Document:
    """Return routes that the surface can reach; what compiling would refuse is left out."""
    surface = [PathPattern.parse(path) for path in match["paths"]]
    methods = match.get("methods", [""])[0]
    near = [path for path in PATHS if any(meets(each, PathPattern.parse(path)) for each in surface)]
    found: Document = {}
    for path in {rnd.choice(match["paths"]), *rnd.sample(near, min(len(near), rnd.randint(0, 3)))}:
        for words in rnd.choice(
            (("any",), ("GET",), ("read",), ("GET", "POST"), ("GET", "any"), ("HEAD", "read", "any"))
        ):
            found[f"{methods or words} {path}"] = _access(rnd, match["clients"], rich=rich)
    return found


def _access(rnd: Random, clients: list[str], *, rich: bool) -> object:
    if "anonymous" in clients and (clients == ["anonymous"] or rnd.random() < 0.5):
        return rnd.choice(("public", "open")) if rich else "public"
    if not rich:
        return "authenticated"
    return rnd.choice(
        (
            "authenticated", "s:read", "s:write", {"roles": {"any": ["admin", "dev"]}}, {"roles": {"all": ["admin"]}},
            {"scopes": {"any": ["s:read", "s:write"]}},
        )
    )  # fmt: skip


def text_of(document: Document) -> str:
    """Return a policy's text: JSON is YAML."""
    return json.dumps(document, indent=1)


def read(document: Document) -> tuple[Policy, list[str]]:
    """Return the compiled policy and the ids of its errors, without what the lints say of it."""
    policy, source = _compiled(document)
    return policy, [finding.id for finding in source.placed() if finding.blocks]


def findings(document: Document) -> tuple[Finding, ...]:
    """Return what compiling finds wrong."""
    return _compiled(document)[1].placed()


def _compiled(document: Document) -> tuple[Policy, Source]:
    files = {"policy.yaml": text_of(document).encode(), "keys.json": KEYS.encode()}
    source = Source(path="/p/policy.yaml", read=lambda path: files[path.removeprefix("/p/")])
    gathered = gather(source)
    assert gathered is not None
    spec = decode(PolicySpec, gathered.root, source)
    assert spec is not None, [finding.render() for finding in source.placed()]
    return compile_policy(Desk(spec=spec, source=source, includes=gathered.by_file)), source
