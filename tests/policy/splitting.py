"""One policy dealt out over files in every way, and what its requests get."""

from __future__ import annotations

import functools
import json
from itertools import product

from hypothesis import strategies as st

from parclose.engine import decide
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.stores.world import OfflineWorld
from parclose.testing import facts, token_proof
from tests.policy.shop import load_text

# Everything that may stand in any file, and what depends on it in another; each value as JSON, which is YAML too.
PARTS: dict[str, dict[str, object]] = {
    "scopes": {"a:read": {}, "a:write": {"implies": ["a:read"]}},
    "roles": {"staff": {"grants": ["a:read"]}},
    "zones": {"office": ["198.51.100.0/26"], "lab": ["203.0.113.0/28"], "both": {"union": ["office", "lab"]}},
    "issuers": {"login": {"issuer": "https://login.example", "audience": ["shop"], "jwks_file": "keys.json"}},
    "attributes": {"plan": {"claim": "plan", "values": ["free", "paid"], "default": "free"}},
    "clients": {
        "web": [{"token": {"issuer": "login", "client": ["web"]}}],
        "app": [{"token": {"issuer": "login", "client": ["app"]}}],
    },
    "profiles": {"inside": {"network": {"allow": ["both"]}}, "slow": {"limits": {"all": "shared"}}},
    "limits": {"shared": {"key": "ip", "rate": "1/s", "burst": 3}},
    "route_sets": {"items": {"GET /v1/items": "public", "read /v1/own/**": "a:read"}},
    "segments": {
        "free": {
            "match": {"paths": ["/v1/**"], "clients": ["web", "anonymous"], "attributes": {"plan": ["free"]}},
            "route_sets": ["items"],
            "use": ["slow"],
        },
        "paid": {
            "match": {"paths": ["/v1/**"], "clients": ["web"], "attributes": {"plan": ["paid"]}},
            "route_sets": ["items"],
            "routes": {"POST /v1/own": "a:write"},
        },
        "app": {
            "match": {"paths": ["/v1/app/**"], "clients": ["app"]},
            "routes": {"any /v1/app/{id:int}": "authenticated"},
            "use": ["inside"],
        },
        "apps": {
            "match": {"paths": ["/v1/app/**"], "clients": ["app", "web"]},
            "routes": {"GET /v1/app/x": {"roles": {"any": ["staff"]}}},
        },
    },
}
TIMELY = {"iss": "https://login.example", "aud": "shop", "iat": DEFAULT_AT - 9, "exp": DEFAULT_AT + 60}
LOGINS = product(("web", "app", "other"), ("free", "paid"), ({}, {"scope": "a:write", "roles": ["staff"]}))
CALLERS = [
    None,
    *({"azp": azp, "plan": plan, "sub": "u", **TIMELY, **more} for azp, plan, more in LOGINS),
]
REQUESTS = [
    facts(request, peer=peer, proof=None if claims is None else token_proof("login", claims))
    for request in ("GET http://x/v1/items", "GET http://x/v1/own/1", "POST http://x/v1/own", "PUT http://x/v1/app/7",
                    "GET http://x/v1/app/x", "GET http://x/other")
    for peer in ("198.51.100.7", "192.0.2.1")
    for claims in CALLERS
]  # fmt: skip


def verdicts(policy: Policy) -> list[tuple[object, ...]]:
    """Return what each request gets, without the places of the rules, which are another file's."""
    found: list[tuple[object, ...]] = []
    for each in REQUESTS:
        world = OfflineWorld()  # with counters of its own: no request is refused for what another was
        world.of(each)
        verdict = decide(policy, each, world)
        found.append((verdict.effect, verdict.status, verdict.reason, verdict.detail, verdict.segment, verdict.route))
    return found


def split(draw: st.DrawFn, files: int) -> dict[str, str]:
    """Return the parts dealt out over the policy file and some others, in any order, with the files in any order."""
    dealt: list[dict[str, dict[str, object]]] = [{} for _ in range(files + 1)]
    pairs = [(section, name) for section, named in PARTS.items() for name in named]
    for section, name in draw(st.permutations(pairs)):
        dealt[draw(st.integers(0, files))].setdefault(section, {})[name] = PARTS[section][name]
    may = {"paths": ["/v1/**"], "define": sorted({*PARTS} - {"segments", "route_sets"})}
    order = draw(st.permutations(range(1, files + 1)))
    include = [{"file": f"{number}.yaml", "owner": "team", "may": may} for number in order]
    held = {f"{number}.yaml": json.dumps(part) for number, part in enumerate(dealt) if number}
    return {**held, "policy.yaml": json.dumps({"version": 1, "name": "p", "include": include, **dealt[0]})}


@functools.cache
def in_one_file() -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return the segments of the policy in one file, and what it decides."""
    policy = load_text(json.dumps({"version": 1, "name": "p", **PARTS}))
    return tuple(sorted(policy.segments)), verdicts(policy)
