"""Stand-ins own their tokens: what a policy's tests show where a token is held to a key.

As everything that a persona does not write, the key is filled in validly; what it does write as `cnf` is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parclose.facts import Certificate, Possession, Presented, Proof

STAND_IN = "stand-in"
THUMBPRINT = "x5t#S256"

type Shown = tuple[Presented, Proof | None]


def bind(constrained: str, claims: Mapping[str, object]) -> dict[str, object]:
    """Return claims with the key that tokens of an issuer must name: `constrained` is its `sender_constrained`."""
    if constrained == "none" or "cnf" in claims:
        return dict(claims)
    return {**claims, "cnf": {THUMBPRINT if constrained == "mtls" else "jkt": STAND_IN}}


def own(shown: list[Shown], *, method: str, url: str, at: float) -> list[Shown]:
    """Return credentials with the proof that their token asks for: by DPoP, by a client certificate, or both.

    To a proxy there is no DPoP. A certificate that the persona does not write is of no authority.
    """
    found = list(shown)
    for place, (presented, proof) in enumerate(shown):
        held = proof.claims.get("cnf") if proof is not None and presented.kind == "token" else None
        if proof is None or not isinstance(held, Mapping):
            continue
        jkt, thumbprint = held.get("jkt"), held.get(THUMBPRINT)
        if isinstance(jkt, str) and presented.place == "authorization":
            possession = Possession(
                state="ok", jkt=jkt, htm=method, htu=url, iat=at, once=STAND_IN, of_token=True, fresh=True
            )
            found[place] = replace(presented, scheme="dpop"), replace(proof, possession=possession)
        if isinstance(thumbprint, str):
            found = _with_certificate(found, thumbprint)
    return found


def _with_certificate(shown: list[Shown], thumbprint: str) -> list[Shown]:
    """Give the client certificate that is shown this thumbprint; add one where there is none."""
    if any(presented.kind == "mtls" for presented, _ in shown):
        return [(presented, _printed(proof, thumbprint)) for presented, proof in shown]
    certificate = Certificate(subject=f"CN={STAND_IN}", thumbprint=thumbprint)
    return [
        *shown,
        (Presented(kind="mtls", place="handshake"), Proof(kind="mtls", state="untrusted", certificate=certificate)),
    ]


def _printed(proof: Proof | None, thumbprint: str) -> Proof | None:
    if proof is None or proof.certificate is None:
        return proof
    return replace(proof, certificate=replace(proof.certificate, thumbprint=thumbprint))
