"""Names to addresses, by the system's resolver: bounded in time, remembered for moments, never raising.

Every answer is judged before anything connects, and only judged addresses are connected to, so a name that answers
differently the next time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import Final

from cachetools import TTLCache

# A resolver that takes longer has lost the first server of its list; the client would give up soon after.
DEADLINE_S: Final = 2.0
# Spares the burst of one page; names that move are followed within seconds.
LIFE_S: Final = 5.0
MAX_CACHED: Final = 4096
# What one name may stand for; the largest real answers hold a few dozen.
MAX_ADDRESSES: Final = 64
# Names whose servers are silent hold a thread each for as long as the system waits, some 10 s. On the loop's own few
# threads six of them would keep everybody else's names, and upstreams, from being found.
MAX_LOOKUPS: Final = 64


class SystemResolver:
    """Asks the system, off the loop, on threads of its own; who asks for a name that is being looked up waits along."""

    def __init__(
        self,
        *,
        deadline_s: float = DEADLINE_S,
        life_s: float = LIFE_S,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline_s = deadline_s
        self._known: TTLCache[tuple[str, int], tuple[str, ...]] = TTLCache(MAX_CACHED, life_s, timer=timer)
        self._asking: dict[tuple[str, int], asyncio.Task[tuple[str, ...]]] = {}
        self._threads = ThreadPoolExecutor(MAX_LOOKUPS, "resolver")

    def resolve(self, host: str, port: int) -> Awaitable[tuple[str, ...]] | tuple[str, ...]:
        """Return every address of `host` in canonical form; empty when there is none, or none in time."""
        name = host, port
        known = self._known.get(name)
        if known is not None:
            return known
        asking = self._asking.get(name)
        if asking is None:
            asking = self._asking[name] = asyncio.get_running_loop().create_task(self._ask(host, port))
            asking.add_done_callback(lambda _: self._asking.pop(name, None))
        return asyncio.shield(asking)  # one client that leaves takes the answer from nobody else

    async def _ask(self, host: str, port: int) -> tuple[str, ...]:
        """Ask the system. What is late or broken is an empty answer, kept as briefly as any."""
        try:
            async with asyncio.timeout(self._deadline_s):
                look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
                found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        except (OSError, ValueError, OverflowError):  # no such name, too late; bad label, NUL; bad port
            found = []
        texts = (canonical(str(sockaddr[0])) for *_, sockaddr in found)
        addresses = tuple(dict.fromkeys(text for text in texts if text))
        # INVARIANT: all or none are judged, so an answer that is too long to judge is no answer.
        answer = addresses if len(addresses) <= MAX_ADDRESSES else ()
        self._known[host, port] = answer
        return answer


def canonical(text: str) -> str:
    """Return an address in its one spelling: IPv4 inside IPv6 as IPv4, no zone; "" for what is no address."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
