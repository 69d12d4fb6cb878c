"""Issuers that are trusted too long, asked too slowly, or cannot be reached (AUT).

AUT001 to AUT003, AUT005, AUT008 and AUT010 are errors, found while compiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from parclose.policy.hosts import normal_host
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import named
from parclose.policy.lint.written import is_outward, parts, routes
from parclose.policy.nodes import Mark, Text

# Source: POLICY.md section 4, AUT004.
_MOST_LEEWAY_S = 300
_MOST_AGE_S = 86_400


def long_trust(bench: Bench) -> None:
    """Name leeways above five minutes and ages above a day (AUT004)."""
    for spec in bench.spec.issuers.values():
        if spec.leeway is not None and spec.leeway > _MOST_LEEWAY_S:
            _long(bench, spec.value_at("leeway"), "`leeway` is above 5m: expired tokens pass for as long", "30s")
        if spec.max_age is not None and spec.max_age > _MOST_AGE_S:
            _long(bench, spec.value_at("max_age"), "`max_age` is above 24h: a stolen token serves for as long", "1h")
    authns = [part.authn for _, part in parts(bench.spec)] + [route.authn for _, route in routes(bench.spec)]
    for authn in authns:
        if authn is not None and authn.max_token_age is not None and authn.max_token_age > _MOST_AGE_S:
            what = "`max_token_age` is above 24h: a stolen token serves for as long"
            _long(bench, authn.value_at("max_token_age"), what, "1h")


def _long(bench: Bench, mark: Mark, what: str, usual: str) -> None:
    bench.desk.report("AUT004", mark, what, fix=f"write less; `{usual}` is usual")


def slow_answers(bench: Bench) -> None:
    """Name introspection that leaves open how long it may take, or how long an answer counts (AUT006)."""
    for name, spec in bench.spec.issuers.items():
        asked = spec.introspection
        if asked is None:
            continue
        missing = [key for key in ("timeout", "cache") if not asked.has(key) or not getattr(asked, key)]
        if missing:
            listed = " and ".join(f"`{key}`" for key in missing)
            bench.desk.report(
                "AUT006", spec.at("introspection"), f"introspection of `{name}` without {listed}",
                fix="write both, such as `timeout: 800ms, cache: 30s`: each request waits for the one, and a withdrawn "
                "token serves for the other",
                text="introspection",
            )  # fmt: skip


def round_trips(bench: Bench) -> None:
    """Name issuers that this proxy itself serves, or refuses (AUT007): keys could not be fetched to judge the fetch."""
    for key, url in _fetched(bench):
        try:
            found = urlsplit(url)
            host = normal_host(found.hostname or "")
        except ValueError:
            continue
        path = tuple(part for part in found.path.split("/") if part)
        method = "POST" if key == "introspection" else "GET"
        for segment in bench.policy.segments.values():
            if not any(each.kind != "all" and each.matches(host) for each in segment.surface.hosts):
                continue
            if is_outward(bench, segment):
                if segment.routes.find(path, method) is not None:
                    continue
                what = f"egress segment `{segment.name}` lets no {method} of `{url}` out"
                fix = "add a route for it, if keys are fetched through this proxy"
            else:
                what = f"`{host}` is itself a surface of this proxy, of segment `{segment.name}`"
                fix = "name an address of the issuer that does not lead through this proxy"
            bench.desk.report("AUT007", url.mark, what, fix=fix, text=url)
            break


def _fetched(bench: Bench) -> Iterator[tuple[str, Text]]:
    for spec in bench.spec.issuers.values():
        for key, url in (("discovery", spec.discovery), ("jwks_url", spec.jwks_url)):
            if url is not None:
                yield key, url
        if spec.introspection is not None:
            yield "introspection", spec.introspection.url


def idle_narrowing(bench: Bench) -> None:
    """Name issuers and stores that a segment accepts itself and that nobody for whom it is can come from (AUT009)."""
    for name, segment in named(bench):
        authn = bench.spec.segments[name].authn
        if authn is None or "unrecognized" in segment.audience.clients:
            continue
        ways = [each for each in bench.policy.clients.recognisers if each.client_type in segment.audience.clients]
        issuers, stores = {way.issuer for way in ways}, {way.store for way in ways}
        for what, written, known in (
            ("issuer", authn.issuers, issuers), ("key store", authn.key_stores, stores),
        ):  # fmt: skip
            for each in written or ():
                if each not in known:
                    bench.desk.report(
                        "AUT009", each.mark, f"no client type of segment `{name}` comes from {what} `{each}`",
                        fix="remove it, or add the client type to `match.clients`", text=each,
                    )  # fmt: skip


LOOKS: tuple[Look, ...] = (
    Look(ids=("AUT004",), at=long_trust),
    Look(ids=("AUT006",), at=slow_answers),
    Look(ids=("AUT007",), at=round_trips),
    Look(ids=("AUT009",), at=idle_narrowing),
)
