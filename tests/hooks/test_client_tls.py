"""What would be believed if these failed: that a listener asks for certificates, or refuses bad ones, and does not."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from mitmproxy import connection, options, tls
from mitmproxy.addons import tlsconfig
from mitmproxy.net import tls as net_tls
from mitmproxy.proxy import context, layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.tools.dump import DumpMaster
from OpenSSL import SSL

from parclose.hooks import client_tls
from parclose.hooks.client_tls import Asking, TrialConfig, asks_of, is_with_us
from parclose.hooks.layer_trial import trial_context
from parclose.policy.certificates import ClientCa
from parclose.policy.model import Listener
from tests.hooks.ground import policy
from tests.stores.authorities import Made, authority, usage

NOW = time.time()
LONG = NOW + 86_400
ROOT, OTHER = authority("devices"), authority("others")
INTER = ROOT.issue("factory", ca=True, until=LONG)
GOOD, BELOW = ROOT.issue("robot", until=LONG), INTER.issue("robot", until=LONG)
STRANGER = authority("devices", which="stranger").issue("robot", until=LONG)
EXPIRED = ROOT.issue("old", until=NOW - 60)
SELF = authority("robot", usage("digital_signature"), ca=False)
LISTED = ROOT.issue("stolen", until=LONG)
LIST = ROOT.revoke(LISTED, since=NOW - 60, until=LONG)
REQUIRE = Asking(mode="require", authorities=(ROOT.der,))


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give mitmproxy its own functions back afterwards."""
    monkeypatch.setattr(tlsconfig.TlsConfig, "tls_start_client", tlsconfig.TlsConfig.tls_start_client)
    monkeypatch.setattr(net_tls, "create_client_proxy_context", net_tls.create_client_proxy_context)
    yield
    client_tls.install(lambda _: None)


def with_master[T](act: Callable[[DumpMaster], T]) -> T:
    """Run something with a master as mitmdump has it."""

    async def run() -> T:
        master = DumpMaster(options.Options(), with_termlog=False, with_dumper=False)
        try:
            return act(master)
        finally:
            master._legacy_log_events.uninstall()
            master.addons.get("errorcheck").finish()

    return asyncio.run(run())


def started(master: DumpMaster, asking: Asking | None) -> SSL.Connection:
    """Return the proxy's end of a handshake on a listener that asks."""
    client_tls.install(lambda _: asking)
    about = trial_context(master.options)
    layers.modes.HttpProxy(about)
    data = tls.TlsData(about.client, about)
    TrialConfig().tls_start_client(data)
    assert data.ssl_conn is not None
    return data.ssl_conn


def caller(shown: Made | None) -> SSL.Connection:
    """Return a client's end of a handshake."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if shown is not None:
        made.use_certificate(shown.certificate)
        made.use_privatekey(shown.key)
        for der in shown.between:
            made.add_extra_chain_cert(INTER.certificate if der == INTER.der else shown.certificate)
    connected = SSL.Connection(made)
    connected.set_connect_state()
    return connected


def shake(ours: SSL.Connection, theirs: SSL.Connection) -> str:
    """Let both ends talk until the proxy's is done; return what went wrong there."""
    for _ in range(6):
        for end, other in ((theirs, ours), (ours, theirs)):
            try:
                end.do_handshake()
            except SSL.WantReadError:
                pass
            except SSL.Error as error:
                return str(error) if end is ours else ""
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(end.bio_read(65536))
    return ""


@pytest.mark.parametrize(
    ("asking", "shown", "passes"),
    [
        (None, None, True),
        (None, GOOD, True),
        (Asking(mode="request"), None, True),
        (Asking(mode="request", authorities=(ROOT.der,)), STRANGER, True),
        (REQUIRE, None, False),
        (REQUIRE, GOOD, True),
        (REQUIRE, BELOW, True),
        (REQUIRE, STRANGER, False),
        (REQUIRE, SELF, False),
        (REQUIRE, EXPIRED, False),
        (replace(REQUIRE, authorities=(INTER.der,)), BELOW, True),
        (replace(REQUIRE, authorities=(INTER.der,)), GOOD, False),
        (replace(REQUIRE, lists=(LIST,)), GOOD, True),
        (replace(REQUIRE, lists=(LIST,)), LISTED, False),
        (replace(REQUIRE, lists=(ROOT.revoke(since=NOW - 60, until=NOW - 30),)), GOOD, False),
        # Whether the other authority has lists is known when the handshake is over.
        (replace(REQUIRE, authorities=(ROOT.der, OTHER.der), lists=(LIST,)), OTHER.issue(until=LONG), True),
    ],
)
def test_what_a_handshake_lets_pass(asking: Asking | None, shown: Made | None, passes: bool) -> None:
    """Asked for, anything goes; required, only what an authority has signed and not revoked."""

    def act(master: DumpMaster) -> tuple[str, bool]:
        ours = started(master, asking)
        wrong = shake(ours, caller(shown))
        return wrong, ours.get_peer_certificate() is not None

    wrong, seen = with_master(act)
    assert (wrong == "") is passes, wrong
    assert not passes or seen is (shown is not None and asking is not None)


def test_contexts_are_shared_by_what_they_ask() -> None:
    """So that sessions can be resumed, but not where something else is asked by then."""

    def act(master: DumpMaster) -> list[SSL.Context]:
        asked = (REQUIRE, replace(REQUIRE), replace(REQUIRE, lists=(LIST,)), replace(REQUIRE, mode="request"))
        return [started(master, asking).get_context() for asking in asked]

    first, same, listed, requested = with_master(act)
    assert first is same
    assert len({id(first), id(listed), id(requested)}) == 3


def test_what_cannot_be_looked_up_fails_the_handshake() -> None:
    """Mitmproxy has no connection to go on with, and the next handshake asks what it should."""

    def fail(_: connection.Client) -> Asking | None:
        raise RuntimeError("boom")

    def act(master: DumpMaster) -> object:
        client_tls.install(fail)
        about = trial_context(master.options)
        layers.modes.HttpProxy(about)
        data = tls.TlsData(about.client, about)
        with pytest.raises(RuntimeError):
            TrialConfig().tls_start_client(data)
        assert started(master, None).get_context().get_verify_mode() == SSL.VERIFY_NONE
        return data.ssl_conn

    assert with_master(act) is None


def test_the_self_test_sees_stock() -> None:
    """Where mitmproxy goes its own way, the start is refused."""

    def act(master: DumpMaster) -> tuple[str, str]:
        stock = client_tls.self_test(master.options)
        client_tls.install(lambda _: None)
        return stock, client_tls.self_test(master.options)

    stock, installed = with_master(act)
    assert "a handshake that should verify by" in stock
    assert installed == ""


def stack(mode: str, *kinds: type) -> context.Context:
    """Return a context with these layers, top first."""
    about = trial_context(options.Options())
    about.client.proxy_mode = ProxyMode.parse(mode)
    for kind in kinds:
        more: tuple[Any, ...] = (HTTPMode.transparent,) if kind is layers.HttpLayer else ()
        kind(about, *more)
    return about


@pytest.mark.parametrize(
    ("mode", "kinds", "ours"),
    [
        ("regular", (layers.modes.HttpProxy,), True),
        ("regular", (layers.modes.HttpProxy, layers.ClientTLSLayer, layers.HttpLayer), True),
        ("regular", (layers.modes.HttpProxy, layers.HttpLayer, layers.ClientTLSLayer, layers.HttpLayer), False),
        (
            "regular",
            (layers.modes.HttpProxy, layers.ClientTLSLayer, layers.HttpLayer, layers.ClientTLSLayer, layers.HttpLayer),
            False,
        ),
        ("reverse:http://a.test", (layers.modes.ReverseProxy, layers.ClientTLSLayer, layers.HttpLayer), True),
        ("reverse:https://a.test", (layers.modes.ReverseProxy, layers.ServerTLSLayer, layers.ClientTLSLayer), True),
        ("socks5", (layers.modes.Socks5Proxy, layers.ClientTLSLayer, layers.HttpLayer), False),
    ],
)
def test_whose_handshake_it_is(mode: str, kinds: tuple[type, ...], ours: bool) -> None:
    """The proxy's own; inside a tunnel the caller means somebody else."""
    assert is_with_us(stack(mode, *kinds)) is ours


def test_what_listeners_ask_for() -> None:
    """Each what it says, those that nobody named as well; the authorities of all CAs, in one order."""
    made = policy()
    edge, out = made.settings.listeners
    corp = ClientCa(name="corp", certificates=(b"c",), revocations=(b"l",))
    acme = ClientCa(name="acme", certificates=(b"a",))
    asking = replace(edge, client_cert="require")
    settings = replace(made.settings, listeners=(asking, out))
    asks = asks_of(replace(made, settings=settings, client_cas={"corp": corp, "acme": acme}))
    assert asks == {asking: Asking(mode="require", authorities=(b"a", b"c"), lists=(b"l",))}
    assert asks_of(made) == {}
    assert Listener(name="reverse", kind="reverse") not in asks
