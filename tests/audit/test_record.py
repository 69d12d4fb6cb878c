"""What is kept of a request, and what never is."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.audit.record import corpus_line, corpus_text, encode, is_sampled, short_text, verdict_part
from parclose.facts import Place, Presented, Proof
from parclose.reasons import Reason
from parclose.verdict import Effect, Verdict
from tests.audit.walks import SECRET, allowed, bare_policy, full_walk


def test_a_line_has_the_members_of_the_corpus() -> None:
    """The shape that the policy language promises, member by member."""
    walk = full_walk()
    assert corpus_line(walk, allowed(walk), dur_ms=41) == {
        "v": 1,
        "type": "decision",
        "t": "2026-06-01T12:00:00.1234567Z",
        "dur_ms": 41,
        "decision": "01JN3K",
        "listener": "edge",
        "method": "GET",
        "host": "api.acme.example",
        "path": "/v1/orders/7",
        "ip": "203.0.113.10",
        "country": "DE",
        "asn": 64500,
        "cred": {
            "kind": ["token"],
            "place": "authorization",
            "scheme": "bearer",
            "state": "ok",
            "cached": True,
            "issuer": "login",
            "typ": "at+jwt",
            "claims": {"iss": "https://login", "exp": 1780315260.1234567, "sub": "u-1", "plan": "free", "scope": "a b"},
        },
        "verdict": {
            "action": "allow",
            "status": 200,
            "segment": "web-free",
            "route": "GET /v1/orders/{id:int}",
            "rev": "7c1f09a1b2c3",
            "client": "web-app",
        },
        "scheme": "https",
        "port": 443,
        "uri_bytes": 12,
        "tls": True,
        "user_agent": "curl/8",
        "hint": ["script"],
        "seq": [7, 8],
        "limit_at": [1780315200.1234567, 1780315200.1234567],
    }


def test_a_refusal_says_by_what() -> None:
    """Reason, stage, detail, place and whether the client was told something else."""
    verdict = Verdict(
        reason=Reason.SCOPE_MISSING,
        status=403,
        stage="scope",
        detail="all",
        where="web.yaml:7",
        segment="web-free",
        concealed=True,
        revision="7c1f",
    )
    assert verdict_part(verdict) == {
        "action": "deny",
        "status": 403,
        "segment": "web-free",
        "route": "",
        "rev": "7c1f",
        "reason": "scope_missing",
        "stage": "scope",
        "detail": "all",
        "where": "web.yaml:7",
        "concealed": True,
    }


def test_an_unset_verdict_is_kept_as_a_refusal() -> None:
    """Nothing is an allow by default, not even on paper."""
    assert verdict_part(Verdict())["action"] == Effect.DENY.value


def test_no_secret_is_kept() -> None:
    """Not the token, not a claim that nothing reads."""
    walk = full_walk()
    text = corpus_text(walk, allowed(walk))
    assert SECRET not in text
    assert not any(part in text for part in SECRET.split("."))
    assert "x@y" not in text


def test_several_credentials_stand_in_parts() -> None:
    """Each with what came of it; one that was not looked at says so by silence."""
    walk = full_walk(
        presented=(
            Presented(kind="token", place="authorization", scheme="bearer", text="a"),
            Presented(kind="api_key", place="header x-api-key", store="partners", text="b"),
        )
    )
    walk.proofs = [None, Proof(kind="api_key", state="ok", store="partners", key_id="pk_globex")]
    assert corpus_line(walk, allowed(walk))["cred"] == {
        "kind": ["token", "api_key"],
        "parts": [
            {"kind": ["token"], "place": "authorization", "scheme": "bearer"},
            {
                "kind": ["api_key"],
                "place": "header x-api-key",
                "store": "partners",
                "state": "ok",
                "cached": False,
                "key_id": "pk_globex",
            },
        ],
    }


@pytest.mark.parametrize(
    ("place", "members"),
    [
        (None, {}),
        (Place(), {"country": None}),
        (Place(country="DE"), {"country": "DE"}),
        (Place(asn=64500), {"country": None, "asn": 64500}),
    ],
)
def test_unknown_and_not_asked_are_two_things(place: Place | None, members: dict[str, object]) -> None:
    """Null means that the database did not know; silence that nobody asked."""
    walk = full_walk()
    walk.place = place
    line = corpus_line(walk, allowed(walk))
    assert {name: line[name] for name in ("country", "asn") if name in line} == members


@pytest.mark.parametrize(
    ("resolved", "kept"),
    [(None, False), ((), True), (("203.0.113.7", "10.0.0.1"), True)],
    ids=["unasked", "none", "two"],
)
def test_what_a_name_stood_for_is_kept_also_when_refused(resolved: tuple[str, ...] | None, kept: bool) -> None:
    """The refused addresses too: without them the refusal could not be decided again."""
    walk = full_walk()
    walk.resolved = resolved
    line = corpus_line(walk, allowed(walk))
    assert ("resolved" in line) is kept
    assert line.get("resolved") == (None if resolved is None else list(resolved))


def test_another_policy_writes_the_claims_anew() -> None:
    """What a shared proof remembers of its text counts for one policy's reading only."""
    walk = full_walk()
    corpus_text(walk, allowed(walk))
    walk.policy = bare_policy(claims_read=frozenset({("email",)}))
    claims = corpus_line(walk, allowed(walk))["cred"]["claims"]  # type: ignore[index]  # known by the test above
    assert claims == {"iss": "https://login", "exp": 1780315260.1234567, "email": "x@y"}


@given(st.text(), st.text(), st.text())
def test_a_callers_text_cannot_leave_its_place(target: str, agent: str, host: str) -> None:
    """Line ends, escapes, bidirectional marks: one printable line of ASCII, and the same text when read."""
    walk = full_walk(target=target, user_agent=agent, host=host, forwarded=(agent,), query_keys=(target,))
    raw = encode(corpus_line(walk, allowed(walk)))
    assert raw.endswith(b"\n")
    assert re.fullmatch(rb"[\x20-\x7e]*", corpus_text(walk, allowed(walk)).encode("ascii"))
    assert re.fullmatch(rb"[\x20-\x7e]*", raw[:-1])
    line = json.loads(raw)
    assert (line["path"], line["host"], line["query"]) == (target, host, [target])


@pytest.mark.parametrize(
    "evil", ["\r\nfake: line", "\x1b[2J", "\u202eevil", "\u2028", "\x7f\x9b", "\ud800", '","action":"allow']
)
def test_log_injection(evil: str) -> None:
    """By class: CR and LF, terminal escapes, bidirectional override, line separators, C1, broken text, JSON itself."""
    walk = full_walk(target=evil, method=evil, origin=evil)
    text = corpus_text(walk, allowed(walk))
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["path"] == evil


def test_a_short_line_says_that_it_was_and_how_it_ended() -> None:
    """For an allow that the sample left out: no address, no path, no caller."""
    walk = full_walk()
    line = json.loads(short_text(walk, allowed(walk)))
    assert line.keys() == {"v", "type", "t", "decision", "verdict", "short"}
    assert line["short"] is True


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 1000, 1000), (0.0, 0, 0), (0.1, 60, 140), (0.5, 430, 570)])
def test_a_sample_is_about_its_share_and_always_the_same(share: float, low: int, high: int) -> None:
    """By hash of the decision's id, so that every sink keeps the same ones."""
    ids = [f"01JN{number}" for number in range(1000)]
    picked = [id_ for id_ in ids if is_sampled(id_, share)]
    assert low <= len(picked) <= high
    assert picked == [id_ for id_ in ids if is_sampled(id_, share)]
