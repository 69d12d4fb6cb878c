"""Personas and tests: as written to as used; an expectation says exactly what it wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from parclose.policy.answers import REASONS
from parclose.policy.compile_keys import plain
from parclose.policy.desk import Desk
from parclose.policy.errors import nearest
from parclose.policy.nodes import Entries, Text
from parclose.policy.scenario import (
    DEFAULT_AT,
    Become,
    CertificateStandIn,
    Check,
    Expectation,
    Persona,
    Send,
    SequenceStep,
    Test,
    TokenStandIn,
    Wait,
)
from parclose.policy.schema_base import where
from parclose.policy.schema_tests import CertificatePersonaSpec, PersonaSpec, StepSpec, TestSpec
from parclose.policy.segment import Segment

_EXPECT = re.compile(r"(?:(allow)|([0-9]{3}) ([a-z_]+))(?: @([a-z][a-z0-9-]*))?(?: via \"([^\"]+)\")?")
_REQUEST = re.compile(r"(?:([1-9][0-9]{0,5}) x )?([A-Z][A-Z0-9-]*) (\S+)")
_NOBODY = Persona()


def compile_personas(desk: Desk) -> dict[str, Persona]:
    """Read all personas; one that builds on another builds on one that does not."""
    found: dict[str, Persona] = {}
    for name, spec in sorted(desk.spec.personas.items(), key=lambda item: bool(item[1].named or item[1].persona)):
        found[str(name)] = replace(_persona(desk, spec, found), name=str(name))
    return found


def _persona(desk: Desk, spec: PersonaSpec, known: Mapping[str, Persona]) -> Persona:
    """Return a persona: the one that is named, with what is written instead."""
    name = spec.named or spec.persona
    base = _NOBODY
    if name is not None and desk.knows(name, known, "persona", id="TST001", section="personas"):
        base = known.get(name, _NOBODY)
    made = replace(base, where=where(spec.mark))
    if spec.token is not None and desk.knows(spec.token.issuer, desk.spec.issuers, "issuer", section="issuers"):
        claims = plain(spec.token.claims) if isinstance(spec.token.claims, Entries) else {}
        token = TokenStandIn(issuer=str(spec.token.issuer), claims=claims if isinstance(claims, dict) else {})
        made = replace(made, token=token)
    if spec.api_key is not None and desk.knows(spec.api_key.store, desk.spec.api_keys, "key store", section="api_keys"):
        made = replace(made, api_key=(str(spec.api_key.store), str(spec.api_key.id)))
    if spec.mtls is not None:
        made = replace(made, mtls=_certificate(desk, spec.mtls))
    if spec.listener is not None and desk.knows(spec.listener, desk.listeners, "listener", id="TST001"):
        made = replace(made, listener=str(spec.listener))
    if spec.forwarded_for is not None:
        made = replace(made, forwarded_for=tuple(map(str, spec.forwarded_for)))
    return replace(
        made,
        credential=made.credential if spec.credential is None else str(spec.credential),
        peer=made.peer if spec.peer is None else str(spec.peer),
        country=made.country if spec.country is None else str(spec.country),
        asn=made.asn if spec.asn is None else spec.asn,
        user_agent=made.user_agent if spec.user_agent is None else str(spec.user_agent),
    )


def _certificate(desk: Desk, spec: CertificatePersonaSpec) -> CertificateStandIn:
    known = spec.ca is not None and desk.knows(spec.ca, desk.spec.client_cas, "client CA", section="client_cas")
    return CertificateStandIn(
        ca=str(spec.ca) if known else "",
        san_dns=tuple(name.lower() for name in spec.san_dns or ()),
        spiffe=str(spec.spiffe or ""),
        subject=str(spec.subject or ""),
    )


def compile_tests(desk: Desk, personas: Mapping[str, Persona], segments: Mapping[str, Segment]) -> tuple[Test, ...]:
    """Read all tests."""
    found: list[Test] = []
    names: dict[tuple[str, str], Text] = {}  # by file: teams name their tests without asking each other
    for spec in desk.spec.tests:
        first = names.setdefault((spec.name.mark.file, str(spec.name)), spec.name)
        if first is not spec.name:
            desk.report(
                "TYP003", spec.name.mark, f"test `{spec.name}` is written twice, first at {where(first.mark)}",
                fix="give each its own name", text=spec.name,
            )  # fmt: skip
        found.append(_test(desk, spec, personas, segments))
    return tuple(found)


def _test(desk: Desk, spec: TestSpec, personas: Mapping[str, Persona], segments: Mapping[str, Segment]) -> Test:
    if not spec.checks and not spec.sequence and not spec.skip:
        desk.report("TST002", spec.mark, f"test `{spec.name}` checks nothing", fix="add `checks` or a `sequence`")
    checks = []
    for request, wanted in (spec.checks or {}).items():
        parsed, expect = _request(desk, request, many=False), expectation(desk, wanted, segments)
        if parsed is not None and expect is not None:
            checks.append(Check(method=parsed[1], url=parsed[2], expect=expect, where=where(request.mark)))
    steps = [_step(desk, step, personas, segments) for step in spec.sequence or ()]
    return Test(
        name=str(spec.name),
        persona=_persona(desk, spec.caller, personas) if spec.caller else replace(_NOBODY, where=where(spec.mark)),
        at=DEFAULT_AT if spec.at_ is None else spec.at_,
        checks=tuple(checks),
        sequence=tuple(step for step in steps if step is not None),
        headers={str(name): str(value) for name, value in (spec.headers or {}).items()},
        sni=str(spec.sni) if spec.sni else None,
        skip=str(spec.skip or ""),
        where=where(spec.name.mark),
    )


def _step(
    desk: Desk, spec: StepSpec, personas: Mapping[str, Persona], segments: Mapping[str, Segment]
) -> SequenceStep | None:  # fmt: skip
    written = [key for key in ("send", "wait", "as") if key in spec.node]
    if len(written) != 1:
        desk.report("TYP003", spec.mark, "a step is one of `send`, `wait` and `as`", fix="write one step a line")
        return None
    if spec.wait is not None:
        return Wait(seconds=spec.wait)
    if spec.become is not None:
        return Become(persona=_persona(desk, spec.become, personas))
    parsed = _request(desk, spec.send, many=True) if spec.send else None
    if not spec.expect:
        desk.report("TST002", spec.mark, "a step that expects nothing", fix="add `expect: {allow: 1}`")
    wanted = [(expectation(desk, text, segments), count) for text, count in (spec.expect or {}).items()]
    if parsed is None:
        return None
    total = sum(count for _, count in wanted)
    if wanted and total != parsed[0]:
        desk.report(
            "TST001", spec.at("expect"), f"{parsed[0]} requests are sent, but outcomes for {total} are named",
            fix="name an outcome for each request",
        )  # fmt: skip
    return Send(
        count=parsed[0],
        method=parsed[1],
        url=parsed[2],
        within_s=spec.within or 0.0,
        expect=tuple((expect, count) for expect, count in wanted if expect is not None),
        where=where(spec.mark),
    )


def _request(desk: Desk, text: Text, *, many: bool) -> tuple[int, str, str] | None:
    match = _REQUEST.fullmatch(text)
    shown = "`10 x GET https://api.example/path`" if many else "`GET https://api.example/path`"
    if match is None or (match[1] and not many):
        desk.report("TST001", text.mark, f"`{text}` is no request", fix=f"write {shown}", text=text)
        return None
    try:
        parts = urlsplit(match[3])
        known = parts.scheme in {"http", "https", "ws", "wss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        desk.report(
            "TST001", text.mark, f"no listener can receive `{match[3]}`", fix=f"write a whole URL: {shown}", text=text
        )
        return None
    return int(match[1] or 1), match[2], match[3]


def expectation(desk: Desk, text: Text, segments: Mapping[str, Segment]) -> Expectation | None:
    """Return what a check wants, or None after it was reported."""
    match = _EXPECT.fullmatch(text)
    if match is None:
        short = re.fullmatch(r"[0-9]{3}", text)
        desk.report(
            "TST001", text.mark,
            f"`{text}` leaves the reason open" if short else f"`{text}` is no expectation", text=text,
            fix="write `allow` or a status and a reason, then `@segment`: `403 scope_missing @orders`",
        )  # fmt: skip
        return None
    allow, status, reason, segment, route = match.groups()
    if reason and reason not in REASONS:
        close = nearest(reason, REASONS)
        fix = f"did you mean `{close}`?" if close else "see the table of answers for the reasons there are"
        desk.report("TST001", text.mark, f"there is no reason `{reason}`", fix=fix, text=text)
        return None
    if segment and segment not in segments:
        if segment in desk.spec.segments:
            desk.report(
                "TST001", text.mark, f"segment `{segment}` is not in force, and tests see what is", text=text,
                fix="write what comes of it now; `parclose explain` says what would",
            )  # fmt: skip
            return None
        close = nearest(segment, segments)
        fix = f"did you mean `@{close}`?" if close else "name a segment of this policy"
        desk.report("TST001", text.mark, f"there is no segment `{segment}`", fix=fix, text=text)
        return None
    keys = {route_.key for name, each in segments.items() if segment in {None, name} for route_ in each.route_list}
    if route and route not in keys:
        close = nearest(route, keys)
        fix = f'did you mean `via "{close}"`?' if close else "write the route's key as it stands in the policy"
        desk.report("TST001", text.mark, f"there is no route `{route}`", fix=fix, text=text)
        return None
    return Expectation(
        allow=bool(allow), status=int(status or 0), reason=reason or "", segment=segment or "", route=route or "",
        text=str(text),
    )  # fmt: skip
