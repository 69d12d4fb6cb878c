"""Client certificates: where one counts, whether it is good at the request's own time, and whom it shows.

Chain and key were checked in and after the handshake; here it is asked whether an authority of this policy is among
those that it chains to, and whether it is within its life.
"""

from __future__ import annotations

from parclose.facts import Certificate, Proof
from parclose.policy.model import Policy
from parclose.policy.segment import Authn
from parclose.reasons import Reason
from parclose.stages.claims import anonymous
from parclose.stages.refusal import challenge_status, deny, first_name, listed, schemes
from parclose.stages.walk import Walk
from parclose.verdict import Hints, Judgement, Principal


def takes_certificate(rules: list[Authn]) -> bool:
    """Whether a rule takes client certificates, be it beside another proof."""
    return any("mtls" in kinds for rule in rules for kinds in rule.accept)


def takes_certificate_alone(rules: list[Authn]) -> bool:
    """Whether a client certificate is proof enough for some rule."""
    return any(kinds == {"mtls"} for rule in rules for kinds in rule.accept)


def known_ca(policy: Policy, certificate: Certificate) -> str:
    """Return the authority of a certificate that this policy knows, the first by name; "" where it knows none."""
    return min((ca for ca in certificate.cas if ca in policy.client_cas), default="")


def read_certificate(policy: Policy, certificate: Certificate) -> Principal:
    """Return the caller that a proven client certificate alone shows: it carries no scopes, roles or tenant."""
    client_type = policy.clients.recognise(issuer="", client="", store="", key_id="", certificate=certificate)
    return Principal(
        client_type=client_type,
        subject=certificate.name,
        client=client_type,
        ca=known_ca(policy, certificate),
        kinds=frozenset({"mtls"}),
        attributes=anonymous(policy).attributes,
        expires_at=certificate.not_after,
    )


def judge_certificate(walk: Walk, proof: Proof, rules: list[Authn]) -> Judgement | None:
    """Return why a client certificate is not good, or None. Both ends of its life are inside (RFC 5280, 4.1.2.5)."""
    detail = _wrong(walk.policy, proof, walk.facts.at)
    if not detail:
        return None
    return deny(
        Reason.CERT_UNTRUSTED,
        status=challenge_status(walk),
        detail=detail,
        found=f"a client certificate that is refused: {detail.replace('_', ' ')}",
        needs=f"a good certificate of {listed(sorted(walk.policy.client_cas))}",
        segment=first_name(walk),
        # No scheme asks for a certificate; what else would do is offered.
        hints=Hints(schemes=schemes(walk, rules)),
    )


def _wrong(policy: Policy, proof: Proof, at: float) -> str:
    """Return the detail of what is wrong with a certificate at `at`, or ""."""
    certificate = proof.certificate
    if proof.state != "ok":
        return "revoked" if proof.state == "revoked" else "untrusted"
    if certificate is None or not known_ca(policy, certificate):
        return "untrusted"
    if certificate.not_before is not None and at < certificate.not_before:
        return "not_yet_valid"
    return "expired" if certificate.not_after is not None and at > certificate.not_after else ""
