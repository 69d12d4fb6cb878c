"""What would be believed if these failed: that a self-test looked at the layer when it saw nothing."""

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands
from mitmproxy.test import taddons

from parclose.hooks.layer_trial import converse, trial_context


def test_a_conversation_runs_hooks_and_asks_for_an_upstream() -> None:
    """An ordinary request runs its hooks in order and then wants a connection."""
    seen: list[str] = []

    def note(hook: commands.StartHook) -> None:
        seen.append(hook.name)

    with taddons.context(Proxyserver()) as context:
        got = converse(context.options, b"GET http://a.example/ HTTP/1.1\r\n", b"Host: a.example\r\n\r\n", on_hook=note)
        assert trial_context(context.options).client.peername == ("127.0.0.1", 1)
    assert seen == got.hooks == ["requestheaders", "request"]
    assert (got.opened, got.closed, got.sent) == (True, False, b"")


def test_a_malformed_request_is_answered_and_closed() -> None:
    """What the layer sends and how it closes is told."""
    with taddons.context(Proxyserver()) as context:
        got = converse(context.options, b"nonsense\r\n\r\n")
    assert (got.sent[:12], got.closed, got.hooks) == (b"HTTP/1.1 400", True, [])
