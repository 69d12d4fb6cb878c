"""How long `decide` takes, and whether that grows with the policy: 50 routes in each of 10 and of 1,000 segments.

The sizes are compared under the same traffic: 200 callers on ten segments that lie all over the policy. Traffic on 200
segments at once is measured beside them: it costs more because it no longer fits the processor's cache, not because
more is looked at.
"""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass

from parclose.engine import decide
from parclose.facts import Facts
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.stores.world import OfflineWorld
from parclose.testing import Signer, facts, jwks, policy_from, token_proof

ROUTES = 50
SIZES = (10, 1_000)
HOT = 10  # segments on which the traffic is
SPREAD = 200
ROUNDS = 20_000
WARM = 2_000
CHUNK = 1_000
CALLERS = 200
HEAD = """
version: 1
name: bench
zones: {lab: [203.0.113.0/24]}
settings: {admission: {exempt_zones: [lab]}}
issuers: {login: {issuer: "https://login", jwks_file: keys.json, audience: [api], algorithms: [ES256]}}
clients: {app: [{token: {issuer: login, client: [web]}}]}
scopes: {read: {}, write: {implies: [read]}}
segments:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Microseconds of one decision."""

    segments: int
    hot: int
    median_us: float
    p99_us: float


def measure() -> list[Timing]:
    """Measure all sizes, a chunk of each in turn, so that a slower moment of the machine hits all alike."""
    policies = {size: policy_of(size) for size in SIZES}
    benches = [_Bench(policies[size], size, HOT) for size in SIZES]
    benches.append(_Bench(policies[SIZES[-1]], SIZES[-1], SPREAD))
    for bench in benches:
        bench.run(WARM)
        bench.took_ns.clear()
    gc.collect()
    gc.freeze()  # as the proxy does after each publish
    for _ in range(ROUNDS // CHUNK):
        for bench in benches:
            bench.run(CHUNK)
    gc.unfreeze()
    return [bench.timing for bench in benches]


def policy_of(segments: int) -> Policy:
    """Return a policy of so many segments, each with its host, 50 routes and a limit that nobody reaches."""
    lines = [HEAD]
    for number in range(segments):
        lines.append(f"  s{number}:\n    match: {{hosts: [s{number}.example], clients: [app]}}")
        lines.append("    limits: {steady: {key: subject, rate: 1000000/s}}\n    routes:")
        lines += [f'      "GET /v1/r{route}/{{id:int}}/items": read' for route in range(ROUTES)]
    return policy_from("\n".join(lines), {"keys.json": jwks(Signer.make())})


def requests(segments: int, hot: int) -> list[Facts]:
    """Return requests of many callers, whose tokens are known, on `hot` segments that lie all over the policy."""
    made = []
    for number in range(CALLERS):
        claims = {
            "iss": "https://login",
            "aud": "api",
            "azp": "web",
            "sub": f"u-{number}",
            "scope": "read",
            "iat": DEFAULT_AT,
            "exp": DEFAULT_AT + 86_400,
        }
        url = f"http://s{number % hot * (segments // hot)}.example/v1/r{number * 31 % ROUTES}/{number}/items"
        made.append(facts(f"GET {url}", at=DEFAULT_AT + number, proof=token_proof("login", claims, cached=True)))
    return made


class _Bench:
    """One policy, its callers, and how long each of their decisions took."""

    def __init__(self, policy: Policy, segments: int, hot: int) -> None:
        self.policy, self.segments, self.hot = policy, segments, hot
        self.sent = requests(segments, hot)
        self.world = OfflineWorld()
        self.took_ns: list[int] = []

    def run(self, count: int) -> None:
        """Time so many single decisions, all of which allow."""
        for index in range(count):
            one = self.sent[index % CALLERS]
            answering = self.world.of(one)
            began = time.perf_counter_ns()
            verdict = decide(self.policy, one, answering)
            self.took_ns.append(time.perf_counter_ns() - began)
            assert verdict.allowed

    @property
    def timing(self) -> Timing:
        """What the decisions took."""
        cuts = statistics.quantiles(self.took_ns, n=100)
        return Timing(segments=self.segments, hot=self.hot, median_us=cuts[49] / 1000, p99_us=cuts[98] / 1000)
