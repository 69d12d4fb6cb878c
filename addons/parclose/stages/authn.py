"""Who is this, proven? Signatures are checked elsewhere; times are judged here, for each request, at its own time.

A credential that is presented and bad is never a missing one: its bearer is refused, not anonymous.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import cast

from parclose.facts import Certificate, Presented, Proof
from parclose.policy.model import Policy
from parclose.policy.segment import Authn
from parclose.ports import Answer, Ask, AskFailure, AskProof, Hit
from parclose.reasons import COUNTED_AS_FAILED_AUTH, Reason
from parclose.stages.bucket import ip_key
from parclose.stages.certificate import known_ca, read_certificate, takes_certificate, takes_certificate_alone
from parclose.stages.claims import anonymous, read_key
from parclose.stages.handed import Handed, handed_in
from parclose.stages.possession import judge_possession
from parclose.stages.proof import bearer_of, judge_proof, takes_issuers, takes_store, takes_token
from parclose.stages.refusal import challenge_status, deny, first_name, listed, schemes
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, NOT_MINE, Charged, Hints, Judgement, Principal


def judge(walk: Walk) -> Judgement | Asking:
    """Prove what is presented. Open routes look at nothing; nothing presented is anonymous."""
    hits = walk.hits
    if not walk.facts.presented or (hits and all(hit.route.access == "open" for hit in hits.values())):
        walk.principal = anonymous(walk.policy)
        return NOT_MINE
    return _prove(walk)


def identify(policy: Policy, proofs: list[Proof]) -> Principal:
    """Return the caller that good proofs show: the token's where there is one, else the key's, else the certificate's.

    Scopes, roles and attributes are those of the one identity; two credentials never add up. All of them together say
    which application calls, and the first that ends ends it.

    Raises:
        Unfit: a token's claims do not fit.
    """
    first = proofs[0]
    if first.kind == "token":
        principal = bearer_of(policy, policy.issuers[first.issuer], first).principal
    elif first.kind == "api_key":
        principal = read_key(policy, first.store, policy.key_stores[first.store].records[first.key_id])
    else:
        principal = read_certificate(policy, first.certificate or Certificate())
    return principal if len(proofs) == 1 else _joined(policy, principal, proofs)


def _joined(policy: Policy, principal: Principal, proofs: list[Proof]) -> Principal:
    """Return the caller of several proofs: the identity of the first, recognised by all."""
    key = next((proof for proof in proofs if proof.kind == "api_key"), None)
    record = policy.key_stores[key.store].records[key.key_id] if key is not None else None
    certificate = next((proof.certificate for proof in proofs if proof.kind == "mtls"), None)
    ends = (
        principal.expires_at,
        record.expires if record is not None else None,
        certificate.not_after if certificate is not None else None,
    )
    store, key_id = (key.store, key.key_id) if key is not None else ("", "")
    client_type = policy.clients.recognise(
        issuer=principal.issuer,
        client=principal.client if principal.issuer else "",
        store=store,
        key_id=key_id,
        certificate=certificate,
    )
    written = principal.issuer or (record is not None and record.client)
    return replace(
        principal,
        client_type=client_type,
        client=principal.client if written else client_type,
        store=store,
        key_id=key_id,
        ca=known_ca(policy, certificate) if certificate is not None else "",
        kinds=frozenset(proof.kind for proof in proofs),
        expires_at=min((at for at in ends if at is not None), default=None),
    )


def _prove(walk: Walk) -> Generator[Ask, Answer, Judgement]:
    """Ask for the proof of each credential that counts here, and judge it."""
    rules = _rules(walk)
    looked = _looked_at(walk, rules)
    if isinstance(looked, Judgement):
        return looked
    walk.proofs = [None] * len(walk.facts.presented)
    proofs: list[Proof] = []
    issuers = takes_issuers(rules)
    for handed in looked:
        said: Judgement | None = None
        for index, presented in handed:
            proof = cast("Proof", (yield AskProof(index, presented, issuers)))
            walk.proofs[index] = proof
            said = judge_proof(walk, proof, rules)
            if said is None:
                proofs.append(proof)
            if said is None or said.reason is not Reason.KEY_UNKNOWN:
                break  # else another store may know the key
        if said is not None and (handed[0][1].kind != "mtls" or takes_certificate(rules)):
            if said.reason in COUNTED_AS_FAILED_AUTH:
                yield from _count_failure(walk)
            return said
    bound = yield from _held_to_its_key(walk, proofs)
    if bound is not None:
        yield from _count_failure(walk)
        return bound
    if proofs and proofs[0].kind == "mtls" and not takes_certificate_alone(rules):
        proofs = []  # company for other credentials, which did not come
    walk.principal = identify(walk.policy, proofs) if proofs else anonymous(walk.policy)
    return ALLOW if proofs else NOT_MINE


def _held_to_its_key(walk: Walk, proofs: list[Proof]) -> Generator[Ask, Answer, Judgement | None]:
    """Return why a good token is not its bearer's own, or None."""
    if not proofs or proofs[0].kind != "token":
        return None
    first = proofs[0]
    if first.possession is None and "cnf" not in first.claims:
        issuer = walk.policy.issuers[first.issuer]
        if issuer.sender_constrained == "none" and not any(one.scheme == "dpop" for one in walk.facts.presented):
            return None  # as most are
    shown = next(one for one, proof in zip(walk.facts.presented, walk.proofs, strict=True) if proof is first)
    certificates = (yield from _thumbprints(walk)) if "cnf" in first.claims else frozenset()
    return (yield from judge_possession(walk, shown, first, certificates))


def _thumbprints(walk: Walk) -> Generator[Ask, Answer, frozenset[str]]:
    """Return the thumbprints of the connection's certificates; whose they are does not matter here."""
    found = set()
    for index, presented in enumerate(walk.facts.presented):
        if presented.kind == "mtls":
            proof = walk.proofs[index] or cast("Proof", (yield AskProof(index, presented)))
            walk.proofs[index] = proof
            found.add(proof.certificate.thumbprint if proof.certificate is not None else "")
    return frozenset(found - {""})


def _rules(walk: Walk) -> list[Authn]:
    """Return what the candidates accept: by their routes where those are known."""
    if walk.hits:
        return [hit.route.authn for hit in walk.hits.values() if hit.route.access != "open"]
    return [segment.authn for segment in walk.candidates]


def _looked_at(walk: Walk, rules: list[Authn]) -> list[Handed] | Judgement:
    """Return the credentials that count here, tokens first, or the refusal of one that nobody here takes."""
    looked: list[Handed] = []
    for handed in handed_in(walk.facts):
        first = handed[0][1]
        if looked and looked[-1][0][1].kind == first.kind:
            return _conflict(walk, [*looked, handed])
        if first.kind == "mtls":
            # Browsers and service meshes show one to everybody: it counts only where somebody asks for one.
            if takes_certificate(rules) or walk.policy.clients.asks_certificate:
                looked.append(handed)
        elif first.kind == "api_key":
            taken = [pair for pair in handed if takes_store(rules, pair[1].store)]
            if taken:
                looked.append(taken)
            elif first.scheme:  # it came as `Proxy-Authorization`, which is for nobody else
                return _not_accepted(walk, first, rules)
        elif first.kind != "token" or not takes_token(rules):
            return _not_accepted(walk, first, rules)
        elif len(handed) > 1:
            return _conflict(walk, [handed])
        else:
            looked.append(handed)
    return looked


def _conflict(walk: Walk, looked: list[Handed]) -> Judgement:
    """Refuse two credentials of one kind: which one counts is not for us to guess."""
    return deny(
        Reason.HEADER_CONFLICT,
        detail="credentials",
        found=f"credentials in {listed(presented.place for handed in looked for _, presented in handed)}",
        needs="one credential of a kind",
        segment=first_name(walk),
    )


def _not_accepted(walk: Walk, presented: Presented, rules: list[Authn]) -> Judgement:
    """Refuse a credential of a kind that no candidate takes."""
    offered = schemes(rules)
    return deny(
        Reason.CREDENTIAL_NOT_ACCEPTED,
        status=challenge_status(walk),
        detail="scheme",
        found=f"scheme `{presented.scheme or presented.kind}` in {presented.place}",
        needs=f"one of {listed(offered)}" if offered else "no credential",
        where=next((rule.where for rule in rules if rule.where), ""),
        segment=first_name(walk),
        hints=Hints(schemes=offered),
    )


def _count_failure(walk: Walk) -> Generator[Ask, Answer, None]:
    """Count a failed guess against the address."""
    admission = walk.policy.settings.admission
    if admission.failed_auth is not None:
        hit = Hit(admission.failed_auth, ip_key(walk))
        charged = cast("Charged", (yield AskFailure(hit, admission.block_s, walk.facts.at)))
        walk.charges.append(charged)
