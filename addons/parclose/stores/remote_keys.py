"""The keys that one issuer publishes: fetched ahead of need, kept while the issuer is gone, never waited for in vain.

A key set replaces the last one only when it is whole and something in it can be used; whatever else comes (nothing,
too late, too much, of another issuer, a redirect) leaves the last good keys in force until they are too old.
Source: OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.3, RFC 7517 section 5.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from parclose.policy.identity import Issuer
from parclose.stores.fetch import FetchError
from parclose.stores.jwks import KeySet, KeySetError, gather

logger = logging.getLogger(__name__)

type Fetch = Callable[[str], Awaitable[Mapping[str, object]]]

WELL_KNOWN: Final = "/.well-known/"
METADATA: Final = "/.well-known/openid-configuration"
REFRESH_S: Final = 3600.0
# A request with an unknown key id waits so long for a refresh that all share.
WAIT_S: Final = 1.0
# After a look that brought nothing new, unknown key ids, which anybody can make up, cost no other look for so long.
COOL_DOWN_S: Final = 5.0
FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 60.0


class RemoteKeys:
    """The published keys of one issuer. All but `of` is to be called on one loop."""

    def __init__(
        self, issuer: Issuer, fetch: Fetch, changed: Callable[[], None], timer: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin without keys. `changed` is called whenever there are others than before."""
        self.digest = ""  # of the set that is in force, "" for none
        self.fetched_at: float | None = None
        self.failures = 0  # in a row
        self._source, self._url, self._iss, self._name = issuer.source, issuer.url, issuer.iss, issuer.name
        self._fetch, self._changed, self._timer = fetch, changed, timer
        self._readers: dict[frozenset[str], Issuer] = {}
        self._sets: dict[frozenset[str], KeySet] = {}
        self._members: tuple[Mapping[str, object], ...] = ()
        self._look: asyncio.Task[None] | None = None
        self._again_at = 0.0
        self.read_by(issuer)

    def read_by(self, issuer: Issuer) -> None:
        """Build the keys also for an issuer that takes other algorithms; called from any thread, before it serves."""
        self._readers[issuer.algorithms] = issuer
        if self._members and issuer.algorithms not in self._sets:
            try:
                self._sets[issuer.algorithms] = gather(issuer, self._members)[0]
            except KeySetError as wrong:
                logger.warning("%s", wrong)

    def of(self, issuer: Issuer) -> KeySet | None:
        """Return the keys for an issuer; None where there are none, or only such as are older than it bears."""
        if self.fetched_at is None or self._timer() - self.fetched_at > issuer.stale_keys_s:
            return None
        return self._sets.get(issuer.algorithms)

    @property
    def age_s(self) -> float | None:
        """Seconds since the keys were fetched, None when they never were."""
        return None if self.fetched_at is None else self._timer() - self.fetched_at

    async def keep_fresh(self) -> None:
        """Look ahead of need, for ever: hourly, more often where keys may not grow old, soon after a failure."""
        while True:
            await self._shared()
            await asyncio.sleep(self._rest_s())

    def _rest_s(self) -> float:
        if self.failures:
            return min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self.failures - 1, 10))
        return min(REFRESH_S, *(issuer.stale_keys_s / 2 for issuer in self._readers.values()))

    async def look_again(self) -> bool:
        """Look for a key that is not known, unless somebody just did; return whether what is known now is up to date.

        Waits at most `WAIT_S` for a look that all who ask share.
        """
        if self._look is None and self._timer() < self._again_at:
            return not self.failures
        look = self._begin()
        done, _ = await asyncio.wait((look,), timeout=WAIT_S)
        return bool(done) and not self.failures

    def _begin(self) -> asyncio.Task[None]:
        if self._look is None:
            self._look = asyncio.get_running_loop().create_task(self._try())
            self._look.add_done_callback(self._ended)
        return self._look

    def _ended(self, task: asyncio.Task[None]) -> None:
        del task
        self._look = None

    async def _shared(self) -> None:
        await asyncio.wait((self._begin(),))

    async def _try(self) -> None:
        """Look once; never raises."""
        before = self.digest
        try:
            self._take(await self._fetched())
        except (FetchError, KeySetError) as wrong:
            self._failed(str(wrong))
        except Exception as wrong:  # a fault of ours must not end the refreshing of keys
            logger.exception("keys of issuer `%s` could not be looked at", self._name)
            self._failed(type(wrong).__name__)
        if self.failures or self.digest == before:
            self._again_at = self._timer() + COOL_DOWN_S

    def _failed(self, why: str) -> None:
        self.failures += 1
        kept = "none are known" if self.fetched_at is None else "the last good ones are kept"
        if self.failures in {1, 2} or self.failures % 10 == 0:
            logger.warning("keys of issuer `%s` cannot be fetched, %s: %s", self._name, kept, why)

    async def _fetched(self) -> tuple[Mapping[str, object], ...]:
        """Return the members of the published set.

        Raises:
            FetchError: there is none.
        """
        url = self._url if self._source == "jwks_url" else await self._discovered()
        members = (await self._fetch(url)).get("keys")
        if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
            raise FetchError(f"`{url}` holds no key set: `keys` is no list of keys")
        return tuple(members)

    async def _discovered(self) -> str:
        """Return where the metadata says that the keys are.

        Raises:
            FetchError: it cannot be had, is of another issuer, or names no place that is safe.
        """
        at = self._url if WELL_KNOWN in self._url else self._url.rstrip("/") + METADATA
        metadata = await self._fetch(at)
        said = metadata.get("issuer")
        if said != self._iss:
            raise FetchError(f"the metadata at `{at}` is of issuer {ascii(said)[:200]}, not `{self._iss}`")
        url = metadata.get("jwks_uri")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise FetchError(f"the metadata at `{at}` names no `jwks_uri` over https")
        return url

    def _take(self, members: tuple[Mapping[str, object], ...]) -> None:
        """Put a set in force.

        Raises:
            KeySetError: nothing in it can be used by anybody who reads it.
        """
        digest = hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()
        if digest != self.digest:
            self._replace(members, digest)
        if self.failures:
            logger.warning("keys of issuer `%s` can be fetched again", self._name)
        self.fetched_at, self.failures = self._timer(), 0

    def _replace(self, members: tuple[Mapping[str, object], ...], digest: str) -> None:
        built: dict[frozenset[str], KeySet] = {}
        wrong: KeySetError | None = None
        for algorithms, issuer in tuple(self._readers.items()):
            try:
                built[algorithms], passed = gather(issuer, members)
            except KeySetError as error:
                wrong = error
                continue
            for why in passed:
                logger.warning("a published key is passed over: %s", why)
        if wrong is not None and not built:
            raise wrong
        self._sets = built
        self._members, self.digest = members, digest
        logger.info("keys of issuer `%s`: %d published", self._name, len(members))
        self._changed()
