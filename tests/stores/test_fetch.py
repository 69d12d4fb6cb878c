"""Documents from other servers: if these fail, a hostile one fills memory, holds requests, or leads us elsewhere."""

from __future__ import annotations

import gzip
import json
import ssl

import httpx
import pytest

from parclose.stores.fetch import MAX_BYTES, FetchError, fetch_object, new_client
from tests.stores.answering import answer, answering


async def fetched(*answers: bytes | None, deadline_s: float = 5.0) -> object:
    """Fetch from a server that answers so."""
    async with answering(*answers) as (url, _), new_client() as client:
        return await fetch_object(client, url, deadline_s=deadline_s)


async def test_a_document_is_fetched_as_it_is() -> None:
    """With what is asked for and nothing else."""
    async with answering(answer({"keys": []})) as (url, seen), new_client() as client:
        assert await fetch_object(client, f"{url}/jwks", deadline_s=5.0) == {"keys": []}
    (head,) = seen
    assert head.startswith("GET /jwks HTTP/1.1\r\n")
    assert "accept-encoding: identity\r\n" in head.lower()
    assert "cookie" not in head.lower()


async def test_a_form_is_posted_with_its_credentials() -> None:
    """As RFC 6749 section 2.3.1 writes them."""
    async with answering(answer({"active": False})) as (url, seen), new_client() as client:
        await fetch_object(client, url, deadline_s=5.0, form={"token": "a b"}, auth=("id", "secret"))
    assert seen[0].startswith("POST / ")
    assert seen[0].endswith("\r\n\r\ntoken=a+b")
    assert "authorization: basic awq6c2vjcmv0\r\n" in seen[0].lower()


@pytest.mark.parametrize(
    ("said", "why", "status"),
    [
        (answer({"a": 1}, "302 Found", "Location: http://127.0.0.1:1/"), "redirect", 302),
        (answer({"a": 1}, "404 Not Found"), "status 404", 404),
        (answer({"a": 1}, "500 No"), "status 500", 500),
        (answer(b"<html>"), "no JSON object", 200),
        (answer([]), "no JSON object", 200),
        (answer(b'{"a": 1, "a": 2}'), "no JSON object", 200),
        (answer(b"[" * 100_000), "no JSON object", 200),
        (answer(b" " * (MAX_BYTES + 1)), "more than 256 KiB", 200),
        (answer(gzip.compress(b"{}" + b" " * 10_000_000), "200 OK", "Content-Encoding: gzip"), "compressed", 200),
        (b"nonsense\r\n\r\n", "RemoteProtocolError", 0),
        (b"", "RemoteProtocolError", 0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "RemoteProtocolError", 0),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
async def test_what_is_no_document_is_an_error_with_a_reason(said: bytes, why: str, status: int) -> None:
    """Nothing else comes out, whatever comes in."""
    with pytest.raises(FetchError, match=why) as caught:
        await fetched(said)
    assert caught.value.status == status


async def test_the_largest_document() -> None:
    """Exactly so many bytes are taken."""
    assert await fetched(answer(b"{}" + b" " * (MAX_BYTES - 2))) == {}


async def test_what_a_refusal_says_is_kept() -> None:
    """An OAuth error, for whoever knows what it means."""
    with pytest.raises(FetchError) as caught:
        await fetched(answer({"error": "invalid_client"}, "400 Bad Request"))
    assert json.dumps(caught.value.body) == '{"error": "invalid_client"}'


@pytest.mark.parametrize("said", [None, b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_whoever_is_slow_is_not_waited_for(said: bytes | None) -> None:
    """One deadline for connection, head and body; a server that says nothing, or begins and stops."""
    with pytest.raises(FetchError):
        await fetched(said, deadline_s=0.2)


async def test_cookies_are_not_kept() -> None:
    """What one answer sets the next request does not carry."""
    async with answering(answer({}, "200 OK", "Set-Cookie: a=b; Path=/")) as (url, seen), new_client() as client:
        for _ in range(2):
            await fetch_object(client, url, deadline_s=5.0)
    assert "cookie" not in seen[1].lower()


async def test_nobody_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the environment names a proxy, which is not asked."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert await fetched(answer({"a": 1})) == {"a": 1}
    async with new_client() as client:
        for url in ("http://127.0.0.1:1/", "https://[", "nonsense", "http://\x00/"):
            with pytest.raises(FetchError):
                await fetch_object(client, url, deadline_s=5.0)


def test_the_authorities_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets `SSL_CERT_FILE` means it; certificates are always checked."""
    stock = ssl.create_default_context()
    monkeypatch.setattr(ssl, "create_default_context", lambda: stock)
    given: list[object] = []
    monkeypatch.setattr(httpx, "AsyncClient", lambda **words: given.append(words["verify"]))
    new_client()
    assert given == [stock]
    assert (stock.verify_mode, stock.check_hostname) == (ssl.CERT_REQUIRED, True)
