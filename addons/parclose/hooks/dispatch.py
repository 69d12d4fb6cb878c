"""Indexed dispatch: mitmproxy's hooks, called in mitmproxy's order, without asking every addon for every hook.

Stock mitmproxy walks some 35 addons, and all that scripts hold, for each hook of each request, and again for the
`update` that follows, though most have no such hook. Here an index knows which addons can have a handler for it.

What the index may assume, and must notice:
- Scripts come and go, and modules change their `addons`, without telling anybody: every list of addons in the tree is
  compared with what it held when the index was made, before each hook.
- An addon is skipped when neither it nor its classes have an attribute of the hook's name. Setting an attribute on it
  later changes the size of its `__dict__`, which is compared too. Only a hook patched into the class of an addon at
  run time goes unseen, until a list changes.
- An addon that makes up its attributes is asked each time, and what it holds is walked afresh, as stock does.
- Handlers are looked up anew at each call, so one that is replaced is seen.
- `configure`, `load`, `running`, `done` are rare and change the tree while they run: they are left to stock.

Not protective: where the self-test finds a difference, stock dispatch stays. Source: mitmproxy 12.2.3, addonmanager.py.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Coroutine, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mitmproxy import addonmanager, exceptions, flow, hooks

STOCK_EVENTS = frozenset({"configure", "load", "running", "done"})
"""Events that stock dispatch handles: they add and remove addons while they are being handled."""
MISSING = object()
BEGIN = "parclose_begin"
"""Under this name the manager has `Dispatch.begin`, for who can do without a task."""

type Steps = Generator[Awaitable[Any], None, None]


def is_dynamic(addon: object) -> bool:
    """Tell whether an object makes up attributes, so that nothing can be said of it in advance."""
    if isinstance(addon, types.ModuleType):
        return "__getattr__" in vars(addon)  # PEP 562
    return any("__getattr__" in vars(kind) or "__getattribute__" in vars(kind) for kind in type(addon).__mro__[:-1])


def may_have(addon: object, name: str) -> bool:
    """Tell whether an addon, its classes, or code of its own may answer to an attribute of this name."""
    if isinstance(addon, types.ModuleType):
        return hasattr(addon, name)
    return is_dynamic(addon) or inspect.getattr_static(addon, name, MISSING) is not MISSING


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the chain: `addon`, and `members`, those of it and what it holds that may have the hook.

    `lazy` entries are walked afresh: something in them makes up its attributes.
    """

    addon: Any
    members: tuple[Any, ...]
    lazy: bool = False

    def asked(self) -> Iterable[Any]:
        """Return the addons to ask, in order."""
        return addonmanager.traverse([self.addon]) if self.lazy else self.members


def handler_of(addon: object, name: str, absent: Any = None) -> Any:
    """Return the handler of an addon, `absent` where it has none; as `AddonManager._iter_hooks` finds them.

    Raises: AddonManagerError for an attribute of the hook's name that cannot be called; modules are passed over.
    """
    handler = getattr(addon, name, None)
    if not handler:
        return absent
    if callable(handler):
        return handler
    if isinstance(handler, types.ModuleType):
        return absent
    raise exceptions.AddonManagerError(f"Addon handler {name} ({addon}) not callable")


def nothing(*_: object) -> None:
    """Stand for a handler that is not there."""


def handlers(entry: Entry, name: str) -> Iterator[Any]:
    """Yield the handlers of an entry and all it holds, lazily."""
    for addon in entry.asked():
        handler = handler_of(addon, name)
        if handler is not None:
            yield handler


def called(entry: Entry, name: str, arguments: Sequence[Any]) -> Steps:
    """Call the handlers of an entry, yielding what has to be awaited."""
    for handler in handlers(entry, name):
        result = handler(*arguments)
        if result is not None and inspect.isawaitable(result):
            yield result


def names_of(kind: type[hooks.Hook]) -> tuple[str, ...] | None:
    """Return the names of a kind of hook's arguments, None where it says in its own way what they are."""
    if getattr(kind, "args", None) is not hooks.Hook.args:
        return None
    return tuple(each.name for each in fields(kind))  # type: ignore[arg-type]  # every hook is a dataclass


class Index:
    """Which addons of a chain may have a handler of a hook; valid as long as `is_current`."""

    __slots__ = ("_chain", "_dicts", "_entries", "_held", "_lists", "_sizes", "_wanted")

    def __init__(self, chain: list[Any], idle: tuple[type, ...] = ()) -> None:
        self._chain = chain
        self._entries = list(chain)
        self._held: list[tuple[Any, tuple[Any, ...], bool]] = []
        self._lists: list[tuple[Any, list[Any]]] = []
        self._dicts: list[Any] = []
        for entry in chain:
            if isinstance(entry, idle):
                continue
            known = tuple(addonmanager.traverse([entry]))
            lazy = any(is_dynamic(addon) for addon in known)
            self._held.append((entry, known, lazy))
            if not lazy:
                self._lists += [(addon, list(addon.addons)) for addon in known if hasattr(addon, "addons")]
                self._dicts += [vars(addon) for addon in known if hasattr(addon, "__dict__")]
        self._sizes = [len(held) for held in self._dicts]
        self._wanted: dict[str, tuple[Entry, ...]] = {}

    def is_current(self, chain: list[Any]) -> bool:
        """Tell whether every list of addons is as it was, and no addon has gained or lost an attribute."""
        if chain is not self._chain or chain != self._entries or list(map(len, self._dicts)) != self._sizes:
            return False
        for addon, known in self._lists:  # noqa: SIM110 - a loop costs less than `all` of a generator, at each hook of each request
            if getattr(addon, "addons", None) != known:
                return False
        return True

    def entries(self, name: str) -> tuple[Entry, ...]:
        """Return the entries to ask, in the order of the chain."""
        wanted = self._wanted.get(name)
        if wanted is None:
            found = [
                Entry(entry, tuple(addon for addon in known if may_have(addon, name)), lazy)
                for entry, known, lazy in self._held
            ]
            wanted = tuple(entry for entry in found if entry.lazy or entry.members)
            self._wanted[name] = wanted
        return wanted


class Dispatch:
    """Takes the place of an AddonManager's `trigger`, `trigger_event` and `handle_lifecycle`.

    `idle` are classes of the chain that have nothing to do: what switches them on is locked off.
    """

    def __init__(self, manager: addonmanager.AddonManager, idle: tuple[type, ...] = ()) -> None:
        self._manager = manager
        self._idle = idle
        self._stock_trigger = manager.trigger
        self._stock_trigger_event = manager.trigger_event
        self._index = Index(manager.chain, idle)
        self._names: dict[type, tuple[str, ...] | None] = {}

    def install(self) -> None:
        """Set the methods on the manager itself, where they hide those of its class."""
        self._manager.trigger = self.trigger  # type: ignore[method-assign]
        self._manager.trigger_event = self.trigger_event  # type: ignore[method-assign]
        self._manager.handle_lifecycle = self.handle_lifecycle  # type: ignore[method-assign]
        vars(self._manager)[BEGIN] = self.begin

    def entries(self, name: str) -> tuple[Entry, ...]:
        """Return the entries that may have a handler of the hook, from an index that is current."""
        if not self._index.is_current(self._manager.chain):
            self._index = Index(self._manager.chain, self._idle)
        return self._index.entries(name)

    def has(self, name: str) -> bool:
        """Tell whether any addon has a handler of the hook at this moment."""
        return any(True for entry in self.entries(name) for _ in handlers(entry, name))

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run a hook of a connection or a flow, and `update` after those of a flow."""
        await finish(self._steps(event))

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run a hook in all addons; awaits what is awaitable."""
        if event.name in STOCK_EVENTS:
            await self._stock_trigger_event(event)
        else:
            await finish(self._walk(event.name, self.arguments(event)))

    def begin(self, event: hooks.Hook) -> Coroutine[Any, Any, None] | None:
        """Do what `handle_lifecycle` does at once as far as nothing must be waited for.

        Return None when all is done, else what is left, to be awaited by a task: also where it is only to raise.
        """
        steps = self._steps(event)
        try:
            pending = next(steps)
        except StopIteration:
            return None
        except BaseException as error:  # noqa: BLE001 - it is raised where the task would have met it
            return failing(error)
        return finish(steps, pending)

    def arguments(self, event: hooks.Hook) -> list[Any]:
        """Return what a hook hands to its handlers, as `Hook.args` does, the names looked up once a kind of hook."""
        kind = type(event)
        if kind not in self._names:
            self._names[kind] = names_of(kind)
        names = self._names[kind]
        return event.args() if names is None else [getattr(event, name) for name in names]

    def _steps(self, event: hooks.Hook) -> Steps:
        """Run a hook and the `update` after it, yielding what has to be awaited."""
        arguments = self.arguments(event)
        if event.name in STOCK_EVENTS:
            yield self._stock_trigger_event(event)
        else:
            yield from self._walk(event.name, arguments)
        # The index was current a moment ago: only a hook that has just been added could listen, and it hears the next.
        if isinstance(arguments[0], flow.Flow) and self._index.entries("update"):
            yield from self._walk("update", [[arguments[0]]])

    def trigger(self, event: hooks.Hook) -> None:
        """Run a hook in all addons, none of which may be async."""
        if event.name in STOCK_EVENTS:
            self._stock_trigger(event)
            return
        chain, known = self._manager.chain, len(self._manager.chain)
        try:
            for entry in self.entries(event.name):
                with addonmanager.safecall():
                    self._manager.invoke_addon_sync(entry.addon, event)
            for added in grown(chain, known):
                with addonmanager.safecall():
                    self._manager.invoke_addon_sync(added, event)
        except exceptions.AddonHalt:
            return

    def _walk(self, name: str, arguments: Sequence[Any]) -> Steps:
        """Call each handler; an entry ends with its first exception, the chain with AddonHalt.

        What a handler raises meets mitmproxy's own `safecall`, which so costs only then.
        """
        chain, known = self._manager.chain, len(self._manager.chain)
        try:
            for entry in self.entries(name):
                try:
                    # Nearly always; a generator of its own would cost as much as the call.
                    if len(entry.members) == 1 and not entry.lazy:
                        result = handler_of(entry.members[0], name, nothing)(*arguments)
                        if result is not None and inspect.isawaitable(result):
                            yield result
                    else:
                        yield from called(entry, name, arguments)
                except GeneratorExit:
                    raise
                except BaseException:
                    with addonmanager.safecall():
                        raise
            for added in grown(chain, known):
                with addonmanager.safecall():
                    yield from called(Entry(added, (), lazy=True), name, arguments)
        except exceptions.AddonHalt:
            return


async def finish(steps: Steps, pending: Awaitable[Any] | None = None) -> None:
    """Await what `steps` yield, from `pending` on, and hand back what that raises."""
    try:
        awaited = next(steps) if pending is None else pending
        while True:
            try:
                await awaited
            except BaseException as error:  # noqa: BLE001 - it is raised where the handler was called
                awaited = steps.throw(error)
            else:
                awaited = next(steps)
    except StopIteration:
        return


async def failing(error: BaseException) -> None:
    """Raise in the task that would have met the error."""
    raise error


def grown(chain: list[Any], known: int) -> Iterator[Any]:
    """Yield what handlers appended to the chain while it was walked: stock meets those too."""
    while len(chain) > known:
        yield chain[known]
        known += 1
