"""Back from a kept line to facts: the other half of `record.py`.

A line may stand alone (a corpus) or inside an audit event (under `unmapped.parclose`). Lines of other types (outcomes,
connections, reloads) and short lines hold no facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from parclose.audit import instant
from parclose.audit.record import VERSION
from parclose.facts import Certificate, Facts, Kept, Place, Possession, Presented, Proof


class CorpusError(ValueError):
    """A line does not hold the facts of a decision; the message says why."""


def read_line(text: str | bytes) -> dict[str, object]:
    """Return the Parclose part of one line of a ledger or a corpus.

    Raises:
        CorpusError: it is no JSON object, or holds no such part.
    """
    try:
        whole = json.loads(text)
    except ValueError as wrong:
        raise CorpusError("not a line of JSON") from wrong
    if isinstance(whole, dict) and "class_uid" in whole:
        unmapped = whole.get("unmapped")
        whole = unmapped.get("parclose") if isinstance(unmapped, dict) else None
    if not isinstance(whole, dict) or "v" not in whole:
        raise CorpusError("no line of an audit or a corpus")
    return whole


def holds_facts(line: Mapping[str, object]) -> bool:
    """Whether a line can be decided again: it is a decision, and was not cut short."""
    return line.get("type", "decision") == "decision" and not line.get("short")


def charged_at(line: Mapping[str, object]) -> tuple[float, ...]:
    """Return the store's times at which a decision was charged, in order."""
    return tuple(cast("list[float]", line.get("limit_at", ())))


def facts_from(line: Mapping[str, object]) -> Facts:
    """Return the facts that a decision's line holds, with the world's answers in `kept`.

    Raises:
        CorpusError: it holds none, or is of another version.
    """
    if line.get("v") != VERSION:
        raise CorpusError(f"version {line.get('v')!r}; this reads {VERSION}")
    if not holds_facts(line):
        raise CorpusError("holds no facts: only whole decisions do")
    try:
        return _facts(line)
    except (LookupError, TypeError, ValueError, AttributeError) as wrong:
        raise CorpusError("a member is missing or of another type") from wrong


def _facts(line: Mapping[str, object]) -> Facts:
    """Read the members; defaults are those of the facts themselves."""
    credentials = [_credential(part) for part in _parts(line)]
    body_bytes, sni = line.get("body_bytes"), line.get("sni")
    return Facts(
        at=instant.read(_text(line, "t")),
        decision=_text(line, "decision", ""),
        listener=_text(line, "listener"),
        kind=_text(line, "kind", "reverse"),
        method=_text(line, "method"),
        host=_text(line, "host"),
        target=_text(line, "path"),
        peer=_text(line, "peer", _text(line, "ip")),
        scheme=_text(line, "scheme", "http"),
        port=_number(line.get("port", 0)),
        version=_text(line, "version", "HTTP/1.1"),
        uri_bytes=_number(line.get("uri_bytes", 0)),
        query_keys=_texts(line.get("query")),
        faults=_texts(line.get("faults")),
        forwarded=_texts(line.get("xff")),
        sni=None if sni is None else str(sni),
        tls=bool(line.get("tls")),
        connect=bool(line.get("connect")),
        tunnel=bool(line.get("tunnel")),
        user_agent=_text(line, "user_agent", ""),
        origin=_text(line, "origin", ""),
        preflight=_text(line, "preflight", ""),
        override=_text(line, "override", ""),
        upgrade=_text(line, "upgrade", "none"),
        body_bytes=None if body_bytes is None else _number(body_bytes),
        presented=tuple(presented for presented, _ in credentials),
        kept=Kept(
            proofs=tuple(proof for _, proof in credentials),
            place=_place(line),
            addresses=_texts(line["resolved"]) if "resolved" in line else None,
            known=tuple(index for index, part in enumerate(_parts(line)) if "state" not in part and part.get("cached")),
            first=_switch(line, "first"),
        ),
    )


def _parts(line: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return each credential of a line."""
    credentials = cast("Mapping[str, object] | None", line.get("cred"))
    if credentials is None:
        return []
    return cast("list[Mapping[str, object]]", credentials.get("parts", [credentials]))


def _credential(part: Mapping[str, object]) -> tuple[Presented, Proof | None]:
    """Return one credential and what came of it, None where it was not looked at."""
    kind, store = _texts(part["kind"])[0], _text(part, "store", "")
    presented = Presented(
        kind=kind, place=_text(part, "place", "authorization"), scheme=_text(part, "scheme", ""), store=store
    )
    if "state" not in part:
        return presented, None
    return presented, Proof(
        kind=kind,
        state=_text(part, "state"),
        issuer=_text(part, "issuer", ""),
        typ=_text(part, "typ", ""),
        claims=dict(cast("Mapping[str, object]", part.get("claims", {}))),
        store=store,
        key_id=_text(part, "key_id", ""),
        certificate=_certificate(part),
        possession=_possession(part),
        cached=bool(part.get("cached")),
    )


def _possession(part: Mapping[str, object]) -> Possession | None:
    """Return what a DPoP proof showed; None where none came."""
    held = part.get("possession")
    if held is None:
        return None
    if not isinstance(held, Mapping):
        raise TypeError("possession")
    said = cast("Mapping[str, object]", held)
    texts = {name: _text(said, name, "") for name in ("state", "jkt", "htm", "htu", "once")}
    iat = said.get("iat", 0.0)
    if not isinstance(iat, int | float) or isinstance(iat, bool):
        raise TypeError("iat")
    of_token, fresh = (_switch(said, name) is True for name in ("of_token", "fresh"))
    return Possession(iat=float(iat), of_token=of_token, fresh=fresh, **texts)


def _certificate(part: Mapping[str, object]) -> Certificate | None:
    """Return what a client certificate showed; None where there was none."""
    held = part.get("certificate")
    if held is None:
        return None
    if not isinstance(held, Mapping):
        raise TypeError("certificate")
    return Certificate(
        cas=_texts(held.get("cas")),
        san_dns=_texts(held.get("san_dns")),
        spiffe=_text(held, "spiffe", ""),
        subject=_text(held, "subject", ""),
        thumbprint=_text(held, "thumbprint", ""),
        not_before=_instant(held.get("not_before")),
        not_after=_instant(held.get("not_after")),
    )


def _switch(line: Mapping[str, object], name: str) -> bool | None:
    """Return a member that is true or false; absent is None."""
    value = line.get(name)
    if value is not None and not isinstance(value, bool):
        raise TypeError(name)
    return value


def _instant(value: object) -> float | None:
    """Return a member that is a time in epoch seconds; absent is None."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise TypeError("not a time")


def _place(line: Mapping[str, object]) -> Place | None:
    """Return where the address lay; None where nobody asked."""
    if "country" not in line:
        return None
    country, asn = line["country"], line.get("asn")
    return Place(country=None if country is None else str(country), asn=None if asn is None else _number(asn))


def _text(line: Mapping[str, object], name: str, default: str | None = None) -> str:
    """Return a member that is text."""
    value = line[name] if default is None else line.get(name, default)
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _texts(value: object) -> tuple[str, ...]:
    """Return a member that is a list of texts; absent is empty."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("not a list of texts")
    return tuple(value)


def _number(value: object) -> int:
    """Return a member that is a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
