"""Names: canonical addresses, in time, or none; never an error. Nothing here asks a real name server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable
from typing import Any, cast

import pytest

from parclose.stores.resolver import LIFE_S, MAX_ADDRESSES, SystemResolver, canonical
from tests.stores.test_token_cache import Clock


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("127.1", ""),
        ("api.example", ""),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(text: str, one: str) -> None:
    """So that rules, limits and audit mean the same one."""
    assert canonical(text) == one


class Answers:
    """A system resolver that answers as told, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, said: object) -> None:
        self.asked: list[tuple[str, int]] = []
        self.go_on = threading.Event()
        self._said = said
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: str, port: int, **more: Any) -> list[Any]:
        """Return or raise what was told; `...` waits until it may go on."""
        self.asked.append((host, port))
        if self._said is ...:
            self.go_on.wait()
            return []
        if isinstance(self._said, Exception):
            raise self._said
        return [(socket.AF_INET, 1, 6, "", (text, port)) for text in cast("list[str]", self._said)]


async def ask(resolver: SystemResolver, host: str = "api.example") -> tuple[str, ...]:
    """Resolve, whether it answers at once or later."""
    said = resolver.resolve(host, 443)
    return await said if isinstance(said, Awaitable) else said


async def test_every_address_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the system's order, canonical, without repeats."""
    Answers(monkeypatch, ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1", "fe80::1%2"])
    assert await ask(SystemResolver()) == ("203.0.113.7", "2001:db8::1", "fe80::1")


@pytest.mark.parametrize(
    "said",
    [
        socket.gaierror(-2, "no"),
        UnicodeError("label"),
        OverflowError("port"),
        ValueError("NUL"),
        OSError(24, "files"),
        ...,
    ],
)
async def test_what_goes_wrong_is_no_address(monkeypatch: pytest.MonkeyPatch, said: object) -> None:
    """Unknown, unreadable, too late: an empty answer, which the destination stage refuses."""
    answers = Answers(monkeypatch, said)
    assert await ask(SystemResolver(deadline_s=0.01)) == ()
    answers.go_on.set()


async def test_answers_are_remembered_for_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request is answered at once; after the life of an answer the system is asked again."""
    answers, clock = Answers(monkeypatch, ["203.0.113.7"]), Clock()
    resolver = SystemResolver(timer=clock)
    await ask(resolver)
    assert resolver.resolve("api.example", 443) == ("203.0.113.7",)
    clock.at += LIFE_S
    await ask(resolver)
    assert len(answers.asked) == 2


@pytest.mark.parametrize(("count", "kept"), [(-1, True), (0, True), (1, False)], ids=["below", "at", "above"])
async def test_too_many_addresses_are_none(monkeypatch: pytest.MonkeyPatch, count: int, kept: bool) -> None:
    """All are judged or none: an answer without end is not cut to fit."""
    many = [f"10.0.{number >> 8}.{number & 255}" for number in range(MAX_ADDRESSES + count)]
    Answers(monkeypatch, many)
    assert await ask(SystemResolver()) == (tuple(many) if kept else ())


async def test_spellings_of_loopback_are_seen_as_it() -> None:
    """What the C library takes for an address is told as that address, so it is judged as that."""
    for host in ("127.1", "0x7f000001", "2130706433"):
        assert await ask(SystemResolver(), host) == ("127.0.0.1",)


async def test_who_asks_for_the_same_name_waits_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """One lookup for all of them; one who leaves takes the answer from nobody else."""
    answers, resolver = Answers(monkeypatch, ["203.0.113.7"]), SystemResolver()
    asking = [asyncio.ensure_future(cast("Awaitable[Any]", resolver.resolve("api.example", 443))) for _ in range(3)]
    asking[0].cancel()
    assert await asyncio.gather(*asking[1:]) == [("203.0.113.7",)] * 2
    assert len(answers.asked) == 1
    assert resolver.resolve("api.example", 443) == ("203.0.113.7",)
