"""Is whoever presents a token the one it was made for? A token that names a key is held to it, whatever a policy says.

Source: RFC 9449 sections 4.3 and 7 (DPoP), RFC 8705 section 3 (certificates), RFC 7800 section 3 (`cnf`).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import cast
from urllib.parse import urlsplit

from parclose.facts import Facts, Possession, Presented, Proof
from parclose.ports import Answer, Ask, AskOnce
from parclose.reasons import Reason
from parclose.stages.refusal import challenge_status, deny, first_name
from parclose.stages.walk import Walk
from parclose.verdict import Hints, Judgement

# How old a proof may be; the clocks of clients are set by themselves. Ahead it may lie by the issuer's leeway.
PROOF_LIFE_S = 60.0
THUMBPRINT = "x5t#S256"
_KNOWN = frozenset({"jkt", THUMBPRINT})
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def judge_possession(
    walk: Walk, presented: Presented, proof: Proof, certificates: frozenset[str]
) -> Generator[Ask, Answer, Judgement | None]:
    """Return why the bearer of a good token does not count as its owner, or None.

    `certificates` are the thumbprints of the client certificates of this connection.
    """
    issuer = walk.policy.issuers[proof.issuer]
    held = proof.claims.get("cnf")
    bound = cast("Mapping[str, object]", held) if isinstance(held, Mapping) else {}
    if held is not None and (not bound or not bound.keys() <= _KNOWN):
        return _refuse(walk, "dpop", "a token bound to a key in a way that is not known here", "invalid_token")
    wanted = {"none": _KNOWN, "dpop": {"jkt"}, "mtls": {THUMBPRINT}, "either": _KNOWN}[issuer.sender_constrained]
    if issuer.sender_constrained != "none" and not wanted & bound.keys():
        detail = "certificate" if issuer.sender_constrained == "mtls" else "dpop"
        return _refuse(walk, detail, "a token that is bound to no key", "invalid_token")
    if THUMBPRINT in bound and bound[THUMBPRINT] not in certificates:
        return _refuse(walk, "certificate", "a token bound to another client certificate", "invalid_token")
    if "jkt" not in bound:
        # RFC 9449 section 7.1: whoever says DPoP must have a token for it.
        return _refuse(walk, "dpop", "a DPoP token that names no key", "invalid_token") if _is_dpop(presented) else None
    if not _is_dpop(presented):
        # Section 7.2: else a stolen token would do as a bearer token.
        return _refuse(walk, "dpop", "a token bound to a key, without proof of it", "invalid_token")
    shown = proof.possession
    if shown is None or shown.state != "ok":
        state = "missing" if shown is None else shown.state.replace("_", " ")
        return _refuse(walk, "dpop", f"a DPoP proof that is {state}", "invalid_dpop_proof")
    if shown.jkt != bound["jkt"]:
        return _refuse(walk, "dpop", "a DPoP proof by another key than the token's", "invalid_token")
    wrong = _misfit(walk.facts, shown, issuer.leeway_s)
    if wrong:
        return _refuse(walk, "dpop", f"a DPoP proof {wrong}", "invalid_dpop_proof")
    until = shown.iat + PROOF_LIFE_S + 1.0  # the last instant at which it counts is before that
    if not (yield AskOnce(shown.once, until, walk.facts.at)):
        return _refuse(walk, "dpop", "a DPoP proof that was shown before", "invalid_dpop_proof")
    return None


def _is_dpop(presented: Presented) -> bool:
    return presented.scheme == "dpop"


def _misfit(facts: Facts, shown: Possession, leeway_s: float) -> str:
    """Return in what a proof does not fit the request that it came with, or "".

    It counts for `PROOF_LIFE_S` after `iat`, and `leeway_s` before, both instants included.
    """
    if not shown.of_token:
        return "for another token"
    if shown.htm != facts.method:
        return "for another method"
    if not _is_here(shown.htu, facts):
        return "for another address"
    if facts.at - shown.iat > PROOF_LIFE_S:
        return "that is too old"
    return "from the future" if shown.iat - facts.at > leeway_s else ""


def _is_here(htu: str, facts: Facts) -> bool:
    """Whether an `htu` names this request, query and fragment aside.

    A proxy before us may have ended the TLS that the client speaks of, so `https` is as good as our own scheme; a port
    counts where it is written.
    """
    try:
        parts = urlsplit(htu)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if parts.scheme.lower() not in {facts.scheme, "https"} or "@" in parts.netloc or host.lower() != facts.host:
        return False
    if port != facts.port and not (port in {None, *_DEFAULT_PORTS.values()} and facts.port in _DEFAULT_PORTS.values()):
        return False
    return _normal(parts.path or "/") == _normal(facts.target or "/")


def _normal(path: str) -> str:
    """Return a path in the one spelling in which two are compared. Source: RFC 3986 sections 6.2.2.1 and 6.2.2.2."""

    def spelled(match: re.Match[str]) -> str:
        char = chr(int(match[0][1:], 16))
        return char if _UNRESERVED.fullmatch(char) else match[0].upper()

    return _ESCAPE.sub(spelled, path)


def _refuse(walk: Walk, detail: str, found: str, error: str) -> Judgement:
    return deny(
        Reason.PROOF_INVALID,
        status=challenge_status(walk),
        detail=detail,
        found=found,
        needs="proof of the key that the token names",
        segment=first_name(walk),
        hints=Hints(schemes=("dpop" if detail == "dpop" else "bearer",), error=error),
    )
