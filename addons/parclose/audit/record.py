"""What is kept of a request: one line that holds the facts, what the world answered, and the verdict.

The line is a decision's whole input: `decide(policy, read(line), world)` gives the verdict that stands in it, rate
limits included when `seq` and `limit_at` are followed. It holds no token, key, cookie, body or query value; of the
claims of a token only those that the policy reads, and those that judging needs.

Members that say nothing (the default of their fact) are left out. Text is ASCII with escapes, so neither control
characters nor bidirectional marks nor a line end of a caller's reach a terminal or start a line of their own.

Source: section 5.4 of the policy language.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from operator import attrgetter
from typing import cast

from parclose.audit import instant
from parclose.audit.kept import certificate_part, kept_claims, possession_part
from parclose.audit.redact import Redactor
from parclose.audit.trial import tried_text
from parclose.facts import Place, Presented, Proof
from parclose.stages.walk import Walk
from parclose.verdict import Charged, Verdict, Would

VERSION = 1
_FIRST = {None: "", True: ',"first":true', False: ',"first":false'}


def _list(values: Iterable[str]) -> str:
    """Write a list of texts."""
    return f"[{','.join(map(quote, values))}]"


def _true(value: object) -> str:
    """Write a switch, which is only there when it is on."""
    del value
    return "true"


# Fact, start of the member, default, writer: a member that is left out has its default.
_WIRE: tuple[tuple[str, str, object, Callable[..., str]], ...] = (
    ("scheme", ',"scheme":', "http", quote),
    ("port", ',"port":', 0, str),
    ("version", ',"version":', "HTTP/1.1", quote),
    ("uri_bytes", ',"uri_bytes":', 0, str),
    ("sni", ',"sni":', None, quote),
    ("tls", ',"tls":', False, _true),
    ("body_bytes", ',"body_bytes":', None, str),
    ("faults", ',"faults":', (), _list),
    ("kind", ',"kind":', "reverse", quote),
    ("connect", ',"connect":', False, _true),
    ("tunnel", ',"tunnel":', False, _true),
    ("preflight", ',"preflight":', "", quote),
    ("override", ',"override":', "", quote),
    ("upgrade", ',"upgrade":', "none", quote),
)
_WIRE_VALUES = attrgetter(*(row[0] for row in _WIRE))
_WIRE_ROWS = tuple(row[1:] for row in _WIRE)

type Line = dict[str, object]

_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False, allow_nan=False)


def encode(record: Mapping[str, object]) -> bytes:
    """Return a record as one line of ASCII, its line end included."""
    return _ENCODER.encode(record).encode("ascii") + b"\n"


def corpus_line(
    walk: Walk,
    verdict: Verdict,
    redactor: Redactor | None = None,
    *,
    dur_ms: int | None = None,
    would: Would | None = None,
) -> Line:
    """Return the line of one decision as an object; `corpus_text` is the line itself."""
    return cast("Line", json.loads(corpus_text(walk, verdict, redactor, dur_ms=dur_ms, would=would)))


def corpus_text(
    walk: Walk, verdict: Verdict, redactor: Redactor | None = None, *, dur_ms: int | None = None,
    would: Would | None = None,
) -> str:  # fmt: skip
    """Return the line of one decision, as JSON text, with the second verdict where there is one to be kept.

    `dur_ms` is known only when the exchange is over.
    Written piece by piece: making objects and encoding them took 14 us of the 15 that a decision's audit may take.
    """
    facts, marks = walk.facts, []
    client_ip, peer, agent, origin = verdict.client_ip or facts.peer, facts.peer, facts.user_agent, facts.origin
    query, forwarded = facts.query_keys, facts.forwarded
    if redactor is not None and not redactor.leaves_all:
        marks = redactor.marks(facts)
        client_ip, peer = redactor.address(client_ip), redactor.address(peer)
        agent, origin = redactor.header("user-agent", agent), redactor.header("origin", origin)
        query, forwarded = redactor.query(query), () if "xff" in marks else forwarded
    parts = [
        f'{{"v":{VERSION},"type":"decision","t":"{instant.write(facts.at)}"',
        "" if dur_ms is None else f',"dur_ms":{dur_ms}',
        f',"decision":{quote(facts.decision)},"listener":{quote(facts.listener)},"method":{quote(facts.method)}',
        f',"host":{quote(facts.host)},"path":{quote(facts.target)},"ip":{quote(client_ip)}',
    ]
    if walk.place is not None:
        parts.append(_place(walk.place))
    if facts.presented:
        parts.append(f',"cred":{_credentials(walk)}')
    parts.append(f',"verdict":{verdict_text(verdict)}' if would is None else _verdicts(verdict, would))
    for (start, default, write), value in zip(_WIRE_ROWS, _WIRE_VALUES(facts), strict=True):
        if value != default:
            parts.append(start + write(value))
    if peer != client_ip:
        parts.append(f',"peer":{quote(peer)}')
    parts.extend(f',"{name}":{quote(text)}' for name, text in (("user_agent", agent), ("origin", origin)) if text)
    parts.extend(
        f',"{name}":{_list(values)}'
        for name, values in (("query", query), ("xff", forwarded), ("hint", _hints(walk)), ("redacted", marks))
        if values
    )
    if walk.resolved is not None:
        parts.append(f',"resolved":{_list(walk.resolved)}')
    charged = _charges(verdict.charges) if verdict.charges else ""
    return "".join([*parts, _FIRST[walk.first], charged, "}"])


def _verdicts(verdict: Verdict, would: Would) -> str:
    """Write the verdict in force, and the one beside it."""
    beside = f"{verdict_text(would.verdict)[:-1]}{tried_text(would)}}}"
    return f',"verdict":{verdict_text(verdict)},"would":{beside}'


def _charges(charges: tuple[Charged, ...]) -> str:
    """Write when the counters were charged, and in which place of their order."""
    first = charges[0].at
    text = repr(first)  # nearly a microsecond each, and nearly always the same instant
    instants = ",".join(text if charge.at == first else repr(charge.at) for charge in charges)
    return f',"seq":[{",".join(str(charge.seq) for charge in charges)}],"limit_at":[{instants}]'


def _place(place: Place) -> str:
    """Write where the address lies; a country that was looked for and not found is null."""
    country = "null" if place.country is None else quote(place.country)
    return f',"country":{country}' if place.asn is None else f',"country":{country},"asn":{place.asn}'


def verdict_part(verdict: Verdict) -> Line:
    """Return the part of a line that says what was decided; two verdicts are the same when these are equal."""
    return cast("Line", json.loads(verdict_text(verdict)))


def verdict_text(verdict: Verdict) -> str:
    """Return the part of a line that says what was decided, as JSON text."""
    return _verdict_text(
        verdict.effect.value,
        verdict.status,
        verdict.segment,
        verdict.route,
        verdict.revision,
        "" if verdict.reason is None else verdict.reason.value,
        verdict.stage,
        "" if verdict.principal is None else verdict.principal.client_type,
        verdict.detail,
        verdict.where,
        verdict.concealed,
        verdict.preflight,
    )


@lru_cache(maxsize=4096)
def _verdict_text(  # noqa: PLR0917  the key of the cache
    action: str,
    status: int,
    segment: str,
    route: str,
    revision: str,
    reason: str,
    stage: str,
    client: str,
    detail: str,
    where: str,
    concealed: bool,
    preflight: bool,
) -> str:
    """Write a verdict; all that a policy can say is soon in the cache. Nothing in it is the caller's own text."""
    said: Line = {"action": action, "status": status, "segment": segment, "route": route, "rev": revision}
    if reason:
        said |= {"reason": reason, "stage": stage}
    rest = {"client": client, "detail": detail, "where": where, "concealed": concealed, "preflight": preflight}
    return _ENCODER.encode(said | {name: value for name, value in rest.items() if value})


def short_text(walk: Walk, verdict: Verdict) -> str:
    """Return what is kept of a decision that was sampled out: that it was, and how it ended. It cannot be replayed."""
    start = f'{{"v":{VERSION},"type":"decision","t":"{instant.write(walk.facts.at)}"'
    return f'{start},"decision":{quote(walk.facts.decision)},"verdict":{verdict_text(verdict)},"short":true}}'


def is_sampled(decision: str, share: float) -> bool:
    """Whether a decision is in a sample of this share: by hash of its id, so that every sink picks the same."""
    if share >= 1.0:
        return True
    digest = hashlib.blake2b(decision.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64


def _credentials(walk: Walk) -> str:
    """Write what was presented and what came of it: one credential flat, several in `parts`."""
    presented, proofs, claims_read = walk.facts.presented, walk.proofs, walk.policy.claims_read
    parts = [
        _credential(one, proofs[index] if index < len(proofs) else None, claims_read, known=index in walk.known)
        for index, one in enumerate(presented)
    ]
    if len(parts) == 1:
        return parts[0]
    return f'{{"kind":{_list(one.kind for one in presented)},"parts":[{",".join(parts)}]}}'


def _credential(
    presented: Presented, proof: Proof | None, claims_read: Iterable[tuple[str, ...]], *, known: bool
) -> str:
    """Write one credential, without its text; `state` is there where it was looked at, `cached` also where not."""
    text = f'{{"kind":[{quote(presented.kind)}],"place":{quote(presented.place)}'
    if presented.scheme:
        text += f',"scheme":{quote(presented.scheme)}'
    if presented.store:
        text += f',"store":{quote(presented.store)}'
    if proof is None:
        return text + (',"cached":true}' if known else "}")
    text += f',"state":{quote(proof.state)},"cached":{"true" if proof.cached else "false"}'
    for start, value in ((',"issuer":', proof.issuer), (',"typ":', proof.typ), (',"key_id":', proof.key_id)):
        if value:
            text += start + quote(value)
    if proof.certificate is not None:
        text += f',"certificate":{_ENCODER.encode(certificate_part(proof.certificate))}'
    if proof.possession is not None:
        text += f',"possession":{_ENCODER.encode(possession_part(proof.possession))}'
    if not proof.claims:
        return text + "}"
    written = proof.written
    if written is None or written[0] is not claims_read:
        # The proof of a cached token is shared, and so is this: a fifth of a decision's audit.
        written = proof.written = (claims_read, _ENCODER.encode(kept_claims(proof.claims, claims_read)))
    return f'{text},"claims":{written[1]}}}'


def _hints(walk: Walk) -> list[str]:
    """Return the names of the hints that the `User-Agent` fits."""
    if not walk.policy.clients.hints:
        return []
    agent = walk.facts.user_agent.lower()
    return [
        name
        for name, globs in walk.policy.clients.hints.items()
        if any(fnmatchcase(agent, glob.lower()) for glob in globs)
    ]
