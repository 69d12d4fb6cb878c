"""What would be believed if these failed: that a credential is found where the policy looks, once, and nowhere else."""

import base64

import pytest

from parclose.facts import Presented
from parclose.hooks.credentials_of import CONFLICT, Query, forward_credentials, reverse_credentials
from tests.hooks.ground import policy

POLICY = policy()


def told(presented: tuple[Presented, ...]) -> list[tuple[str, str, str, str]]:
    """Return credentials as tuples, the secret included."""
    return [(one.kind, one.place, one.store, one.text) for one in presented]


@pytest.mark.parametrize(
    ("fields", "query", "expected", "faults"),
    [
        ({}, b"", [], []),
        ({b"authorization": [b"Bearer abc"]}, b"", [("token", "authorization", "", "abc")], []),
        ({b"authorization": [b"bEaReR  abc "]}, b"", [("token", "authorization", "", "abc")], []),
        ({b"authorization": [b"DPoP abc"]}, b"", [("token", "authorization", "", "abc")], []),
        (
            {b"authorization": [b"DPoP abc"], b"dpop": [b"a", b"b"]},
            b"",
            [("token", "authorization", "", "abc")],
            [CONFLICT],
        ),
        ({b"dpop": [b"a"]}, b"", [], []),
        ({b"authorization": [b"Basic Zm9v"]}, b"", [("other", "authorization", "", "Zm9v")], []),
        ({b"authorization": [b"\xff\xfe"]}, b"", [("other", "authorization", "", "")], []),
        ({b"authorization": [b"Bearer a", b"Bearer b"]}, b"", [("token", "authorization", "", "a")], [CONFLICT]),
        ({b"proxy-authorization": [b"Bearer a", b"Bearer b"]}, b"", [], [CONFLICT]),
        ({b"x-api-key": [b"k_1"]}, b"", [("api_key", "header x-api-key", "partners", "k_1")], []),
        ({b"x-api-key": [b"k_1", b"k_1"]}, b"", [("api_key", "header x-api-key", "partners", "k_1")], [CONFLICT]),
        ({}, b"a=1&key=k%5F2", [("api_key", "query key", "scripts", "k_2")], []),
        ({}, b"key=1&key=2", [("api_key", "query key", "scripts", "1")], [CONFLICT]),
        (
            {b"x-api-key": [b"k_1"]},
            b"key=2",
            [("api_key", "header x-api-key", "partners", "k_1"), ("api_key", "query key", "scripts", "2")],
            [CONFLICT],
        ),
    ],
)
def test_requests_to_our_apis(
    fields: dict[bytes, list[bytes]], query: bytes, expected: list[tuple[str, str, str, str]], faults: list[str]
) -> None:
    """Each header and query key is read as its store says; a kind handed in twice is a fault."""
    presented, found = reverse_credentials(POLICY, fields, Query.of(query))
    assert told(presented) == expected
    assert found == faults


def test_a_proof_stays_with_its_token() -> None:
    """RFC 9449: beside the token that it is of; a proxy is asked for none."""
    ((found,), _) = reverse_credentials(POLICY, {b"authorization": [b"DPoP abc"], b"dpop": [b" proof "]}, Query())
    assert (found.scheme, found.text, found.proof) == ("dpop", "abc", "proof")
    assert "proof'" not in repr(found)
    ((asked,), _) = forward_credentials(POLICY, {b"proxy-authorization": [b"DPoP abc"], b"dpop": [b"proof"]})
    assert (asked.kind, asked.proof) == ("other", "")


def basic(pair: str) -> bytes:
    """Return a Basic credential."""
    return b"Basic " + base64.b64encode(pair.encode())


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (b"Bearer abc", [("token", "bearer", "abc")]),
        (basic("token:abc:d"), [("token", "basic", "abc:d")]),
        (basic("key:k_1"), [("api_key", "basic", "k_1"), ("api_key", "basic", "k_1")]),
        (basic("mallory:x"), [("other", "basic", basic("mallory:x")[6:].decode())]),
        (b"Basic %%%", [("other", "basic", "%%%")]),
        (b"Negotiate x", [("other", "negotiate", "x")]),
    ],
)
def test_requests_through_us(value: bytes, kinds: list[tuple[str, str, str]]) -> None:
    """`Proxy-Authorization` carries a token or a key, as Bearer or Basic; `Authorization` is not ours to look at."""
    fields = {b"proxy-authorization": [value], b"authorization": [b"Bearer theirs"]}
    presented, faults = forward_credentials(POLICY, fields)
    assert [(one.kind, one.scheme, one.text) for one in presented] == kinds
    assert {one.place for one in presented} == {"proxy-authorization"}
    assert faults == []


def test_two_proxy_credentials_conflict() -> None:
    """A second `Proxy-Authorization` is a fault; none is none."""
    assert forward_credentials(POLICY, {b"proxy-authorization": [b"Bearer a", b"Bearer b"]})[1] == [CONFLICT]
    assert forward_credentials(POLICY, {}) == ((), [])


def test_a_query_is_read_whatever_it_holds() -> None:
    """Keys and values are decoded once, and no byte raises."""
    query = Query.of(b"a=1&b&=x&c%3D=\xff&&d=+")
    assert query.keys == ("a", "b", "", "c=", "d")
    assert dict(query.pairs)["d"] == " "
