"""Sends the requests that findings quote: what a look claims is what the engine does."""

from __future__ import annotations

import re

from parclose.engine import verdict_of
from parclose.facts import Proof
from parclose.policy.errors import Finding
from parclose.policy.model import Policy
from tests.policy.lint.looking import examined
from tests.policy.shop import changed
from tests.stages.kit import a_key, a_token, presenting, request

_QUOTED = re.compile(r"`([A-Z]+ https://[^`]+)`")


def looked(id: str, *changes: tuple[str, str]) -> tuple[Policy | None, list[Finding]]:  # noqa: A002
    """Return the policy that a changed base makes, and what one id finds in it; no error but of that id is expected."""
    said = examined(changed(*changes))
    assert [finding.render() for finding in said.findings if finding.blocks and finding.id != id] == []
    return said.policy, [finding for finding in said.findings if finding.id == id]


def places(id: str, *changes: tuple[str, str]) -> list[tuple[int, int, str]]:  # noqa: A002
    """Return line, column and sentence of what one id finds."""
    return [(finding.line, finding.column, finding.message) for finding in looked(id, *changes)[1]]


def token(**claims: object) -> Proof:
    """Return the proof of a token of the base policy's issuer, by its client `web`."""
    return a_token(**{"iss": "https://login.example", "aud": "shop", **claims})  # type: ignore[arg-type]  # claims


def key() -> Proof:
    """Return the proof of the base policy's API key."""
    return a_key("partners", "pk_a")


def quoted(finding: Finding) -> str:
    """Return the request that a finding quotes, as `METHOD URL`."""
    match = _QUOTED.search(finding.message)
    assert match is not None, finding.message
    return match.group(1)


def sent(policy: Policy, line: str, *proofs: Proof, listener: str = "edge", kind: str = "reverse") -> str:
    """Return what the engine makes of a request: `allow @segment via ROUTE`, or `STATUS reason @segment`."""
    walk = presenting(policy, request(line, listener=listener, kind=kind, presented=()), *proofs)
    verdict = verdict_of(walk)
    if verdict.allowed:
        return f"allow @{verdict.segment} via {verdict.route}"
    assert verdict.reason is not None
    return f"{verdict.status} {verdict.reason.value} @{verdict.segment}"
