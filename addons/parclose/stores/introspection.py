"""Opaque tokens: their issuer is asked what they are, off the loop's way, once for all who present one.

Good answers are kept for the policy's `cache`, never beyond `exp`; bad ones for `negative_cache`. An issuer that cannot
be asked, or does not take our own credentials, is `unavailable`: that is never a verdict on the token.
Source: RFC 7662, RFC 6749 section 2.3.1.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote_plus

import httpx
from cachetools import TLRUCache

from parclose.facts import Proof
from parclose.policy.identity import Introspection, Issuer
from parclose.stores.fetch import FetchError, fetch_object

logger = logging.getLogger(__name__)

# Of all answers that are kept, as JSON; in memory some five times as much.
MAX_KEPT_BYTES: Final = 8 << 20
ENTRY_BYTES: Final = 512  # what an answer takes beside its text
MAX_AT_ONCE: Final = 50  # questions to one issuer; more wait, within their deadline
# What says of itself that it is something else than an access token. Source: RFC 8725 section 3.11.
_OTHER_USES = frozenset({"refresh", "refresh_token", "id", "id_token", "offline"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an issuer is asked, as whom, and what an answer is bound to."""

    issuer: Issuer
    about: Introspection
    secret: str
    binding: str

    @classmethod
    def of(cls, issuer: Issuer, about: Introspection, secret: str) -> Endpoint:
        """Return the endpoint of an issuer."""
        parts = (issuer.name, issuer.iss, about.url, about.client_id, secret)
        return cls(
            issuer=issuer, about=about, secret=secret, binding=hashlib.sha256("\0".join(parts).encode()).hexdigest()
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, until when it counts (epoch seconds), and how much room it takes."""

    proof: Proof
    until: float
    size: int


class Introspector:
    """Asks issuers about tokens; kept over policy reloads. All on one loop."""

    def __init__(self, client: Callable[[], httpx.AsyncClient], *, timer: Callable[[], float] = time.time) -> None:
        """Take what gives the client; `timer` tells epoch seconds, since `exp` does."""
        self._client, self._timer = client, timer
        self._answers: TLRUCache[tuple[str, bytes], _Kept] = TLRUCache(
            MAX_KEPT_BYTES, ttu=lambda _key, kept, _now: kept.until, timer=timer, getsizeof=lambda kept: kept.size
        )
        self._asked: dict[tuple[str, bytes], asyncio.Task[Proof]] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}

    def known(self, endpoint: Endpoint, digest: bytes) -> Proof | None:
        """Return the answer that is kept on a token, by its digest."""
        kept = self._answers.get((endpoint.binding, digest))
        return None if kept is None else kept.proof

    async def ask(self, endpoint: Endpoint, text: str, digest: bytes) -> Proof:
        """Return what the issuer says of a token; never raises. Who asks of one token at once shares the question."""
        key = (endpoint.binding, digest)
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.get_running_loop().create_task(self._ask(endpoint, text, digest))
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        # A client that goes away must not end the question of the others.
        return await asyncio.shield(task)

    async def _ask(self, endpoint: Endpoint, text: str, digest: bytes) -> Proof:
        name, about = endpoint.issuer.name, endpoint.about
        turns = self._turns.setdefault(endpoint.binding, asyncio.Semaphore(MAX_AT_ONCE))
        try:
            async with asyncio.timeout(about.timeout_s), turns:
                said = await fetch_object(
                    self._client(),
                    about.url,
                    deadline_s=about.timeout_s,
                    form={"token": text, "token_type_hint": "access_token"},
                    auth=(quote_plus(about.client_id), quote_plus(endpoint.secret)),
                )
        except TimeoutError:
            return self._unavailable(name, f"no answer within {about.timeout_s:g} s")
        except FetchError as wrong:
            if wrong.status != 400 or "active" in wrong.body or wrong.body.get("error") == "invalid_client":
                return self._unavailable(name, str(wrong))
            said = {}  # it was not even taken for a token: a refusal, not an outage
        except Exception:  # a fault of ours is an outage for whoever calls, not an end of the connection
            logger.exception("issuer `%s` could not be asked", name)
            return self._unavailable(name, "internal error")
        return self._keep(endpoint, digest, said)

    def _unavailable(self, name: str, why: str) -> Proof:
        logger.warning("issuer `%s` cannot be asked about tokens: %s", name, why)
        return Proof(kind="token", state="unavailable", issuer=name)

    def _keep(self, endpoint: Endpoint, digest: bytes, said: Mapping[str, object]) -> Proof:
        """Return the outcome of an answer, and keep it for as long as the policy says."""
        about, now = endpoint.about, self._timer()
        active = said.get("active") is True and not _is_other(said)
        if active:
            proof = Proof(kind="token", state="ok", issuer=endpoint.issuer.name, claims=said)
            until = min(now + about.cache_s, _end(said))
        else:
            proof = Proof(kind="token", state="revoked", issuer=endpoint.issuer.name)
            until = now + about.negative_cache_s
        size = ENTRY_BYTES + (len(json.dumps(said)) if active else 0)
        if until > now:
            shared = replace(proof, cached=True) if active else proof
            self._answers[endpoint.binding, digest] = _Kept(shared, until, size)
        return proof


def _is_other(said: Mapping[str, object]) -> bool:
    """Whether an answer says that this is no access token."""
    for name in ("token_use", "token_type", "typ"):
        value = said.get(name)
        if isinstance(value, str) and value.lower() in _OTHER_USES:
            return True
    return False


def _end(said: Mapping[str, object]) -> float:
    """Return when a token ends, by what its issuer says of it; never where it says nothing."""
    expires = said.get("exp")
    return float(expires) if isinstance(expires, int | float) and not isinstance(expires, bool) else float("inf")
