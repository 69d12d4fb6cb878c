"""Personas and tests as they are written: text in, what was written or where it is wrong."""

from __future__ import annotations

import pytest

from parclose.policy.schema_base import Written
from parclose.policy.schema_tests import PersonaSpec, StepSpec, TestSpec
from tests.policy.reading import decoded, mistakes, plain


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (PersonaSpec, "ann", []),
        (PersonaSpec, "Ann", [("TYP002", 1, 1)]),
        (PersonaSpec, "{persona: ann, credential: expired, from: 192.0.2.1, country: NO, asn: 1}", []),
        (PersonaSpec, "{asn: 0}", [("TYP002", 1, 7)]),
        (PersonaSpec, "{asn: 4294967295}", []),
        (PersonaSpec, "{asn: 4294967296}", [("TYP002", 1, 7)]),
        (PersonaSpec, "{country: UK}", [("GEO003", 1, 11)]),
        (PersonaSpec, "{credential: stolen}", [("TYP002", 1, 14)]),
        (PersonaSpec, "{mtls: {ca: x, san_dns: [a.x], spiffe: 'spiffe://x/y', subject: CN=a}}", []),
        (PersonaSpec, "{mtls: {san: x}}", [("TYP001", 1, 9)]),
        (PersonaSpec, "{peer: 192.0.2.1}", [("TYP001", 1, 2)]),
        (PersonaSpec, "{token: {claims: {sub: a}}}", [("TYP003", 1, 9)]),
        (PersonaSpec, "{api_key: {store: keys}}", [("TYP003", 1, 11)]),
        (PersonaSpec, "{user_agent: ''}", []),
        (PersonaSpec, "{listener: ''}", [("TYP002", 1, 12)]),
        (StepSpec, "{send: 10 GET /, within: 1s, expect: {allow: 10}}", []),
        (StepSpec, "{expect: {allow: -1}}", [("TYP002", 1, 18)]),
        (StepSpec, "{expect: {allow: 0}}", []),
        (StepSpec, "{wait: 60}", [("TYP002", 1, 8)]),
        (StepSpec, "{as: ann}", []),
        (TestSpec, "{name: t, as: ann, at: 2026-06-01, checks: {GET /: allow}}", []),
        (TestSpec, "{as: ann}", [("TYP003", 1, 1)]),
        (TestSpec, "{name: t, at: today}", [("TYP002", 1, 15)]),
        (TestSpec, "{name: t, checks: [GET /]}", [("TYP002", 1, 19)]),
        (TestSpec, "{name: t, sequence: [{send: x, repeat: 2}]}", [("TYP001", 1, 32)]),
        (TestSpec, "{name: t, at_: 2026-06-01}", [("TYP001", 1, 11)]),
    ],
)
def test_what_is_written(kind: type[Written], content: str, expected: list[tuple[str, int, int]]) -> None:
    """Each bound, and each word that is no key."""
    assert mistakes(kind, content) == expected


def test_claims_are_kept_as_they_were_written() -> None:
    """What a token holds is not for the schema to judge."""
    persona = decoded(PersonaSpec, "{token: {issuer: login, claims: {sub: 7, roles: [a, ~]}}}")
    assert persona.token is not None
    assert plain(persona.token.claims) == {"sub": "7", "roles": ["a", None]}


def test_a_persona_by_name_is_the_short_form() -> None:
    """One word names a persona; a mapping is one, or changes one."""
    assert decoded(TestSpec, "{name: t, as: ann}").caller is not None
    assert (decoded(PersonaSpec, "ann").named, decoded(PersonaSpec, "{persona: ann}").persona) == ("ann", "ann")


def test_the_test_runner_passes_it_over() -> None:
    """A class called `TestSpec` is no test of ours."""
    assert TestSpec.__test__ is False
