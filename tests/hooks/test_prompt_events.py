"""What would be believed if these failed: that speed was bought with events handled twice, late, or out of order."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import exceptions
from mitmproxy.proxy import events, mode_servers, server
from mitmproxy.test import tflow

from parclose.hooks import prompt_events
from parclose.hooks.carried_out import DONE
from parclose.hooks.dispatch import Dispatch
from parclose.hooks.dispatch_trial import fresh_manager
from parclose.hooks.prompt_events import AT_ONCE, LINE, PromptEvents, hook_task


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


async def test_who_is_cancelled_in_the_middle_handles_what_others_put_in_line() -> None:
    """A closing connection must not swallow the events of the other one that it is paired with."""
    log, handler = Log(), Handler()
    log.leads = {str(at): [str(at + 1)] for at in range(1, AT_ONCE + 3)}
    working = asyncio.create_task(log.handle(handler, "1"))
    await asyncio.sleep(0)
    await log.handle(handler, "another's")
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert log.handled[-1] == str(AT_ONCE + 3)
    assert "another's" in log.handled
    assert not vars(handler)


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
    """Stands for a hook that is about something."""

    about: Any
    blocking: bool = True
    name: str = "request"

    def args(self) -> list[Any]:
        """Return what it is about."""
        return [self.about]


class Connection(server.ConnectionHandler):
    """A connection under way, in the middle of an event, whose one addon does what `act` says."""

    def __init__(self, act: Callable[[object], object]) -> None:
        self.timeout_watchdog = server.TimeoutWatchdog(60, cast("Any", None))
        self.master = SimpleNamespace(addons=fresh_manager())
        self.master.addons.chain.append(SimpleNamespace(request=act))
        Dispatch(self.master.addons).install()
        self.line: deque[Any] = deque()
        vars(self)[LINE] = self.line

    async def handle_hook(self, hook: Any) -> None:
        """Not asked."""
        raise NotImplementedError

    async def server_event(self, event: events.Event) -> None:
        """Put it in line."""
        self.line.append(event)

    def run(self, about: object, *, blocking: bool = True) -> object:
        """Run a hook, as the event that starts it does."""
        return hook_task(cast("Any", self), cast("Any", Hook(about, blocking)))


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_hook_that_waits_for_nothing_is_done_at_once(*, blocking: bool) -> None:
    """No task: its completion stands in line, where somebody waits for it."""
    seen: list[object] = []
    held = Connection(seen.append)
    assert held.run("x", blocking=blocking) is DONE
    assert seen == ["x"]
    assert len(held.line) == blocking


async def test_a_hook_that_waits_gets_a_task_for_the_rest_while_the_watchdog_sleeps() -> None:
    """What it waits for is awaited inside its own task, and the completion comes after it, once."""
    gate = asyncio.Event()
    tasks: list[object] = []

    async def wait(_: object) -> None:
        async with asyncio.timeout(5):
            tasks.append(asyncio.current_task())
            await gate.wait()

    held = Connection(wait)
    watchdog = held.timeout_watchdog
    task = asyncio.ensure_future(cast("Any", held.run("x")))
    await asyncio.sleep(0)
    assert (watchdog.blocker, watchdog.can_timeout.is_set(), len(held.line)) == (1, False, 0)
    gate.set()
    await task
    assert tasks == [task]
    assert (watchdog.blocker, watchdog.can_timeout.is_set(), len(held.line)) == (0, True, 1)


@pytest.mark.parametrize("failure", [asyncio.CancelledError, exceptions.OptionsError])
async def test_what_mitmproxy_lets_through_is_raised_in_the_task(failure: type[BaseException]) -> None:
    """And the hook is not complete, as with mitmproxy itself: nothing goes on."""

    def fail(_: object) -> None:
        raise failure

    held = Connection(fail)
    task = asyncio.ensure_future(cast("Any", held.run("x")))
    with pytest.raises(failure):
        await task
    assert not held.line


async def test_an_intercepted_flow_waits_until_it_is_resumed() -> None:
    """The console may hold a flow; what follows from its hook comes after it is let go."""
    about = tflow.tflow()
    held = Connection(lambda flow: cast("Any", flow).intercept())
    task = asyncio.ensure_future(cast("Any", held.run(about)))
    await asyncio.sleep(0)
    assert not held.line
    about.resume()
    await task
    assert len(held.line) == 1


@pytest.fixture
def stock() -> Iterator[Any]:
    """Yield mitmproxy's own method, and put back what was there: another test may have installed everything."""
    was_installed = hasattr(server.ConnectionHandler.server_event, "parclose")
    prompt_events.uninstall()
    yield server.ConnectionHandler.server_event
    if was_installed:
        prompt_events.install()


def test_installing_twice_changes_nothing(stock: Any) -> None:
    """The override is not stacked on itself, and comes off in one go."""
    prompt_events.install()
    prompt_events.install()
    assert "hook_task" in vars(mode_servers.ProxyConnectionHandler)
    prompt_events.uninstall()
    assert server.ConnectionHandler.server_event is stock
    assert "hook_task" not in vars(mode_servers.ProxyConnectionHandler)
