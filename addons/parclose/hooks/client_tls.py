"""Handshakes ask for client certificates where a listener of the policy does, and nowhere else.

mitmproxy has one option for all listeners, takes any certificate, and breaks the resumption of sessions by it: there is
no session id context. Here the context of a handshake is made for what its own listener asks:

- `request`: a certificate is asked for, none is refused; it is judged with the other credentials.
- `require`: OpenSSL verifies the chain against the authorities of the policy, and their lists, inside the handshake.
  What OpenSSL cannot know (which authority has a list) is judged once more when the handshake is over.

A session is resumed from its ticket, which nobody keeps in memory; it holds the caller's certificate without the chain.
Contexts are known by what they ask for: after a change of authorities or lists old tickets open nothing.

Source: mitmproxy 12.2.3, addons/tlsconfig.py, TlsConfig.tls_start_client, and net/tls.py, create_client_proxy_context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from mitmproxy import certs, connection, options, tls
from mitmproxy.addons import tlsconfig
from mitmproxy.net import tls as net_tls
from mitmproxy.proxy import context, layers
from mitmproxy.proxy.mode_specs import Socks5Mode
from OpenSSL import SSL, crypto

from parclose.hooks.layer_trial import trial_context
from parclose.policy.handshakes import client_cert_on
from parclose.policy.model import Listener, Policy

# How long a session may be resumed without the key being proven again.
SESSION_S: Final = 300
_NO_LIST: Final = 3  # X509_V_ERR_UNABLE_TO_GET_CRL
_SESSIONS_OF: Final = b"parclose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a listener asks of a handshake: `mode` is `request` or `require`; certificates and lists are DER."""

    mode: str
    authorities: tuple[bytes, ...] = field(default=(), repr=False)
    lists: tuple[bytes, ...] = field(default=(), repr=False)


type Asks = Mapping[Listener, Asking]
type Lookup = Callable[[connection.Client], Asking | None]


def asks_of(policy: Policy) -> Asks:
    """Return what each listener asks for, also those after which ports are called that nobody named."""
    cas = [policy.client_cas[name] for name in sorted(policy.client_cas)]
    unnamed = (Listener(name=kind, kind=kind) for kind in ("reverse", "forward"))
    modes = {listener: client_cert_on(policy, listener) for listener in (*policy.settings.listeners, *unnamed)}
    return {
        listener: Asking(
            mode=mode,
            authorities=tuple(der for ca in cas for der in ca.certificates),
            lists=tuple(der for ca in cas for der in ca.revocations),
        )
        for listener, mode in modes.items()
        if mode != "off"
    }


def is_with_us(about: context.Context) -> bool:
    """Whether a handshake is with the proxy itself; what is inside a tunnel is meant for somebody else.

    Inside one the layers of HTTP, which granted it, stand below the last one of TLS.
    """
    if isinstance(about.client.proxy_mode, Socks5Mode):
        return False
    kinds = [type(layer) for layer in about.layers]
    last = len(kinds) - kinds[::-1].index(layers.ClientTLSLayer) if layers.ClientTLSLayer in kinds else len(kinds)
    return not any(issubclass(kind, layers.HttpLayer) for kind in kinds[:last])


class _Asked:
    """What the handshake under way asks for; set around one synchronous call, so that nobody else sees it."""

    lookup: Lookup = staticmethod(lambda client: None)
    now: Asking | None = None


_stock_start = tlsconfig.TlsConfig.tls_start_client
_stock_create = net_tls.create_client_proxy_context


def install(lookup: Lookup) -> None:
    """Ask in every new handshake what `lookup` says for its client; None asks for nothing."""
    _Asked.lookup = staticmethod(lookup)
    tlsconfig.TlsConfig.tls_start_client = _start  # type: ignore[method-assign]
    net_tls.create_client_proxy_context = _create  # type: ignore[assignment]


def _start(self: tlsconfig.TlsConfig, tls_start: tls.TlsData) -> None:
    """Start a handshake; whatever is raised leaves it without a connection, and so fails it."""
    client = tls_start.context.client
    _Asked.now = _Asked.lookup(client) if is_with_us(tls_start.context) else None
    try:
        _stock_start(self, tls_start)
    finally:
        _Asked.now = None


def _create(**arguments: Any) -> SSL.Context:
    """Make the context of a handshake, or take the one that was made for another like it."""
    if _Asked.now is None:
        return _stock_create(**(arguments | {"request_client_cert": False}))
    return _asking(_Asked.now, **(arguments | {"request_client_cert": True}))


@lru_cache(256)
def _asking(asked: Asking, **arguments: Any) -> SSL.Context:
    """Make a context that asks, before any connection uses it: pyOpenSSL changes none that is in use."""
    made: SSL.Context = _stock_create.__wrapped__(**arguments)
    made.set_session_id(_SESSIONS_OF)
    made.set_timeout(SESSION_S)
    # Tickets alone: a session in memory keeps whatever chain a stranger sends.
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    authorities = [crypto.X509.from_cryptography(x509.load_der_x509_certificate(der)) for der in asked.authorities]
    for authority in authorities:
        made.add_client_ca(authority)  # by these a client chooses what it shows
    if asked.mode == "require":
        _verify(made, authorities, [x509.load_der_x509_crl(der) for der in asked.lists])
    return made


def _verify(made: SSL.Context, authorities: list[crypto.X509], lists: list[x509.CertificateRevocationList]) -> None:
    """Let a context refuse what is not signed by an authority, or is on a list."""
    store = made.get_cert_store()
    if store is None:
        raise RuntimeError("a TLS context has no store of certificates")
    flags = crypto.X509StoreFlags.PARTIAL_CHAIN  # an authority may be one below another
    for authority in authorities:
        store.add_cert(authority)
    for each in lists:
        store.add_crl(each)
        flags |= crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL
    store.set_flags(flags)
    made.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, _is_good)


def _is_good(_: SSL.Connection, __: crypto.X509, error: int, ___: int, verified: int) -> bool:
    """Say what OpenSSL says, but for authorities without a list: whether that is wrong is known afterwards."""
    return bool(verified) or error == _NO_LIST


class TrialConfig(tlsconfig.TlsConfig):
    """mitmproxy's own start of a handshake, with a certificate that is made for the trial."""

    def __init__(self) -> None:
        """Make the certificate, which signs itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trial.invalid")])
        began = datetime.now(UTC) - timedelta(days=1)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(1).not_valid_before(began).not_valid_after(began + timedelta(days=2))
        made = certs.Cert(builder.sign(key, hashes.SHA256()))
        self._entry = SimpleNamespace(cert=made, privatekey=key, chain_file=None)
        self.certstore = cast("certs.CertStore", SimpleNamespace(dhparams=None))

    def get_cert(self, _: context.Context) -> Any:
        """Return it."""
        return self._entry


def self_test(opts: options.Options) -> str:
    """Return what a handshake asks that it should not, or the reverse; empty when all is well; run after `install`."""
    config, kept = TrialConfig(), _Asked.lookup
    asked = {
        None: SSL.VERIFY_NONE,
        Asking(mode="request"): SSL.VERIFY_PEER,
        Asking(mode="require"): SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
    }
    try:
        for asking, wanted in asked.items():
            _Asked.lookup = staticmethod(lambda _, asking=asking: asking)
            about = trial_context(opts)
            layers.modes.HttpProxy(about)
            data = tls.TlsData(about.client, about)
            config.tls_start_client(data)
            mode = data.ssl_conn.get_context().get_verify_mode() if data.ssl_conn else None
            if mode != wanted:
                return f"a handshake that should verify by {wanted} verifies by {mode}"
    finally:
        _Asked.lookup = staticmethod(kept)
    return ""
