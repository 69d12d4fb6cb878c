"""From a persona and a request line to facts: what the wire would have shown had such a caller sent such a request.

Only the signature is stood in for; claims go through the same mapping, recognition and expiry as anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from parclose.cases.possession import Shown, bind, own
from parclose.facts import Certificate, Facts, Kept, Place, Presented, Proof
from parclose.policy.identity import KeyStore
from parclose.policy.model import Listener, Policy
from parclose.policy.scenario import CertificateStandIn, Persona, TokenStandIn

LIFE_S = 3600.0  # of a stand-in token; longer than any ordinary segment's `max_token_age`, shorter than a day
NOBODY = "192.0.2.1"  # set aside for documentation (RFC 5737): in no zone that a policy would name
# What a destination's name resolves to in a test, which never asks: public, so that `internal` does not hold it.
SOMEWHERE = "93.184.215.14"
TIMES = frozenset({"exp", "nbf", "iat", "auth_time"})  # claims that are numbers, however a policy writes scalars
DEFAULT_PORTS = {"http": 80, "https": 443}


class BadRequestLine(ValueError):
    """A test's `METHOD URL` that cannot be sent; its text says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """A `METHOD URL` taken apart; `target` and `query` are as they would be sent."""

    method: str
    scheme: str
    host: str
    port: int
    target: str
    query: str

    @property
    def url(self) -> str:
        """The URL without its query, its port written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, and what else the request carries: `headers` by lower-case name."""

    persona: Persona
    headers: Mapping[str, str] = field(default_factory=dict)
    sni: str | None = None


def read_line(method: str, url: str) -> RequestLine:
    """Take a URL apart without repairing anything in its path.

    Raises:
        BadRequestLine: it is no absolute http or https URL.
    """
    scheme, found, rest = url.partition("://")
    if not found or scheme not in DEFAULT_PORTS or not method:
        raise BadRequestLine(f"`{method} {url}` is no request; write `METHOD http://host/path` or `https://`")
    cut = next((index for index, char in enumerate(rest) if char in "/?"), len(rest))
    authority, path = rest[:cut], rest[cut:]
    host, found, port = authority.rpartition(":")
    if not found or not port.isdigit():
        host, port = authority, ""
    host = host.removeprefix("[").removesuffix("]").lower().removesuffix(".")
    target, _, query = path.partition("?")
    if not host:
        raise BadRequestLine(f"`{url}` names no host; write `{scheme}://host/path`")
    return RequestLine(
        method=method,
        scheme=scheme,
        host=_ascii_host(host),
        port=int(port) if port else DEFAULT_PORTS[scheme],
        target=(target or "/").encode().decode("latin-1"),
        query=query,
    )


def facts_for(policy: Policy, caller: Caller, line: RequestLine, at: float, decision: str = "") -> Iterator[Facts]:
    """Yield the facts of one request: two for `https` through a forward listener, whose CONNECT comes first."""
    listener = _listener(policy, caller.persona.listener)
    shown = own(_credentials(policy, caller, listener.kind, at), method=line.method, url=line.url, at=at)
    secure = line.scheme == "https"
    whole = Facts(
        at=at,
        decision=decision,
        listener=listener.name,
        kind=listener.kind,
        method=line.method,
        host=line.host,
        target=line.target,
        peer=caller.persona.peer or NOBODY,
        scheme=line.scheme,
        port=line.port,
        uri_bytes=len(line.target) + (len(line.query) + 1 if line.query else 0),
        query_keys=tuple(pair.partition("=")[0] for pair in line.query.split("&") if pair),
        forwarded=_forwarded(caller, listener),
        sni=(caller.sni if caller.sni is not None else line.host) if secure else None,
        tls=secure,
        presented=tuple(presented for presented, _ in shown),
        kept=_kept(caller.persona, tuple(proof for _, proof in shown)),
    )
    whole = replace(whole, **_from_headers(caller, line.method))  # type: ignore[arg-type]  # fields of Facts, by name
    if secure and listener.kind == "forward":
        yield replace(
            whole,
            decision=f"{decision}c",
            method="CONNECT",
            target="",
            uri_bytes=0,
            query_keys=(),
            scheme="http",
            tls=False,
            sni=None,
            connect=True,
        )
        whole = replace(whole, tunnel=True)
    yield whole


def _ascii_host(host: str) -> str:
    """Return a host as it is sent: IDNA where it is not ASCII."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadRequestLine(f"`{host}` is no host name; write it in its ASCII form") from error


def _listener(policy: Policy, name: str) -> Listener:
    """Return the listener of that name, or the first reverse one, or the first."""
    listeners = policy.settings.listeners
    if name:
        found = next((listener for listener in listeners if listener.name == name), None)
        return found or Listener(name=name, kind="reverse")
    reverse = next((listener for listener in listeners if listener.kind == "reverse"), None)
    return reverse or (listeners[0] if listeners else Listener(name="reverse", kind="reverse"))


def _credentials(policy: Policy, caller: Caller, kind: str, at: float) -> list[Shown]:
    """Return what the persona presents, and what checking it would show."""
    persona = caller.persona
    shown: list[Shown] = []
    place = "proxy-authorization" if kind == "forward" else "authorization"
    if persona.credential != "none":
        if persona.token is not None:
            token = _token(policy, persona.token, persona.credential, at)
            shown.append((Presented(kind="token", place=place, scheme="bearer"), token))
        if persona.api_key is not None:
            store, key_id = persona.api_key
            good = not persona.credential
            proof = Proof(
                kind="api_key", state="ok" if good else "unknown_key", store=store, key_id=key_id if good else ""
            )
            shown.append((_key_place(policy.key_stores.get(store), store, kind), proof))
        if persona.mtls is not None:
            alone = persona.token is None and persona.api_key is None
            certificate = _certificate(persona.mtls, persona.credential if alone else "", at)
            shown.append((Presented(kind="mtls", place="handshake"), certificate))
    written = caller.headers.get(place)
    if written is not None and persona.token is None:
        scheme = written.partition(" ")[0].lower()
        bearer = scheme == "bearer"
        read = Proof(kind="token", state="malformed") if bearer else Proof(kind="other", state="other")
        shown.append((Presented(kind=read.kind, place=place, scheme=scheme), read))
    return shown


def _key_place(store: KeyStore | None, name: str, kind: str) -> Presented:
    """Return an API key where its store looks for it; a forward listener takes it from `Basic`."""
    if kind == "forward":
        return Presented(kind="api_key", place="proxy-authorization", scheme="basic", store=name)
    place = f"query {store.query}" if store is not None and store.query else f"header {store.header if store else ''}"
    return Presented(kind="api_key", place=place, store=name)


def _token(policy: Policy, stand_in: TokenStandIn, credential: str, at: float) -> Proof:
    """Return what checking the token of a persona shows; what it does not write is filled in validly at `at`."""
    issuer = policy.issuers[stand_in.issuer]
    written = {name: _time(value) if name in TIMES else value for name, value in stand_in.claims.items()}
    typ = str(written.pop("typ", issuer.token_type or "JWT"))
    claims = {"iat": at, "exp": at + LIFE_S, **bind(issuer.sender_constrained, written)}
    if issuer.iss:
        claims.setdefault("iss", issuer.iss)
    if issuer.audience:
        claims.setdefault("aud", min(issuer.audience))
    state = credential if credential in ("bad_signature", "unknown_key_id") else "ok"
    if credential == "expired":
        ended = at - issuer.leeway_s - 1
        claims |= {"exp": ended, "iat": ended - LIFE_S}
    elif credential == "wrong_audience":
        claims["aud"] = "https://somebody-else.invalid"
    return Proof(kind="token", state=state, issuer=issuer.name, typ=typ, claims=claims)


def _certificate(stand_in: CertificateStandIn, credential: str, at: float) -> Proof:
    """Return what checking the certificate of a persona shows: of its authority, and good at `at`.

    `credential` spoils it where it is all that the persona has; one without authority is spoilt already.
    """
    expired = credential == "expired"
    certificate = Certificate(
        cas=(stand_in.ca,) if stand_in.ca else (),
        san_dns=stand_in.san_dns,
        spiffe=stand_in.spiffe,
        subject=stand_in.subject,
        not_before=at - LIFE_S,
        not_after=at - 1 if expired else at + LIFE_S,
    )
    good = bool(stand_in.ca) and (expired or not credential)
    return Proof(kind="mtls", state="ok" if good else "untrusted", certificate=certificate)


def _time(value: object) -> object:
    """Return a time claim as the number it is; what is none stays as it is written, and is refused like any other."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


def _kept(persona: Persona, proofs: tuple[Proof | None, ...]) -> Kept:
    """Return the world's answers as the test writes them; a country that is not written is looked up."""
    written = persona.country is not None or persona.asn is not None
    place = Place(country=persona.country or None, asn=persona.asn) if written else None
    return Kept(proofs=proofs, place=place, addresses=(SOMEWHERE,), first=True)


def _forwarded(caller: Caller, listener: Listener) -> tuple[str, ...]:
    """Return the elements of the header that names the client, where the listener reads one."""
    if listener.client_ip.source == "peer":
        return ()
    if caller.persona.forwarded_for:
        if listener.client_ip.source == "forwarded":
            return tuple(f'for="[{hop}]"' if ":" in hop else f"for={hop}" for hop in caller.persona.forwarded_for)
        return caller.persona.forwarded_for
    written = caller.headers.get(listener.client_ip.source, "")
    return tuple(hop.strip() for hop in written.split(",") if hop.strip())


def _from_headers(caller: Caller, method: str) -> dict[str, object]:
    """Return the facts that a test writes as headers."""
    headers = caller.headers
    asked = headers.get("access-control-request-method", "")
    length = headers.get("content-length", "")
    upgrade = headers.get("upgrade", "").lower()
    return {
        "user_agent": caller.persona.user_agent or headers.get("user-agent", ""),
        "origin": headers.get("origin", ""),
        "preflight": asked if method == "OPTIONS" and "origin" in headers else "",
        "override": headers.get("x-http-method-override", "").upper(),
        "upgrade": "websocket" if upgrade == "websocket" else "none",
        "faults": ("protocol_denied:upgrade",) if upgrade not in ("", "websocket", "h2c") else (),
        "body_bytes": int(length) if length.isdigit() else 0,
    }
