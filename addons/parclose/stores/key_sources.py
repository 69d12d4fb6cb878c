"""All issuers whose keys are fetched: one source for each, whatever policy asks for it, followed while one does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import httpx

from parclose.policy.identity import Issuer
from parclose.stores.fetch import fetch_object, new_client
from parclose.stores.remote_keys import RemoteKeys

# For one document. Nobody waits for it, but requests with an unknown key id, and those only their own second.
DEADLINE_S: Final = 5.0

type _Key = tuple[str, str, str]


class KeySources:
    """The published keys of every issuer, kept over policy reloads.

    `changes` counts how often any of them had other keys than before, so that what rests on them can be looked at anew.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self.changes = 0
        self._timer = timer
        self._held: dict[_Key, RemoteKeys] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._lock = threading.Lock()
        self._client: httpx.AsyncClient | None = None

    def of(self, issuer: Issuer) -> RemoteKeys:
        """Return the keys of an issuer of source `discovery` or `jwks_url`; callable from any thread."""
        with self._lock:
            held = self._held.get(_key(issuer))
            if held is None:
                held = self._held[_key(issuer)] = RemoteKeys(issuer, self._fetch, self._changed, self._timer)
            else:
                held.read_by(issuer)
            return held

    def follow(self, issuers: Iterable[Issuer]) -> None:
        """Keep the keys of these issuers fresh from now on, and forget all others; on the loop."""
        wanted = {_key(issuer) for issuer in issuers if issuer.source in {"discovery", "jwks_url"}}
        with self._lock:
            for key in [key for key in self._held if key not in wanted]:
                del self._held[key]
        for key in [key for key in self._tasks if key not in wanted]:
            self._tasks.pop(key).cancel()
        loop = asyncio.get_running_loop()
        for key in wanted - self._tasks.keys():
            self._tasks[key] = loop.create_task(self._held[key].keep_fresh())

    def stop(self) -> None:
        """Fetch nothing any more."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def ages_s(self) -> Mapping[str, float | None]:
        """Return by issuer how old its keys are, in seconds; None where there never were any."""
        return {key[2]: held.age_s for key, held in tuple(self._held.items())}

    def client(self) -> httpx.AsyncClient:
        """Return the client for all that is asked of issuers; on the loop."""
        if self._client is None:
            self._client = new_client()
        return self._client

    async def _fetch(self, url: str) -> Mapping[str, object]:
        return await fetch_object(self.client(), url, deadline_s=DEADLINE_S)

    def _changed(self) -> None:
        self.changes += 1


def _key(issuer: Issuer) -> _Key:
    return issuer.source, issuer.url, issuer.iss
