"""Published keys: if these fail, a rotation locks customers out, or keys of somebody else let strangers in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from parclose.stores.fetch import FetchError
from parclose.stores.remote_keys import (
    COOL_DOWN_S,
    FIRST_RETRY_S,
    LAST_RETRY_S,
    METADATA,
    REFRESH_S,
    RemoteKeys,
)
from tests.stores.signing import ISS, issuer, signer
from tests.stores.test_token_cache import Clock

RS, ES = signer(), signer("ES256")
AT_URL = f"{ISS}/keys"


class Web:
    """What is published where; `slow` holds every answer back until it is set."""

    def __init__(self, *keys: Mapping[str, object]) -> None:
        self.pages: dict[str, object] = {AT_URL: {"keys": list(keys)}}
        self.pages[ISS + METADATA] = {"issuer": ISS, "jwks_uri": AT_URL}
        self.asked: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def fetch(self, url: str) -> Mapping[str, object]:
        """Answer as `fetch_object` does."""
        self.asked.append(url)
        await self.go_on.wait()
        page = self.pages.get(url)
        if isinstance(page, Exception):
            raise page
        if not isinstance(page, dict):
            raise FetchError("status 404")
        return page


class Bench:
    """The keys of one issuer, a clock, and how often they changed."""

    def __init__(self, web: Web, source: str = "jwks_url", url: str = AT_URL, **fields: Any) -> None:
        self.issuer = issuer(source=source, url=url, **fields)
        self.clock, self.changes = Clock(), 0
        self.keys = RemoteKeys(self.issuer, web.fetch, self._changed, self.clock)

    def _changed(self) -> None:
        self.changes += 1

    def kids(self) -> list[str] | None:
        """Return the ids of the keys in force."""
        found = self.keys.of(self.issuer)
        return None if found is None else sorted(found.by_kid)


async def test_keys_are_fetched_and_replaced() -> None:
    """A set that is the same again changes nothing; another one replaces it whole."""
    web = Web(RS.jwk())
    bench = Bench(web)
    assert bench.kids() is None
    assert await bench.keys.look_again()
    assert (bench.kids(), bench.changes) == (["k1"], 1)
    bench.clock.at += COOL_DOWN_S
    assert await bench.keys.look_again()
    assert (bench.kids(), bench.changes) == (["k1"], 1)
    web.pages[AT_URL] = {"keys": [ES.jwk("k2")]}
    bench.clock.at += COOL_DOWN_S
    assert await bench.keys.look_again()
    assert (bench.kids(), bench.changes) == (["k2"], 2)


@pytest.mark.parametrize("url", [ISS, f"{ISS}/", ISS + METADATA])
async def test_discovery_leads_to_the_keys(url: str) -> None:
    """From the issuer's URL, or that of its metadata itself."""
    web = Web(RS.jwk())
    bench = Bench(web, "discovery", url)
    assert await bench.keys.look_again()
    assert (bench.kids(), web.asked) == (["k1"], [ISS + METADATA, AT_URL])


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example", "jwks_uri": AT_URL},
        {"issuer": f"{ISS}/", "jwks_uri": AT_URL},
        {"jwks_uri": AT_URL},
        {"issuer": ISS, "jwks_uri": AT_URL.replace("https", "http")},
        {"issuer": ISS, "jwks_uri": ["https://login.example/keys"]},
        {"issuer": ISS},
        None,
    ],
)
async def test_metadata_of_somebody_else_leads_nowhere(metadata: object) -> None:
    """Exactly the issuer that is expected, and keys over TLS alone."""
    web = Web(RS.jwk())
    web.pages[ISS + METADATA] = metadata
    bench = Bench(web, "discovery", ISS)
    assert not await bench.keys.look_again()
    assert (bench.kids(), web.asked) == (None, [ISS + METADATA])


@pytest.mark.parametrize(
    "page",
    [
        None,
        FetchError("no answer within 5 s"),
        RuntimeError("a fault of ours"),
        {},
        {"keys": {}},
        {"keys": []},
        {"keys": ["x"]},
        {"keys": [RS.jwk(), {"kty": "oct", "k": "AAAA"}]},
        {"keys": [RS.jwk(str(number)) for number in range(101)]},
    ],
    ids=str,
)
async def test_whatever_comes_the_last_good_keys_stay(page: object) -> None:
    """And a key that is not known then is one that nobody could look for."""
    web = Web(RS.jwk())
    bench = Bench(web)
    await bench.keys.look_again()
    web.pages[AT_URL] = page
    bench.clock.at += COOL_DOWN_S
    assert not await bench.keys.look_again()
    assert (bench.kids(), bench.changes, bench.keys.failures) == (["k1"], 1, 1)
    web.pages[AT_URL] = {"keys": [RS.jwk(), ES.jwk("k2")]}
    bench.clock.at += COOL_DOWN_S
    assert await bench.keys.look_again()
    assert (bench.kids(), bench.keys.failures) == (["k1", "k2"], 0)


@pytest.mark.parametrize(("age_s", "kids"), [(99.0, ["k1"]), (100.0, ["k1"]), (100.1, None)])
async def test_keys_grow_too_old(age_s: float, kids: list[str] | None) -> None:
    """Exactly as old as the policy bears is not too old."""
    bench = Bench(Web(RS.jwk()), stale_keys_s=100.0)
    await bench.keys.look_again()
    bench.clock.at += age_s
    assert bench.kids() == kids
    assert bench.keys.age_s == pytest.approx(age_s)


async def test_all_who_ask_share_one_look() -> None:
    """However many tokens with unknown keys come at once."""
    web = Web(RS.jwk())
    bench = Bench(web)
    web.go_on.clear()
    asking = [asyncio.create_task(bench.keys.look_again()) for _ in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    web.go_on.set()
    assert await asyncio.gather(*asking) == [True] * 50
    assert web.asked == [AT_URL]


async def test_a_slow_issuer_is_waited_for_no_longer_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look itself goes on, and serves whoever comes later."""
    monkeypatch.setattr("parclose.stores.remote_keys.WAIT_S", 0.01)
    web = Web(RS.jwk())
    bench = Bench(web)
    web.go_on.clear()
    assert not await bench.keys.look_again()
    web.go_on.set()
    await bench.keys.look_again()
    assert (bench.kids(), web.asked) == (["k1"], [AT_URL])


@pytest.mark.parametrize(("after_s", "looks"), [(0.0, 1), (COOL_DOWN_S - 0.01, 1), (COOL_DOWN_S, 2)])
@pytest.mark.parametrize("page", [{"keys": [RS.jwk()]}, None])
async def test_made_up_key_ids_do_not_hammer_the_issuer(page: object, after_s: float, looks: int) -> None:
    """After a look that brought nothing new, there is none for a while, and the last outcome counts."""
    web = Web(RS.jwk())
    bench = Bench(web)
    await bench.keys.look_again()
    web.pages[AT_URL] = page
    bench.clock.at += COOL_DOWN_S
    first = await bench.keys.look_again()
    asked = len(web.asked)
    bench.clock.at += after_s
    assert await bench.keys.look_again() is first is (page is not None)
    assert len(web.asked) - asked == looks - 1


async def test_new_keys_may_be_new_again_at_once() -> None:
    """A look that brought something gives no reason to wait."""
    web = Web(RS.jwk())
    bench = Bench(web)
    for kid in ("k2", "k3"):
        web.pages[AT_URL] = {"keys": [RS.jwk(kid)]}
        assert await bench.keys.look_again()
        assert bench.kids() == [kid]


async def test_readers_of_one_set_take_their_own_algorithms() -> None:
    """Two policies may take different ones of the same issuer; one for whom there is no key has none."""
    bench = Bench(Web(RS.jwk(), ES.jwk("k2")), algorithms=("RS256",))
    other = issuer(source="jwks_url", url=AT_URL, algorithms=("ES256",))
    none = issuer(source="jwks_url", url=AT_URL, algorithms=("EdDSA",))
    bench.keys.read_by(none)
    await bench.keys.look_again()
    bench.keys.read_by(other)
    found = [bench.keys.of(each) for each in (bench.issuer, other, none)]
    assert [None if each is None else list(each.by_kid) for each in found] == [["k1"], ["k2"], None]


@pytest.mark.parametrize(
    ("failures", "stale_keys_s", "rest_s"),
    [
        (0, 86_400.0, REFRESH_S),
        (0, 100.0, 50.0),
        (1, 86_400.0, FIRST_RETRY_S),
        (4, 86_400.0, 8 * FIRST_RETRY_S),
        (1000, 86_400.0, LAST_RETRY_S),
    ],
)
async def test_when_it_looks_again(
    failures: int, stale_keys_s: float, rest_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ahead of need: hourly, or twice in the life of keys; soon after a failure, then less and less often."""
    rests: list[float] = []
    bench = Bench(Web(), stale_keys_s=stale_keys_s)

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        raise asyncio.CancelledError

    async def shared() -> None:
        bench.keys.failures = failures

    monkeypatch.setattr(bench.keys, "_shared", shared)
    monkeypatch.setattr(asyncio, "sleep", rest)
    with pytest.raises(asyncio.CancelledError):
        await bench.keys.keep_fresh()
    assert rests == [rest_s]
