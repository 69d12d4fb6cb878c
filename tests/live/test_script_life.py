"""Checklist 4, 6, 7, 8: whatever happens to the script, and while it starts or ends, nothing passes undecided.

If these fail, saving a half-written loader opens the proxy.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.lab import FOLDER, LOADER, script, until
from tests.live.realm import Guard, Realm, loader, message
from tests.live.wire import Origin, exchange

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, anonymous]}
    limits: {few: {key: subject|ip, rate: 1000/1000h}}
    routes:
      read /open/**: public
      read /things/**: things:read
"""
NO_HOOK = """
import runpy
from parclose.hooks import stage
stage.StageAddon.request_headers = stage.StageAddon.requestheaders
del stage.StageAddon.requestheaders
addons = runpy.run_path({loader!r})["addons"]
"""
WATCHED_S = 1.3
"""mitmproxy looks at its scripts every second."""
START_S = 10.0


class Ground:
    """A guard whose loader is a copy that may be damaged."""

    def __init__(self, origin: Origin, guard: Guard, copy: Path) -> None:
        """Hold them."""
        self.origin, self.guard, self.copy = origin, guard, copy


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard for the module; every damage must leave it as it is."""
    folder = FOLDER / "copied"
    folder.mkdir(exist_ok=True)
    copy = Path(shutil.copy(LOADER, folder / "loader.py"))
    async with Origin() as origin, Guard(Realm(SEGMENTS), upstream=origin, scripts=(copy,)) as guard:
        yield Ground(origin, guard, copy)


def left(ratelimit: str) -> int:
    """Return how much of a limit is left, as its header says."""
    return int(ratelimit.partition(";r=")[2].partition(";")[0])


@pytest.mark.parametrize(
    "damage",
    [
        "touched",
        "def broken(:",
        "import no_such_module",
        "def load(loader): raise RuntimeError",
        "addons = []",
        "deleted",
    ],
)
async def test_a_damaged_script_goes_on_guarding(ground: Ground, damage: str) -> None:
    """Touched, broken, emptied or deleted: refused stays refused, allowed stays allowed, counters go on."""
    source = LOADER.read_text()
    ground.copy.write_text(source)
    before = left((await ground.guard.ask(message("GET /open/1"))).headers["ratelimit"])
    if damage == "deleted":
        ground.copy.unlink()
    else:
        ground.copy.write_text(source if damage == "touched" else damage + "\n")
        os.utime(ground.copy, (time.time() + 5, time.time() + 5))
    seen, asked = len(ground.origin.seen), 0
    deadline = time.monotonic() + WATCHED_S
    while time.monotonic() < deadline:
        assert (await ground.guard.ask(message("GET /things/1"))).status == 401
        allowed = await ground.guard.ask(message("GET /open/1"))
        assert allowed.status == 200
        asked += 1
        assert before - left(allowed.headers["ratelimit"]) == asked
        await asyncio.sleep(0.1)
    assert len(ground.origin.seen) - seen == asked


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("misspelt", "import runpy\nadons = runpy.run_path({loader!r})['addons']\n"),
        ("one missing", "import runpy\naddons = runpy.run_path({loader!r})['addons'][1:]\n"),
        ("last missing", "import runpy\naddons = runpy.run_path({loader!r})['addons'][:-1]\n"),
        ("twice", "import runpy\naddons = 2 * runpy.run_path({loader!r})['addons']\n"),
        ("reversed", "import runpy\naddons = runpy.run_path({loader!r})['addons'][::-1]\n"),
        (
            "hook missing",
            NO_HOOK,
        ),
    ],
)
async def test_an_incomplete_house_refuses_the_start(name: str, source: str) -> None:
    """A component that is missing, misnamed or out of order ends the process before it serves anybody."""
    path = script(f"incomplete_{name.replace(' ', '_')}", source.format(loader=str(LOADER)))
    async with Origin() as origin:
        guard = Guard(Realm(), upstream=origin, scripts=(path,), listens=False, waits=False)
        async with guard:
            served = await hammer(guard, lambda: guard.ended, START_S)
            assert await guard.exit_code(START_S) != 0
        assert 200 not in served
        assert origin.connections == 0


async def hammer(guard: Guard, done: object, timeout_s: float, path: str = "/open/1") -> list[int]:
    """Ask for a public path again and again until `done` holds; return the statuses."""
    statuses, deadline = [], time.monotonic() + timeout_s
    while not done() and time.monotonic() < deadline:  # type: ignore[operator]  # a condition, as in `until`
        with contextlib.suppress(OSError):
            statuses.append((await exchange(guard.port, message(f"GET {path}"), timeout_s=1)).status)
        await asyncio.sleep(0.01)
    return statuses


SLOW = """
import asyncio
class Slow:
    async def running(self):
        print("slowly running", flush=True)
        await asyncio.sleep(1)
        print("running at last", flush=True)
        await asyncio.sleep(0.5)  # whoever reads that stops asking before the house opens
    async def done(self):
        print("slowly done", flush=True)
        await asyncio.sleep(1)
addons = [Slow()]
"""


async def test_nothing_passes_before_the_house_is_ready() -> None:
    """While an addon before ours is still starting, the port is open and answers 503; afterwards it serves."""
    async with Origin() as origin:
        scripts = (script("slow", SLOW), LOADER)
        async with Guard(Realm(), upstream=origin, scripts=scripts, listens=False, waits=False) as guard:
            statuses = await hammer(guard, lambda: guard.grep("running at last"), START_S)
            assert set(statuses) == {503}
            assert origin.connections == 0
            await until(lambda: guard.grep("running at last"), "the start")
            await guard._until_ready()
            assert (await guard.ask(message("GET /open/1"))).status == 200


@pytest.mark.parametrize("place", ["before", "behind"])
async def test_nothing_passes_while_the_house_closes(place: str) -> None:
    """From SIGTERM on everything is refused, though mitmproxy serves on while an addon's `done` waits."""
    slow = script(f"slow_{place}", SLOW)
    async with Origin() as origin:
        scripts = (slow, LOADER) if place == "before" else (LOADER, slow)
        async with Guard(Realm(), upstream=origin, scripts=scripts) as guard:
            assert (await guard.ask(message("GET /open/1"))).status == 200
            os.kill(guard.pid, signal.SIGTERM)
            await guard.says("slowly done")
            seen = len(origin.seen)
            statuses = await hammer(guard, lambda: guard.ended, START_S)
            assert set(statuses) <= {0, 503}
            assert 503 in statuses
            assert len(origin.seen) == seen


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("load raises", "def load(loader): raise RuntimeError('broken on purpose')"),
        ("running raises", "def running(): raise RuntimeError('broken on purpose')"),
        ("logs an error", "import logging\nlogging.error('broken on purpose')"),
        ("syntax", "def broken(:"),
    ],
)
async def test_an_error_during_start_ends_the_process(name: str, source: str) -> None:
    """Anything that logs an error while starting, ours or another's, ends the process with a code."""
    broken = script(f"broken_{name.replace(' ', '_')}", source + "\n")
    async with Origin() as origin:
        guard = Guard(Realm(), upstream=origin, scripts=(LOADER, broken), listens=False, waits=False)
        async with guard:
            assert await guard.exit_code(START_S) != 0
        assert origin.connections == 0


@pytest.mark.parametrize("part", ["parclose.hooks.mount.mount", "parclose.hooks.host.install"])
async def test_a_broken_component_ends_the_process(part: str) -> None:
    """An exception of our own while mounting ends the process too."""
    module, _, name = part.rpartition(".")
    before = (
        f"import {module}\ndef broken(*_, **__): raise RuntimeError('broken on purpose')\n{module}.{name} = broken\n"
    )
    async with Origin() as origin:
        scripts = (loader(f"broken_{name}", before),)
        guard = Guard(Realm(), upstream=origin, scripts=scripts, listens=False, waits=False)
        async with guard:
            assert await guard.exit_code(START_S) != 0
        assert origin.connections == 0
