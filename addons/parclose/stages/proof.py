"""Is a proof good at the request's own time? Claims, times, key records, and how what is bad is refused."""

from __future__ import annotations

from parclose.facts import Proof
from parclose.policy.identity import Issuer
from parclose.policy.model import Policy
from parclose.policy.segment import Authn
from parclose.reasons import Reason
from parclose.stages.certificate import judge_certificate
from parclose.stages.claims import Bearer, Unfit, read_token
from parclose.stages.refusal import challenge_status, deny, first_name, listed, schemes, spoken
from parclose.stages.walk import Walk
from parclose.verdict import Hints, Judgement

# As long as an unknown key id waits before keys are fetched again: asking sooner cannot help.
RETRY_UNAVAILABLE_S = 5
_UNPROVEN = ("the keys that would prove the credential cannot be reached", "the key set")
_UNPROVEN_CERTIFICATE = ("no revocation list in force clears the client certificate", "a current list of each issuer")
_TOKEN_DETAILS = frozenset({"bad_signature", "unknown_key_id", "algorithm", "malformed", "unknown_issuer"})


def bearer_of(policy: Policy, issuer: Issuer, proof: Proof) -> Bearer:
    """Return the caller of a proven token, from the memo where this policy has read it before.

    The memo holds nothing that turns on the time. It knows its policy by `clients`: small, made anew with each policy,
    and so neither mistaken for another's nor keeping a replaced policy alive.

    Raises:
        Unfit: the claims do not fit.
    """
    memo = proof.memo
    if memo is not None and memo[0] is policy.clients:
        known = memo[1]
        if isinstance(known, Bearer):
            return known
        raise Unfit(str(known))
    try:
        bearer = read_token(policy, issuer, proof)
    except Unfit as unfit:
        proof.memo = (policy.clients, str(unfit))
        raise
    proof.memo = (policy.clients, bearer)
    return bearer


def judge_times(issuer: Issuer, bearer: Bearer, at: float) -> str:
    """Return the detail of what is wrong with a token's times at `at`, or "".

    A token is good before `exp` plus leeway, from `nbf` minus leeway on, both to the instant; `iat` may lie ahead by
    the leeway, and back by `max_age` plus leeway, those instants included. Source: RFC 7519 sections 4.1.4 to 4.1.6.
    """
    leeway_s = issuer.leeway_s
    if at >= bearer.expires + leeway_s:
        return "expired"
    if bearer.not_before is not None and at < bearer.not_before - leeway_s:
        return "not_yet_valid"
    if bearer.issued is not None and bearer.issued > at + leeway_s:
        return "not_yet_valid"
    if issuer.max_age_s is not None:
        if bearer.issued is None:
            return "missing_claim"
        if at - bearer.issued > issuer.max_age_s + leeway_s:
            return "expired"
    return ""


def takes_token(rules: list[Authn]) -> bool:
    """Whether a rule takes tokens."""
    for rule in rules:
        for kinds in rule.accept:
            if "token" in kinds:
                return True
    return False


def takes_issuers(rules: list[Authn]) -> frozenset[str]:
    """Return the issuers whose tokens some rule takes, empty for all."""
    if len(rules) == 1:
        return rules[0].issuers
    found: frozenset[str] = frozenset()
    for rule in rules:
        if not rule.issuers:
            return rule.issuers
        found |= rule.issuers
    return found


def takes_store(rules: list[Authn], store: str) -> bool:
    """Whether a rule takes keys of `store`; "" is a key whose store is not known before it is looked up."""
    return any(
        not rule.key_stores or not store or store in rule.key_stores
        for rule in rules
        if any("api_key" in kinds for kinds in rule.accept)
    )


def judge_proof(walk: Walk, proof: Proof, rules: list[Authn]) -> Judgement | None:
    """Return why a proof is not good at the request's time, or None."""
    if proof.state == "unavailable":
        found, needs = _UNPROVEN_CERTIFICATE if proof.kind == "mtls" else _UNPROVEN
        return deny(
            Reason.AUTHN_UNAVAILABLE,
            found=found,
            needs=needs,
            segment=first_name(walk),
            hints=Hints(retry_after_s=RETRY_UNAVAILABLE_S),
        )
    if proof.kind == "token":
        return _judge_token(walk, proof)
    if proof.kind == "api_key":
        return _judge_key(walk, proof, rules)
    if proof.kind == "mtls":
        return judge_certificate(walk, proof, rules)
    return deny(
        Reason.CREDENTIAL_NOT_ACCEPTED,
        status=challenge_status(walk),
        found="a credential that is neither token nor key",
        segment=first_name(walk),
        hints=Hints(schemes=schemes(walk, rules)),
    )


def _judge_token(walk: Walk, proof: Proof) -> Judgement | None:
    """Judge a token: its proof, its claims, its times."""
    if proof.state != "ok":
        return _bad_token(walk, proof.state if proof.state in _TOKEN_DETAILS else "malformed", None)
    issuer = walk.policy.issuers.get(proof.issuer)
    if issuer is None:
        return _bad_token(walk, "unknown_issuer", None)
    try:
        bearer = bearer_of(walk.policy, issuer, proof)
    except Unfit as unfit:
        return _bad_token(walk, str(unfit), issuer)
    detail = judge_times(issuer, bearer, walk.facts.at)
    return _bad_token(walk, detail, issuer) if detail else None


def _bad_token(walk: Walk, detail: str, issuer: Issuer | None) -> Judgement:
    """Refuse a token."""
    return deny(
        Reason.TOKEN_INVALID,
        status=challenge_status(walk),
        detail=detail,
        found=f"a token{f' from `{issuer.name}`' if issuer else ''} that is refused: {detail.replace('_', ' ')}",
        needs="a good token of an issuer that the policy names",
        where=issuer.where if issuer else "",
        segment=first_name(walk),
        hints=Hints(schemes=(spoken(walk),), error="invalid_token"),
    )


def _judge_key(walk: Walk, proof: Proof, rules: list[Authn]) -> Judgement | None:
    """Judge an API key: known, within its time (from `not_before` on and before `expires`), from its zones."""
    store = walk.policy.key_stores.get(proof.store)
    record = store.records.get(proof.key_id) if store is not None and proof.state == "ok" else None
    if store is None or record is None or not takes_store(rules, store.name):
        return _bad_key(walk, Reason.KEY_UNKNOWN, "", "an API key that nobody here knows", "")
    at = walk.facts.at
    if record.not_before is not None and at < record.not_before:
        return _bad_key(walk, Reason.KEY_EXPIRED, "not_yet_valid", f"key `{record.id}` before its time", record.where)
    if record.expires is not None and at >= record.expires:
        return _bad_key(walk, Reason.KEY_EXPIRED, "", f"key `{record.id}` after its end", record.where)
    if record.zones is not None and not walk.zones & record.zones:
        return deny(
            Reason.ZONE_DENIED,
            detail="api_key",
            found=f"key `{record.id}` from {walk.client_ip or 'an unknown address'}",
            needs=f"an address in {listed(walk.policy.zones.names(record.zones))}",
            where=record.where,
            segment=first_name(walk),
        )
    return None


def _bad_key(walk: Walk, reason: Reason, detail: str, found: str, where: str) -> Judgement:
    """Refuse an API key."""
    return deny(
        reason,
        status=challenge_status(walk),
        detail=detail,
        found=found,
        needs="a key of the store that is within its time",
        where=where,
        segment=first_name(walk),
        hints=Hints(schemes=("api_key",)),
    )
