"""What would be believed if these failed: that speed was bought with a skipped, doubled or misplaced hook."""

import asyncio
import logging
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy import addonmanager, exceptions
from mitmproxy.proxy.layers.http import _hooks as http_hooks
from mitmproxy.test import tflow

from parclose.hooks.dispatch import Dispatch, is_dynamic, may_have
from parclose.hooks.dispatch_trial import fresh_manager

HOOKS = ("requestheaders", "request", "update", "response")
EVENTS = {
    "requestheaders": http_hooks.HttpRequestHeadersHook,
    "request": http_hooks.HttpRequestHook,
    "response": http_hooks.HttpResponseHook,
}
ACTS = ("return", "return", "return", "await", "raise", "halt", "options", "cancel", "text", "module")


@dataclass
class Plan:
    """A tree of addons to build: what each hook does, and what hangs below."""

    acts: dict[str, str]
    below: "list[Plan] | None" = None
    dynamic: bool = False


@dataclass
class Run:
    """One dispatch being tried: its manager and the calls it made."""

    manager: addonmanager.AddonManager = field(default_factory=fresh_manager)
    calls: list[tuple[str, str]] = field(default_factory=list)


class Node:
    """An addon without hooks of its own; they are set on the instance."""


class Dynamic(Node):
    """An addon that makes up its hooks when asked."""

    def __getattr__(self, name: str) -> Any:
        """Answer for the hooks it was given."""
        made = self.__dict__.get("made", {})
        if name in made:
            return made[name]
        raise AttributeError(name)


ERRORS: dict[str, type[BaseException]] = {
    "raise": ValueError,
    "halt": exceptions.AddonHalt,
    "options": exceptions.OptionsError,
    "cancel": asyncio.CancelledError,
}


def handler(run: Run, label: str, hook: str, act: str) -> Any:
    """Make a handler that records its call and acts."""
    if act == "text":
        return "not callable"
    if act == "module":
        return ModuleType(hook)

    def sync(*_: object) -> None:
        run.calls.append((label, hook))
        if act in ERRORS:
            raise ERRORS[act](label)

    async def later(*_: object) -> None:
        run.calls.append((label, hook))
        await asyncio.sleep(0)
        run.calls.append((label, f"{hook} awaited"))

    return later if act == "await" else sync


def build(run: Run, plan: Plan, label: str) -> Node:
    """Build the addon a plan describes."""
    node = Dynamic() if plan.dynamic else Node()
    made = {hook: handler(run, label, hook, act) for hook, act in plan.acts.items()}
    vars(node).update({"made": made} if plan.dynamic else made)
    if plan.below is not None:
        node.addons = [build(run, child, f"{label}.{at}") for at, child in enumerate(plan.below)]  # type: ignore[attr-defined]
    return node


def change(run: Run, step: tuple[str, int, Plan], label: str) -> None:
    """Change a built tree the way scripts and addons do between two events."""
    (kind, at, plan), chain = step, run.manager.chain
    if kind == "append":
        chain.append(build(run, plan, label))
    elif kind == "replace chain":
        run.manager.chain = [entry for place, entry in enumerate(chain) if place != at % max(len(chain), 1)]
    elif chain:
        node = chain[at % len(chain)]
        if kind == "gain":
            node.request = handler(run, label, "request", "return")
        elif kind == "lose":
            vars(node).pop("request", None)
        elif kind == "nest":
            node.addons = [build(run, plan, label)]
        elif hasattr(node, "addons"):
            node.addons.append(build(run, plan, label))


async def play(run: Run, event: str) -> str:
    """Run one event and return what came out of it."""
    try:
        await run.manager.handle_lifecycle(EVENTS[event](tflow.tflow()))
    except BaseException as error:  # noqa: BLE001 - what comes out is what is compared
        return type(error).__name__
    return "done"


acts = st.dictionaries(st.sampled_from(HOOKS), st.sampled_from(ACTS), max_size=3)
leaves = st.builds(Plan, acts, st.none(), st.booleans())
plans = st.recursive(leaves, lambda below: st.builds(Plan, acts, st.lists(below, max_size=3)), max_leaves=6)
changes = st.tuples(
    st.sampled_from(("append", "replace chain", "gain", "lose", "nest", "below")), st.integers(0, 9), plans
)
steps = st.lists(st.one_of(st.sampled_from(sorted(EVENTS)), changes), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(st.lists(plans, max_size=5), steps)
def test_random_trees_are_walked_as_by_stock(trees: list[Plan], script: list[Any]) -> None:
    """Same calls in the same order, and the same exception out, whatever the tree and however it changes."""
    outcomes: list[tuple[list[str], list[tuple[str, str]]]] = []
    logging.getLogger("mitmproxy.addonmanager").disabled = True
    for indexed in (False, True):
        run = Run()
        run.manager.chain = [build(run, plan, str(at)) for at, plan in enumerate(trees)]
        if indexed:
            Dispatch(run.manager).install()
        results = []
        for number, step in enumerate(script):
            if isinstance(step, str):
                results.append(asyncio.run(play(run, step)))
            else:
                change(run, step, f"new{number}")
        outcomes.append((results, run.calls))
    logging.getLogger("mitmproxy.addonmanager").disabled = False
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("indexed", [False, True])
def test_an_entry_added_while_a_hook_runs_is_met_by_that_hook(indexed: bool) -> None:
    """What a handler appends to the chain is called in the same round, by both dispatches."""
    manager, calls = fresh_manager(), []
    late = SimpleNamespace(request=lambda _: calls.append("late"))
    manager.chain = [SimpleNamespace(request=lambda _: manager.chain.append(late))]
    if indexed:
        Dispatch(manager).install()
    asyncio.run(manager.trigger_event(http_hooks.HttpRequestHook(tflow.tflow())))
    assert calls == ["late"]


@pytest.mark.parametrize("indexed", [False, True])
def test_a_synchronous_trigger_refuses_async_handlers(indexed: bool, caplog: pytest.LogCaptureFixture) -> None:
    """`trigger` logs an async handler as an error and goes on with the next entry, by both dispatches."""
    manager, calls = fresh_manager(), []

    async def later(_: object) -> None:
        calls.append("later")

    manager.chain = [SimpleNamespace(request=later), SimpleNamespace(request=lambda _: calls.append("next"))]
    if indexed:
        Dispatch(manager).install()
    manager.trigger(http_hooks.HttpRequestHook(tflow.tflow()))
    assert calls == ["next"]
    assert "cannot be called from sync context" in caplog.text


def test_an_exception_is_logged_as_by_stock(caplog: pytest.LogCaptureFixture) -> None:
    """A handler's exception is said once, with its traceback, by mitmproxy's own logger."""
    manager = fresh_manager()

    def broken(_: object) -> None:
        raise ValueError("broken on purpose")

    manager.chain = [SimpleNamespace(request=broken)]
    Dispatch(manager).install()
    asyncio.run(manager.trigger_event(http_hooks.HttpRequestHook(tflow.tflow())))
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("mitmproxy.addonmanager", "Addon error: broken on purpose")
    assert record.exc_info


@pytest.mark.parametrize(
    ("addon", "expected"),
    [
        (Node(), False),
        (SimpleNamespace(request=None), True),
        (Dynamic(), True),
        (ModuleType("empty"), False),
        (type("Classy", (), {"request": None})(), True),
        (object(), False),
    ],
)
def test_what_may_have_a_hook(addon: object, expected: bool) -> None:
    """An addon is skipped only when nothing of it can answer."""
    assert may_have(addon, "request") is expected


def test_only_code_of_its_own_makes_an_object_dynamic() -> None:
    """Plain classes are not taken for dynamic ones, which would cost the index its use."""
    assert is_dynamic(Dynamic())
    assert not is_dynamic(Node())
