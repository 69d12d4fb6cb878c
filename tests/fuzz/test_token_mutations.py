"""Good tokens, changed in every byte and in every field of their header: none is accepted, nothing is logged.

If these fail, a token that nobody signed opens a door, or a stranger fills the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.facts import Presented, Proof
from parclose.ports import AskProof
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from tests.stores.signing import Signer, header, issuer, policy_of, sign_raw, signer, token

ALGORITHMS = ("RS256", "PS256", "ES256", "ES512", "EdDSA")
FIELDS = ("alg", "kid", "typ", "cty", "crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "x5t", "enc", "p2c")
VALUES: tuple[object, ...] = (
    None, "", "none", "None", "HS256", "RS256", "ES256", "EdDSA", "k2", "../../etc/passwd", "' or 1=1", 0, 1, -1, 1e308,
    True, False, [], ["exp"], {}, {"kty": "oct", "k": "AAAA"}, "https://evil.example/jwks", "at+jwt", "DEF", "\x00",
    "\ud7ff", "k" * 5000,
)  # fmt: skip
# What may change without a change of meaning: nobody reads it, and the key that signed it checks the rest.
HARMLESS = frozenset({"typ", "cty", "jku", "jwk", "x5u", "x5c", "x5t", "enc", "p2c"})


def states(texts: Iterator[str], *keys: Signer) -> Iterator[tuple[str, str]]:
    """Yield each text with what checking it shows."""
    members = tuple(each.jwk(f"k{number}") for number, each in enumerate(keys, 1))
    verifier = PolicyVerifier(policy_of(issuer(*members)), TokenCache())
    for text in texts:
        proof = verifier.prove(AskProof(0, Presented(kind="token", place="x", text=text)))
        assert isinstance(proof, Proof)
        yield text, proof.state


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_changed_byte_is_accepted(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each byte of a good token, each of its bits."""
    caplog.set_level(logging.DEBUG)
    by = signer(algorithm)
    good = token(by)
    changed = (
        good[:at] + chr(ord(good[at]) ^ (1 << bit)) + good[at + 1 :] for at in range(len(good)) for bit in range(8)
    )
    assert [text for text, state in states(changed, by) if state == "ok"] == []
    assert list(states(iter([good]), by)) == [(good, "ok")]
    assert caplog.records == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_cut_or_grown_token_is_accepted(algorithm: str) -> None:
    """Cut anywhere, doubled, padded, with a part more or less."""
    by = signer(algorithm)
    good = token(by)
    head, body, signature = good.split(".")
    others = [good[:at] for at in range(len(good))]
    others += [good + tail for tail in ("=", "==", ".", ".x", " ", "\n", "\0", "A", good)]
    others += [f"{head}.{body}.", f".{body}.{signature}", f"{head}..{signature}", f"{body}.{head}.{signature}"]
    others += [f"{head}=.{body}.{signature}", f" {good}", f"Bearer {good}", good.upper(), good.swapcase()]
    assert [text for text, state in states(iter(others), by) if state == "ok"] == []


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:20])
def test_a_header_that_was_changed_without_the_key(field: str, value: object) -> None:
    """The signature is no longer its own, whatever the field and whatever it says."""
    by = signer()
    signature = token(by).rpartition(".")[2]
    head = header(by) | {field: value}
    if head == header(by):
        return
    unsigned = sign_raw(by, json.dumps(head).encode(), b"{}").rpartition(".")[0].partition(".")[0]
    body = token(by).split(".")[1]
    assert [state for _, state in states(iter([f"{unsigned}.{body}.{signature}"]), by, signer("ES256"))] != ["ok"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:20])
def test_a_header_that_its_own_key_signed(field: str, value: object, caplog: pytest.LogCaptureFixture) -> None:
    """What chooses a key or changes the meaning is refused; what nobody reads changes nothing."""
    by = signer()
    text = token(by, header(by) | {field: value})
    ((_, state),) = states(iter([text]), by, signer("ES256"))
    if field not in HARMLESS and (header(by) | {field: value}) != header(by):
        assert state in {"malformed", "algorithm", "unknown_key_id", "bad_signature"}
    assert caplog.records == []


@given(some.lists(some.tuples(some.integers(0, 10_000), some.characters(max_codepoint=0x2FF)), min_size=1, max_size=6))
def test_several_changes_at_once(changes: list[tuple[int, str]]) -> None:
    """Wherever, and to whatever."""
    by = signer("ES256")
    good = token(by)
    text = good
    for at, char in changes:
        place = at % len(text)
        text = text[:place] + char + text[place + 1 :]
    assert text == good or [state for _, state in states(iter([text]), by)] != ["ok"]
