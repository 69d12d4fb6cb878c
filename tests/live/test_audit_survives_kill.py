"""Nothing decided is lost: after `kill -9` under load the ledger holds every request that the origin has seen.

If this fails, whoever can crash the proxy can act without a trace.
"""

import asyncio
import contextlib
import os
import signal

import pytest

from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

CLIENTS = 8
ADMITTED = 300


async def test_a_killed_guard_has_written_what_it_admitted() -> None:
    """Each admitted request stands in the ledger, though the process had no chance to flush anything."""
    realm = Realm()
    async with Origin() as origin:
        async with Guard(realm, upstream=origin) as guard:
            bearer = realm.bearer()

            async def load(number: int) -> None:
                with contextlib.suppress(OSError):
                    async with Line(guard.port) as line:
                        for count in range(100_000):
                            data = message(f"GET /things/{number}-{count}", bearer)
                            if (await line.ask(data, timeout_s=2)).status != 200:
                                return

            tasks = [asyncio.create_task(load(number)) for number in range(CLIENTS)]
            await until(lambda: len(origin.seen) >= ADMITTED, "requests at the origin")
            os.kill(guard.pid, signal.SIGKILL)
            await asyncio.gather(*tasks)
        seen = {request.line.split()[1] for request in origin.seen}
    written = [line["path"] for line in realm.decisions() if line["verdict"]["action"] == "allow"]
    assert len(seen) >= ADMITTED
    assert seen - set(written) == set()
    assert len(written) == len(set(written))
