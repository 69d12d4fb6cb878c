"""A trial of the indexed dispatch beside the stock one: a small tree of addons, the same events, the same calls."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from mitmproxy import addonmanager, exceptions
from mitmproxy.proxy import server_hooks
from mitmproxy.proxy.layers.http import _hooks as http_hooks

from parclose.hooks.dispatch import Dispatch


class Witness:
    """An addon that writes down each call, then does what it was told: return, raise, or answer asynchronously."""

    def __init__(self, name: str, calls: list[str], act: str = "return", addons: tuple[Any, ...] = ()) -> None:
        self.name = name
        self._calls = calls
        self._act = act
        if addons:
            self.addons = list(addons)

    def client_connected(self, _: object) -> Any:
        """Write down the call and act."""
        self._calls.append(self.name)
        if self._act == "raise":
            raise ValueError(self.name)
        if self._act == "halt":
            raise exceptions.AddonHalt
        return self._later() if self._act == "await" else None

    async def _later(self) -> None:
        """Write down that the answer was awaited."""
        self._calls.append(f"{self.name} awaited")


def fresh_manager() -> addonmanager.AddonManager:
    """Return a manager that no master knows."""
    options = SimpleNamespace(changed=SimpleNamespace(connect=lambda _: None))
    return addonmanager.AddonManager(SimpleNamespace(options=options))


def calls_of(indexed: bool) -> list[str]:
    """Run the trial's events through one of the two dispatches and return what was called, in order."""
    calls: list[str] = []
    inner = (Witness("b1", calls, "await"), Witness("b2", calls, "raise"), Witness("b3", calls))
    late = Witness("late", calls)
    chain: list[Any] = [Witness("a", calls), Witness("b", calls, addons=inner), SimpleNamespace(), Witness("c", calls)]
    manager = fresh_manager()
    manager.chain = chain
    if indexed:
        Dispatch(manager).install()

    def run(event: Any) -> None:
        waiting = manager.handle_lifecycle(event)
        try:
            waiting.send(None)
        except StopIteration:
            calls.append("end")

    connected: Any = server_hooks.ClientConnectedHook(SimpleNamespace())  # type: ignore[arg-type]
    run(connected)
    chain[1].addons = [inner[2]]
    chain[2].client_connected = late.client_connected
    run(connected)
    manager.chain = [*chain, Witness("halt", calls, "halt"), Witness("never", calls)]
    run(connected)
    run(http_hooks.HttpRequestHook(SimpleNamespace()))  # type: ignore[arg-type]
    return calls


def self_test() -> str:
    """Return what indexed dispatch does otherwise than stock dispatch, empty when nothing."""
    # The trial raises on purpose; an error logged during start would end mitmproxy.
    was, addonmanager.logger.disabled = addonmanager.logger.disabled, True
    try:
        stock, indexed = calls_of(indexed=False), calls_of(indexed=True)
    finally:
        addonmanager.logger.disabled = was
    return "" if stock == indexed else f"stock calls {stock}, the index calls {indexed}"
