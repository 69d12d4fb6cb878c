"""SOCKS5 callers are judged like those of CONNECT, before anything is resolved, opened or granted.

Stock mitmproxy asks for credentials only with its own list of users, grants every target, and logs what a client that
left had sent, its password included. Here the target becomes a CONNECT that exists on paper: it takes the hooks of one,
so the walk, the tunnel, the audit and the seal are the same, and `Proxy-Authorization` is `Basic` with the user name
`token` or `key`.

RFC 1929 gives user name and password 255 bytes each: an API key fits, few tokens do. Its answer comes before the target
is known, so it is always "success", and a wrong credential is refused with the target: reply 2, "not allowed by
ruleset". A client that has no credential, or offers no user name, is anonymous. BIND and UDP ASSOCIATE are refused.

Inside, all is as in a CONNECT. So the name in Host and SNI must be that of the target: a client that resolves names
itself asks for an address and then names a host, and is refused. Such clients can leave names to the proxy
(`socks5h://`).

Source: RFC 1928, RFC 1929; mitmproxy 12.2.3, proxy/layers/modes.py, Socks5Proxy.
"""

from __future__ import annotations

import base64
import ipaddress
import time
from collections.abc import Callable

from mitmproxy import connection, http, options
from mitmproxy.proxy import commands, context, events, layer
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import _hooks
from mitmproxy.proxy.mode_specs import ProxyMode

from parclose.hooks.layer_trial import trial_context

type Refused = Callable[[context.Context, str], None]

SOCKS, SUBNEGOTIATION = 5, 1
NO_CREDENTIAL, PASSWORD, NONE_OF_THEM = 0x00, 0x02, 0xFF
SUCCEEDED, FAILED, NOT_ALLOWED, NO_SUCH_COMMAND, NO_SUCH_ADDRESS = 0x00, 0x01, 0x02, 0x07, 0x08
CONNECT = 0x01
IPV4, NAME, IPV6 = 0x01, 0x03, 0x04
SERVER_ERROR = 500
TAIL = b"\x00\x01\x00\x00\x00\x00\x00\x00"  # of a reply: nothing was bound, and nobody asks where


def target_of(request: bytes) -> tuple[str, int, int] | int | None:
    """Read a request: host, port and how many bytes it took; else the reply that refuses it, or None for more bytes.

    A host that is no name stays what it is: the walk refuses it.
    """
    if len(request) < 5:
        return None
    version, command, reserved, kind, first = request[:5]
    if version != SOCKS or reserved:
        return FAILED
    if command != CONNECT:
        return NO_SUCH_COMMAND
    sizes = {IPV4: 4, IPV6: 16, NAME: 1 + first}
    if kind not in sizes:
        return NO_SUCH_ADDRESS
    end = 4 + sizes[kind]
    if len(request) < end + 2:
        return None
    host = request[5:end].decode("latin-1") if kind == NAME else str(ipaddress.ip_address(request[4:end]))
    return host, int.from_bytes(request[end : end + 2]), end + 2


def connect_of(
    client: connection.Client, server: connection.Server, host: str, port: int, proof: bytes
) -> http.HTTPFlow:
    """Return the CONNECT that stands for a SOCKS request; `proof` is the value of `Proxy-Authorization`, or nothing."""
    flow = http.HTTPFlow(client, server, live=True)
    now = time.time()
    flow.request = http.Request(
        host=host,
        port=port,
        method=b"CONNECT",
        scheme=b"",
        authority=b"",
        path=b"",
        http_version=b"HTTP/1.1",
        headers=http.Headers([(b"Proxy-Authorization", proof)] if proof else []),
        content=b"",
        trailers=None,
        timestamp_start=now,
        timestamp_end=now,
    )
    return flow


class JudgedSocks5(modes.Socks5Proxy):
    """The client's side of SOCKS5, whose target is judged; `refused` is set by `judged`."""

    proof = b""

    def refused(self) -> None:
        """Tell who wants to know that a client did not speak as it should."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Take bytes; of a client that leaves nothing is logged, since it may have sent its password."""
        if isinstance(event, events.DataReceived):
            self.buf += event.data
            yield from self.state()
        elif isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(event.connection)

    def state_greet(self) -> layer.CommandGenerator[None]:
        """Take a credential from whoever offers one, and nobody's refusal to have one amiss. RFC 1928 section 3."""
        if not self.buf:
            return
        if self.buf[0] != SOCKS:
            yield from self._end(b"")
            return
        if len(self.buf) < 2 or len(self.buf) < 2 + self.buf[1]:
            return
        offered, self.buf = self.buf[2 : 2 + self.buf[1]], self.buf[2 + self.buf[1] :]
        if PASSWORD in offered:
            chosen, self.state = PASSWORD, self.state_auth  # type: ignore[method-assign]
        elif NO_CREDENTIAL in offered:
            chosen, self.state = NO_CREDENTIAL, self.state_connect  # type: ignore[method-assign]
        else:
            yield from self._end(bytes([SOCKS, NONE_OF_THEM]))
            return
        yield commands.SendData(self.context.client, bytes([SOCKS, chosen]))
        yield from self.state()

    state = state_greet

    def state_auth(self) -> layer.CommandGenerator[None]:
        """Take user name and password, to be judged with the target. RFC 1929 section 2, RFC 7617 section 2."""
        held = self.buf
        if len(held) < 2 or len(held) < 3 + held[1]:
            return
        end = 2 + held[1]
        if len(held) < end + 1 + held[end]:
            return
        user, password = held[2:end], held[end + 1 : end + 1 + held[end]]
        if held[0] != SUBNEGOTIATION or b":" in user:
            yield from self._end(bytes([SUBNEGOTIATION, FAILED]))
            return
        self.buf = held[end + 1 + held[end] :]
        if user or password:
            self.proof = b"Basic " + base64.b64encode(user + b":" + password)
        self.state = self.state_connect  # type: ignore[method-assign]
        yield commands.SendData(self.context.client, bytes([SUBNEGOTIATION, SUCCEEDED]))
        yield from self.state()

    def state_connect(self) -> layer.CommandGenerator[None]:
        """Take the target and let the hooks of a CONNECT judge it. RFC 1928 sections 4 and 6."""
        target = target_of(self.buf)
        if target is None:
            return
        if isinstance(target, int):
            yield from self._end(bytes([SOCKS, target]) + TAIL)
            return
        host, port, size = target
        self.buf = self.buf[size:]
        flow = connect_of(self.context.client, self.context.server, host, port, self.proof)
        self.proof = b""
        yield _hooks.HttpConnectHook(flow)
        if flow.error is not None or flow.response is not None:
            yield from self._refuse(flow)
            return
        self.context.server.address = (flow.request.data.host, flow.request.data.port)
        self.child_layer = layer.NextLayer(self.context)
        flow.response = http.Response.make(200)
        yield _hooks.HttpConnectedHook(flow)
        yield commands.SendData(self.context.client, bytes([SOCKS, SUCCEEDED]) + TAIL)
        yield from self.finish_start()
        if self.buf:
            first, self.buf = self.buf, b""
            yield from self.child_layer.handle_event(events.DataReceived(self.context.client, first))

    def _refuse(self, flow: http.HTTPFlow) -> layer.CommandGenerator[None]:
        """Say that a target is refused, and nothing of why; the audit has it."""
        status = flow.response.status_code if flow.response is not None else 0
        yield _hooks.HttpConnectErrorHook(flow)
        flow.live = False
        yield from self._close(bytes([SOCKS, FAILED if status >= SERVER_ERROR else NOT_ALLOWED]) + TAIL)

    def _end(self, reply: bytes) -> layer.CommandGenerator[None]:
        """Refuse a client that does not speak as it should."""
        self.refused()
        yield from self._close(reply)

    def _close(self, reply: bytes) -> layer.CommandGenerator[None]:
        """Send the last bytes and close."""
        self.buf = b""
        self._handle_event = self.done  # type: ignore[method-assign]
        if reply:
            yield commands.SendData(self.context.client, reply)
        yield commands.CloseConnection(self.context.client)


def judged(on_refused: Refused) -> type[JudgedSocks5]:
    """Return a JudgedSocks5 that reports `socks` for clients that do not speak as they should."""

    class Judged(JudgedSocks5):
        def refused(self) -> None:
            on_refused(self.context, "socks")

    return Judged


def install(on_refused: Refused) -> None:
    """Judge every new SOCKS5 connection."""
    modes.Socks5Proxy = judged(on_refused)  # type: ignore[misc]


def converse(opts: options.Options, data: bytes, on_hook: Callable[[commands.StartHook], None]) -> tuple[bytes, bool]:
    """Let a SOCKS5 client send some bytes; return what it got, and whether anything was opened upstream."""
    trial = trial_context(opts)
    trial.client.proxy_mode = ProxyMode.parse("socks5")
    top = modes.Socks5Proxy(trial)
    sent, opened = b"", False
    waiting: list[events.Event] = [events.Start(), events.DataReceived(trial.client, data)]
    while waiting:
        for command in top.handle_event(waiting.pop(0)):
            if isinstance(command, commands.SendData):
                sent += command.data
            elif isinstance(command, commands.OpenConnection):
                opened = True
            elif isinstance(command, commands.StartHook):
                on_hook(command)
                if command.blocking:
                    waiting.insert(0, events.HookCompleted(command))
    return sent, opened


def self_test(opts: options.Options) -> str:
    """Return what a SOCKS5 client gets that it should not, empty when all is well; run it after `install`."""
    data = b"\x05\x01\x02" + b"\x01\x03key\x03abc" + b"\x05\x01\x00\x03\x09trial.inv\x00\x50"
    heard: list[tuple[str, str, int]] = []

    def refuse(hook: commands.StartHook) -> None:
        if isinstance(hook, _hooks.HttpConnectHook):
            request = hook.flow.request
            heard.append((request.headers.get("proxy-authorization", ""), request.data.host, request.data.port))
            hook.flow.response = http.Response.make(403)

    got, opened = converse(opts, data, refuse)
    if got != b"\x05\x02\x01\x00" + bytes([SOCKS, NOT_ALLOWED]) + TAIL or opened:
        return f"a refused target was answered {got!r}, upstream: {opened}"
    return "" if heard == [("Basic a2V5OmFiYw==", "trial.inv", 80)] else f"a target was judged as {heard}"
