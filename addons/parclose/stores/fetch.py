"""One document from a server that need not mean well: over TLS, as it is, whole, soon and small, or not at all.

No redirects (whoever names a key server means that one), no cookies, no compression (a small answer may unpack into a
huge one), no proxy from the environment (which could be this one), one deadline over everything.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx

from parclose.stores.strict_json import NotStrict, read_object

# The largest published key sets, chains of certificates included, have some 60 KiB.
MAX_BYTES: Final = 256 * 1024
CONNECTIONS: Final = 20  # to all servers together


class FetchError(Exception):
    """A document cannot be had; says why, in words for a log. `status` is that of an answer that is none, else 0.

    `body` is what came with it, where that was a JSON object.
    """

    def __init__(self, why: str, *, status: int = 0, body: Mapping[str, object] | None = None) -> None:
        """Keep what is known."""
        super().__init__(why)
        self.status = status
        self.body = body or {}


def new_client() -> httpx.AsyncClient:
    """Return a client that trusts the system's authorities, or those of `SSL_CERT_FILE`, and keeps nothing."""
    return httpx.AsyncClient(
        verify=ssl.create_default_context(),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # the deadline of each request covers all of it  # noqa: S113
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "parclose"},
    )


async def fetch_object(
    client: httpx.AsyncClient,
    url: str,
    *,
    deadline_s: float,
    form: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
) -> Mapping[str, object]:
    """Return the JSON object that a GET of `url` is answered with, or a POST of `form`.

    Raises:
        FetchError: there is none within `deadline_s` seconds.
    """
    try:
        async with asyncio.timeout(deadline_s):
            status, body = await _fetch(client, url, form, auth)
    except TimeoutError:
        raise FetchError(f"no answer within {deadline_s:g} s") from None
    except httpx.HTTPError as wrong:
        # Not `from` it: it holds the request, and that the credentials.
        raise FetchError(f"{type(wrong).__name__}: {_short(str(wrong))}") from None
    except (httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as wrong:
        raise FetchError(_short(str(wrong)) or type(wrong).__name__) from None
    return _object(status, body)


async def _fetch(
    client: httpx.AsyncClient, url: str, form: Mapping[str, str] | None, auth: tuple[str, str] | None
) -> tuple[int, bytes]:
    """Return status and body of an answer that is not too large."""
    client.cookies.clear()
    credentials = httpx.BasicAuth(*auth) if auth is not None else None
    method = "GET" if form is None else "POST"
    data = None if form is None else dict(form)
    parts, size = [], 0
    async with client.stream(method, url, data=data, auth=credentials) as answer:
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchError("a compressed answer, which was not asked for", status=answer.status_code)
        async for part in answer.aiter_raw():
            size += len(part)
            if size > MAX_BYTES:
                raise FetchError(f"an answer of more than {MAX_BYTES >> 10} KiB", status=answer.status_code)
            parts.append(part)
    return answer.status_code, b"".join(parts)


def _object(status: int, body: bytes) -> Mapping[str, object]:
    """Return the object that an answer holds, if its status says that it is one.

    Raises:
        FetchError: it is none.
    """
    try:
        found: Mapping[str, object] | None = read_object(body)
    except NotStrict as wrong:
        found, why = None, f"no JSON object: {wrong}"
    if status != 200:
        moved = ": a redirect, which is not followed" if 300 <= status < 400 else ""
        raise FetchError(f"status {status}{moved}", status=status, body=found)
    if found is None:
        raise FetchError(why, status=status)
    return found


def _short(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:200]
