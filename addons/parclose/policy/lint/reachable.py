"""Which reasons a policy can give at all: an alert for any other never comes."""

from __future__ import annotations

from parclose.policy.answers import REASONS
from parclose.policy.lint.bench import Bench
from parclose.policy.lint.written import is_outward, parts


def reachable(bench: Bench) -> frozenset[str]:
    """Return the reasons that something in the policy can give; where that is not known, a reason counts as such."""
    never = {reason for reason, can in {**_of_callers(bench), **_of_rules(bench)}.items() if not can}
    return frozenset(REASONS - never)


def _of_callers(bench: Bench) -> dict[str, bool]:
    """Return, for reasons that need some kind of credential, whether the policy takes one."""
    policy = bench.policy
    authns = [segment.authn for segment in policy.segments.values()]
    authns += [route.authn for segment in policy.segments.values() for route in segment.route_list]
    remote = any(issuer.discovery or issuer.jwks_url or issuer.introspection for issuer in bench.spec.issuers.values())
    return {
        "token_invalid": bool(bench.spec.issuers),
        "key_unknown": bool(policy.key_stores),
        "key_expired": bool(policy.key_stores),
        "cert_untrusted": bool(bench.spec.client_cas),
        "authn_unavailable": remote,
        "proof_invalid": bool(bench.spec.issuers),
        "issuer_not_accepted": bool(bench.spec.issuers or policy.key_stores),
        "token_too_old": any(authn.max_token_age_s is not None for authn in authns),
        "step_up_required": any(authn.amr or authn.acr or authn.max_token_age_s is not None for authn in authns),
    }


def _of_rules(bench: Bench) -> dict[str, bool]:
    """Return, for reasons that a rule gives, whether there is such a rule."""
    policy, settings = bench.policy, bench.spec.settings
    admission = policy.settings.admission
    routes = [route for segment in policy.segments.values() for route in segment.route_list]
    networks = [*(segment.network for segment in policy.segments.values()), *(route.network for route in routes)]
    limits = [limit for route in routes for limit in route.limits]
    limits += [limit for segment in policy.segments.values() for limit in segment.limits]
    kinds = {limit.kind for limit in limits}
    records = [record for store in policy.key_stores.values() for record in store.records.values()]
    places = any(net.asks_place for net in networks)
    limiters = [part.limiter for _, part in parts(bench.spec)] + [settings.limiter if settings else None]
    outward = any(is_outward(bench, segment) for segment in policy.segments.values())
    zoned = any(net.allow is not None or net.deny for net in networks) or any(r.zones is not None for r in records)
    return {
        "zone_denied": zoned or bool(admission.deny),
        "geo_denied": places,
        "geo_unknown": places and policy.geo is not None and policy.geo.on_unknown == "deny",
        "role_missing": any(route.roles is not None for route in routes),
        "scope_missing": any(route.scopes is not None for route in routes),
        "bind_mismatch": any(route.bind for route in routes),
        "rate_limited": "rate" in kinds,
        "quota_exhausted": "quota" in kinds,
        "concurrency_exceeded": "concurrent" in kinds,
        "limiter_unavailable": any(each is not None and each.on_error == "deny" for each in limiters),
        "ip_rate_limited": admission.per_ip is not None,
        "auth_blocked": admission.failed_auth is not None,
        "egress_denied": any(listener.kind == "forward" for listener in policy.settings.listeners),
        "destination_denied": outward,
        "sni_mismatch": policy.settings.sni == "match",
    }
