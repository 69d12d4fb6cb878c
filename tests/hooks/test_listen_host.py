"""What would be believed if these failed: that a listener nobody chose an interface for is open to the network."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from parclose.hooks.listen_host import ListenHost


class Listener:
    """A listener that notes when it is stopped and started."""

    def __init__(self, *bound: str, custom: str | None = None) -> None:
        """Bind to some addresses; `custom` is the host of its own mode."""
        self.listen_addrs = tuple((host, 8080) for host in bound)
        self.mode = SimpleNamespace(custom_listen_host=custom, full_spec="regular")
        self.calls: list[str] = []

    async def stop(self) -> None:
        """Note the call."""
        self.calls.append("stop")

    async def start(self) -> None:
        """Note the call."""
        self.calls.append("start")


@pytest.mark.parametrize(
    ("listener", "wanted", "moved"),
    [
        (Listener("0.0.0.0", "::"), "127.0.0.1", True),
        (Listener("::"), "127.0.0.1", True),
        (Listener("127.0.0.1"), "127.0.0.1", False),
        (Listener("0.0.0.0"), "0.0.0.0", False),
        (Listener("0.0.0.0", custom="0.0.0.0"), "127.0.0.1", False),
        (Listener(), "127.0.0.1", False),
    ],
)
def test_only_listeners_opened_by_default_are_moved(listener: Listener, wanted: str, moved: bool) -> None:
    """A host somebody chose, for all or for one mode, is kept."""
    proxyserver: Any = SimpleNamespace(servers=[listener])
    asyncio.run(ListenHost(proxyserver, wanted).running())
    assert listener.calls == (["stop", "start"] if moved else [])
