"""Databases, zone files and revocation lists are cut, swapped, deleted and overwritten while requests go on.

If these fail, an update that goes wrong lets an embargoed country in, or kills the process that has the file open.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.test_client_certs import GOOD, LISTED, client, guarded, lists, said
from tests.live.test_client_certs import ask as ask_with
from tests.live.wire import Answer, Origin
from tests.stores.test_geoip import write

pytestmark = pytest.mark.live

SETTINGS = "client_ip: {from: x-forwarded-for, trusted_proxies: [loopback]}"
MORE = """
geo: {country_db: country.mmdb, on_unknown: deny, sets: {embargo: {countries: [KP], legal: true, link: "https://law.test"}}}
zones: {office: {files: [office.txt]}}
"""
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [anonymous]}
    network: {deny_geo: [embargo]}
    routes:
      read /open/**: public
      read /office/**: {public: true, network: {allow: [office]}}
"""
COUNTRIES = {"203.0.113.0/24": {"country": {"iso_code": "DE"}}, "198.51.100.0/24": {"country_code": "KP"},
             "2001:db8::/32": {"country": {"iso_code": "KP"}}}  # fmt: skip
CALLERS: Mapping[str, tuple[str, str, int]] = {
    "a good country": ("/open/1", "203.0.113.7", 200),
    "an embargoed one": ("/open/1", "198.51.100.7", 451),
    "an embargoed one, IPv6": ("/open/1", "2001:db8::7", 451),
    "nowhere": ("/open/1", "192.88.99.1", 403),
    "the office": ("/office/1", "203.0.113.9", 200),
    "no office": ("/office/1", "203.0.113.7", 403),
}


def truncate(path: Path) -> None:
    """Cut a file in place, under whoever has it mapped."""
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    """Write rubbish into a file, in place."""
    path.write_bytes(b"\xff rubbish \x00" * 500)


def delete(path: Path) -> None:
    """Take a file away."""
    path.unlink()


def folder(path: Path) -> None:
    """Put a folder in the place of a file."""
    path.unlink()
    path.mkdir()


FAULTS: tuple[Callable[[Path], None], ...] = (truncate, empty, overwrite, delete, folder)


def renew(path: Path, content: bytes) -> None:
    """Put a file in place as one should: whole, by renaming."""
    if path.is_dir():
        path.rmdir()
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)


class Load:
    """Callers that ask again and again; what each was answered."""

    def __init__(self, guard: Guard) -> None:
        """Start with nothing."""
        self.guard, self.told = guard, Counter[tuple[str, int]]()
        self.last: dict[str, Answer] = {}

    async def one(self, name: str, path: str, address: str) -> None:
        """Ask for ever, on a connection that is kept."""
        async with Line(self.guard.port) as line:
            while True:
                answer = await line.ask(message(f"GET {path}", f"X-Forwarded-For: {address}"), timeout_s=15)
                self.told[name, answer.status] += 1
                self.last[name] = answer
                await asyncio.sleep(0.002)

    def wrong(self) -> dict[tuple[str, int], int]:
        """Return the answers that nobody should have got."""
        return {(name, status): count for (name, status), count in self.told.items() if CALLERS[name][2] != status}

    async def some_more(self) -> None:
        """Wait until each caller has been answered ten times more."""
        before = Counter({name: self.count(name) for name in CALLERS})
        await until(lambda: all(self.count(name) >= before[name] + 10 for name in CALLERS), "ten answers for each")

    def count(self, name: str) -> int:
        """Return how many answers a caller has got."""
        return sum(count for (one, _), count in self.told.items() if one == name)


@asynccontextmanager
async def loaded(guard: Guard) -> AsyncIterator[Load]:
    """Let all callers ask; fails where one of them stops."""
    load = Load(guard)
    asking = [asyncio.create_task(load.one(name, path, address)) for name, (path, address, _) in CALLERS.items()]
    try:
        yield load
        assert not [task for task in asking if task.done()]
    finally:
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def state(realm: Realm) -> str:
    """Return what the health page says."""
    return str(json.loads((await realm.admin("/healthz")).body)["status"])


async def test_databases_and_zone_files() -> None:
    """Nobody is let in or out by a file that is broken; it is loud; and a good one is in force when it is there."""
    realm = Realm(SEGMENTS, settings=SETTINGS, more=MORE, files={"office.txt": "203.0.113.9/32\n"})
    country, office = realm.folder / "country.mmdb", realm.folder / "office.txt"
    write(country, COUNTRIES)
    async with Origin() as origin, Guard(realm, upstream=origin) as guard, loaded(guard) as load:
        await guard.says("is followed")
        for path in (country, office):
            good = path.read_bytes()
            for fault in FAULTS:
                if (path, fault) in {(office, truncate), (office, empty)}:
                    continue  # half a list of addresses is a list, and an empty one is what its author may mean
                refused, taken = len(guard.grep("policy refused")), len(guard.grep("in force: revision"))
                fault(path)
                await until(lambda: len(guard.grep("policy refused")) > refused, f"{fault.__name__} of {path.name}")  # noqa: B023
                await load.some_more()
                assert load.wrong() == {}, (path.name, fault.__name__)
                assert await state(realm) == "degraded"
                assert "parclose_policy_rejected 1.0" in (await realm.admin("/metrics")).body.decode()
                renew(path, good)
                await until(lambda: len(guard.grep("in force: revision")) > taken, f"{path.name} is good again")  # noqa: B023
                assert await state(realm) == "ok"
                await load.some_more()
                assert load.wrong() == {}, (path.name, fault.__name__)
        assert load.last["an embargoed one"].headers["link"] == '<https://law.test>; rel="blocked-by"'
        taken = len(guard.grep("in force: revision"))
        write(realm.folder / "other.mmdb", {"203.0.113.0/24": {"country": {"iso_code": "KP"}}})
        shutil.move(realm.folder / "other.mmdb", country)
        await until(lambda: len(guard.grep("in force: revision")) > taken, "another database")
        answer = await guard.ask(message("GET /open/1", "X-Forwarded-For: 203.0.113.7"))
        assert answer.status == 451
        assert not guard.ended
        assert not guard.grep("Traceback")


async def test_revocation_lists() -> None:
    """Who is revoked stays out, and everybody else in, whatever becomes of the file."""
    async with guarded("request") as (guard, realm, _):
        crl = realm.folder / "devices.crl"
        crl.write_text(lists(LISTED))
        await until(lambda: len(guard.grep("in force: revision")) == 2, "the new lists")
        content, told, stop = crl.read_bytes(), Counter[tuple[str, tuple[int, str]]](), asyncio.Event()

        async def ask_again(name: str, made: object) -> None:
            while not stop.is_set():
                told[name, said(await ask_with(guard.port, client(made), message("GET /mine")))] += 1  # type: ignore[arg-type]
                await asyncio.sleep(0.01)

        asking = [asyncio.create_task(ask_again("good", GOOD)), asyncio.create_task(ask_again("bad", LISTED))]
        for fault in FAULTS:
            refused, taken = len(guard.grep("policy refused")), len(guard.grep("in force: revision"))
            fault(crl)
            await until(lambda: len(guard.grep("policy refused")) > refused, f"{fault.__name__} of the lists")  # noqa: B023
            before = Counter(told)
            await until(lambda: len(told - before) == 2, "an answer for each")  # noqa: B023
            renew(crl, content)
            await until(lambda: len(guard.grep("in force: revision")) > taken, "the lists are good again")  # noqa: B023
        stop.set()
        await asyncio.gather(*asking)
        assert {(name, answer[0]) for name, answer in told} == {("good", 200), ("bad", 401)}, told
        assert not guard.grep("Traceback")
