"""What would be believed if these failed: that speed was bought with events handled twice, late, or out of order."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from mitmproxy.proxy import events, mode_servers, server
from mitmproxy.test import tflow

from parclose.hooks import prompt_events
from parclose.hooks.prompt_events import AT_ONCE, PromptEvents, handle_hook

KINDS = server.ConnectionHandler, mode_servers.ProxyConnectionHandler
NAMES = "server_event", "handle_hook"


class Handler:
    """Stands for a connection handler."""


class Log:
    """Handles events as mitmproxy does, without a pause, and lets each lead to others while it is being handled."""

    def __init__(self) -> None:
        self.prompt = PromptEvents(self.stock)
        self.handled: list[str] = []
        self.leads: dict[str, list[str]] = {}
        self.inside = False

    async def stock(self, handler: server.ConnectionHandler, event: events.Event) -> None:
        """Handle one event; those it leads to arrive before it is done."""
        assert not self.inside, "two events of one connection at once"
        self.inside = True
        name = cast("str", event)
        self.handled.append(name)
        for following in self.leads.get(name, ()):
            await self.prompt.handle(handler, cast("Any", following))
        self.inside = False

    async def handle(self, handler: Handler, name: str) -> None:
        """Hand in an event."""
        await self.prompt.handle(cast("Any", handler), cast("Any", name))


async def test_what_an_event_leads_to_is_handled_after_it_in_the_same_turn() -> None:
    """The hook's completion neither interrupts the event nor waits for a turn of the loop."""
    log, handler = Log(), Handler()
    log.leads = {"data": ["headers hook", "second stream"], "headers hook": ["body hook"]}
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "a turn")
    await log.handle(handler, "data")
    assert log.handled == ["data", "headers hook", "second stream", "body hook"]
    assert turns == []


async def test_connections_do_not_stand_in_each_others_line() -> None:
    """An event of one connection, arriving while another one's is handled, is handled at once."""
    log, one, two = Log(), Handler(), Handler()
    await log.handle(one, "a")
    await log.handle(two, "b")
    assert log.handled == ["a", "b"]
    assert not vars(one)
    assert not vars(two)


@pytest.mark.parametrize(("length", "turned"), [(AT_ONCE - 1, False), (AT_ONCE, True), (AT_ONCE + 1, True)])
async def test_a_long_line_lets_others_have_their_turn(length: int, *, turned: bool) -> None:
    """A client with many small requests at once does not hold the loop."""
    log, handler = Log(), Handler()
    log.leads = {str(at): [str(at + 1)] for at in range(1, length)}
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "a turn")
    await log.handle(handler, "1")
    assert log.handled == [str(at) for at in range(1, length + 1)]
    assert bool(turns) is turned


async def test_what_arrives_during_a_turn_of_others_waits_in_line() -> None:
    """Order holds also where another task hands in an event while the line is being worked off."""
    log, handler = Log(), Handler()
    log.leads = {str(at): [str(at + 1)] for at in range(1, 2 * AT_ONCE)}
    working = asyncio.create_task(log.handle(handler, "1"))
    await asyncio.sleep(0)
    await log.handle(handler, "late")
    await working
    assert log.handled.index("late") == AT_ONCE + 1
    assert len(log.handled) == 2 * AT_ONCE + 1


async def test_a_failure_does_not_leave_the_connection_in_line() -> None:
    """After an exception that is not mitmproxy's to catch, the next event is handled."""

    async def broken(*_: object) -> None:
        raise KeyboardInterrupt

    handler = Handler()
    with pytest.raises(KeyboardInterrupt):
        await PromptEvents(broken).handle(cast("Any", handler), cast("Any", "x"))
    assert not vars(handler)


@dataclass
class Hook:
    """Stands for a hook that is about a flow."""

    about: Any

    def args(self) -> list[Any]:
        """Return what it is about."""
        return [self.about]


class Connection:
    """Stands for a connection whose hooks take as long as `busy` says, or fail."""

    def __init__(self, busy: asyncio.Event, failure: type[BaseException] | None = None) -> None:
        self.timeout_watchdog = server.TimeoutWatchdog(60, cast("Any", None))
        self.busy, self.failure, self.master, self.addons = busy, failure, self, self

    async def handle_lifecycle(self, _: object) -> None:
        """Run a hook."""
        await self.busy.wait()
        if self.failure is not None:
            raise self.failure


@pytest.mark.parametrize("failure", [None, asyncio.CancelledError, ValueError])
async def test_the_idle_watchdog_sleeps_for_as_long_as_any_hook_runs(failure: type[BaseException] | None) -> None:
    """Two hooks at once: it wakes when the last one ends, however it ends, and counts from there."""
    busy = asyncio.Event()
    held = Connection(busy, failure)
    watchdog = held.timeout_watchdog
    watchdog.last_activity = 0.0
    hooks = [asyncio.create_task(handle_hook(cast("Any", held), cast("Any", Hook("x")))) for _ in range(2)]
    await asyncio.sleep(0)
    assert (watchdog.blocker, watchdog.can_timeout.is_set()) == (2, False)
    busy.set()
    ended = await asyncio.gather(*hooks, return_exceptions=True)
    assert [type(end) for end in ended] == [failure or type(None)] * 2
    assert (watchdog.blocker, watchdog.can_timeout.is_set()) == (0, True)
    assert watchdog.last_activity > 0


async def test_an_intercepted_flow_waits_until_it_is_resumed() -> None:
    """The console may hold a flow; what follows from its hook comes after it is let go."""
    busy = asyncio.Event()
    busy.set()
    about = tflow.tflow()
    about.intercept()
    running = asyncio.create_task(handle_hook(cast("Any", Connection(busy)), cast("Any", Hook(about))))
    await asyncio.sleep(0.01)
    assert not running.done()
    about.resume()
    await running


@pytest.fixture
def stock() -> Iterator[Any]:
    """Yield mitmproxy's own method, and put back what was there: another test may have installed everything."""
    there = server.ConnectionHandler.server_event, mode_servers.ProxyConnectionHandler.handle_hook
    prompt_events.uninstall()
    yield server.ConnectionHandler.server_event
    for kind, name, held in zip(KINDS, NAMES, there, strict=True):
        setattr(kind, name, held)


def test_installing_twice_changes_nothing(stock: Any) -> None:
    """The override is not stacked on itself, and comes off in one go."""
    prompt_events.install()
    prompt_events.install()
    prompt_events.uninstall()
    assert server.ConnectionHandler.server_event is stock
