"""A walk in words: what each stage found, who decided, and what would have passed.

The account is data, for text, JSON and the console alike; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from parclose.engine import STAGES, verdict_of
from parclose.policy.segment import Segment
from parclose.reasons import Reason
from parclose.stages.audience import failed_facet
from parclose.stages.claims import ANONYMOUS
from parclose.stages.closed import stays_closed
from parclose.stages.walk import Walk
from parclose.trial import Beside, beside, head_words, rows_of
from parclose.verdict import Judgement, Outcome, Principal, Verdict, Would

OK, FAIL, SKIPPED = "ok", "FAIL", "-"
NOT_REACHED = "not reached"
SHOWN = 12  # characters of a value that misses its type: enough of an id to see what it is
QUOTE, DOUBLE = "'", '"'
# The numbers of the order of evaluation in the policy language; two stages came later and share their neighbours'.
_NUMBERS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "11b", "12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one stage said. `mark` is `ok`, `FAIL`, or `-` where it had nothing to say or was not reached."""

    number: str
    stage: str
    mark: str
    words: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A route that almost took the request, and what kept it from that."""

    route: str
    segment: str
    words: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A verdict told from the start. `would_allow` holds what to change, any one of it, in words."""

    effect: str
    status: int
    reason: str
    detail: str
    segment: str
    route: str
    revision: str
    decision: str
    concealed: bool
    lines: tuple[Line, ...]
    near: tuple[Near, ...] = ()
    would_allow: tuple[str, ...] = ()
    would: Beside | None = None

    def as_json(self) -> dict[str, object]:
        """Return the account as plain values, for JSON."""
        return asdict(self)


def explain(walk: Walk, would: Would | None = None) -> Account:
    """Tell a walk that has ended, and the second verdict where there is one to tell."""
    verdict = verdict_of(walk)
    return Account(
        effect=verdict.effect.value,
        status=verdict.status,
        reason=verdict.reason.value if verdict.reason is not None else "",
        detail=verdict.detail,
        segment=verdict.segment,
        route=verdict.route,
        revision=verdict.revision,
        decision=verdict.decision,
        concealed=verdict.concealed,
        lines=tuple(_line(walk, place) for place in range(len(STAGES))),
        near=near_misses(walk) if verdict.reason in (Reason.NO_ROUTE, Reason.METHOD_NOT_ALLOWED) else (),
        would_allow=_would_allow(walk, verdict),
        would=beside(would) if would is not None else None,
    )


def render(account: Account) -> str:
    """Return the account as plain text, one line a stage, without a line break at its end."""
    head = head_words(account.effect, account.status, account.reason, segment=account.segment, route=account.route)
    rows = [f"{head:<42}  rev {account.revision}"]
    rows += [_row(line) for line in account.lines]
    rows += [f"{'near':>19}  {near.route:<34}{near.words:<40}{near.where}".rstrip() for near in account.near]
    if account.would_allow:
        rows.append(f"what would allow it:  {',  or '.join(account.would_allow)}")
    return "\n".join([*rows, *rows_of(account.would)] if account.would is not None else rows)


def near_misses(walk: Walk) -> tuple[Near, ...]:
    """Return the routes of the candidates that have the path with another method, or miss it by a parameter's type."""
    found: list[Near] = []
    for segment in walk.candidates:
        for route in segment.route_list:
            words = ""
            if route.path.matches(walk.path):
                words = "matches, other method"
            elif walk.method in route.methods:
                wrong = route.path.misfits(walk.path)
                words = ", ".join(_misfit(param, value) for param, value in wrong or ())
            if words:
                found.append(Near(route=route.key, segment=segment.name, words=words, where=route.where))
    return tuple(found)


def _misfit(param: str, value: str) -> str:
    """Return why a value is none for `{name:type}`: `id="0f8fad5b-..." is not an int`."""
    name, _, kind = param[1:-1].partition(":")
    shown = value if len(value) <= SHOWN else f"{value[: SHOWN - 3]}..."
    plain = kind if "(" in kind else f"{'an' if kind[:1] in 'aeio' else 'a'} {kind}"
    return f"{name}={ascii(shown).replace(QUOTE, DOUBLE)} is not {plain}"


def _row(line: Line) -> str:
    """Return one line as text, with the place of the rule at its end."""
    row = f"{line.number:>3} {line.stage:<12} {line.mark:<5} {line.words}"
    return f"{row:<70}  {line.where}".rstrip() if line.where else row.rstrip()


def _line(walk: Walk, place: int) -> Line:
    """Tell one stage."""
    stage, number = STAGES[place].name, _NUMBERS[place]
    if place >= len(walk.trail):
        return Line(number=number, stage=stage, mark=SKIPPED, words=NOT_REACHED)
    said = walk.trail[place].judgement
    if said.outcome is Outcome.DENY:
        return Line(number=number, stage=stage, mark=FAIL, words=_denied(said), where=said.where)
    tell = _TELLERS.get(stage)
    words, where = tell(walk) if tell is not None else ("", "")
    mark = OK if said.outcome is Outcome.ALLOW or words else SKIPPED
    return Line(number=number, stage=stage, mark=mark, words=said.found or words, where=said.where or where)


def _denied(said: Judgement) -> str:
    """Return a denial in words."""
    words = said.found or (said.reason.value if said.reason is not None else "")
    return f"{words}; needs {said.needs}" if said.needs else words


def _tell_canonical(walk: Walk) -> tuple[str, str]:
    if walk.facts.connect:
        return f"CONNECT {walk.facts.host}", ""
    words = f"{walk.method} {walk.target}"
    return (f"preflight for {words}" if walk.preflight else words), ""


def _tell_client(walk: Walk) -> tuple[str, str]:
    names = " ".join(walk.policy.zones.names(walk.zones)) or "none"
    words = f"{walk.client_ip or 'unknown address'}  zones: {names}"
    return (f"{words}  country: {walk.place.country or 'unknown'}" if walk.place is not None else words), ""


def _tell_surface(walk: Walk) -> tuple[str, str]:
    if walk.group is None:
        return ", ".join(segment.name for segment in walk.candidates), ""
    return f"{walk.group.text} -> {', '.join(segment.name for segment in walk.group.segments)}", ""


def _tell_gate(walk: Walk) -> tuple[str, str]:
    if walk.group is None or len(walk.candidates) == len(walk.group.segments):
        return "", ""
    return f"only {', '.join(segment.name for segment in walk.candidates)}", ""


def _tell_route(walk: Walk) -> tuple[str, str]:
    words = ", ".join(f"{hit.route.key} in {name}" for name, hit in walk.hits.items())
    return words, next((hit.route.where for hit in walk.hits.values()), "")


def _tell_authn(walk: Walk) -> tuple[str, str]:
    principal = walk.principal
    return ("" if principal is None else _who(principal)), ""


def _tell_audience(walk: Walk) -> tuple[str, str]:
    segment = walk.segment
    if segment is None:
        return "", ""
    words = segment.name
    for other, why in _passed_over(walk, segment):
        words += f"  (not {other}: {why})"
    return words, segment.audience.where or segment.where


def _tell_network(walk: Walk) -> tuple[str, str]:
    return (walk.route.key, walk.route.where) if walk.route is not None else ("", "")


def _tell_credential(walk: Walk) -> tuple[str, str]:
    if walk.route is None or walk.principal is None or not walk.principal.kinds:
        return "", ""
    return f"{'+'.join(sorted(walk.principal.kinds))} accepted", walk.route.authn.where


def _tell_scope(walk: Walk) -> tuple[str, str]:
    if walk.route is None or walk.preflight:
        return "", ""
    names = (*_needs(walk.route.roles), *_needs(walk.route.scopes), *(name for name, _ in walk.route.bind))
    return " ".join(names), walk.route.where_needs if names else ""


def _tell_destination(walk: Walk) -> tuple[str, str]:
    closed = walk.denial is None and stays_closed(walk)
    return " ".join((*walk.addresses, *(("(TLS stays closed: no request inside is judged)",) if closed else ()))), ""


def _tell_rate(walk: Walk) -> tuple[str, str]:
    return ", ".join(f"{reading.name} {reading.remaining}/{reading.quota} left" for reading in walk.readings), ""


_TELLERS: dict[str, Callable[[Walk], tuple[str, str]]] = {
    "canonical": _tell_canonical,
    "client": _tell_client,
    "surface": _tell_surface,
    "gate": _tell_gate,
    "route": _tell_route,
    "authn": _tell_authn,
    "audience": _tell_audience,
    "network": _tell_network,
    "credential": _tell_credential,
    "scope": _tell_scope,
    "destination": _tell_destination,
    "rate": _tell_rate,
}


def _needs(need: object) -> tuple[str, ...]:
    """Return the names of a requirement that may be absent."""
    return (*getattr(need, "all", ()), *getattr(need, "any", ()))


def _who(principal: Principal) -> str:
    """Return a caller in words."""
    if principal.client_type == ANONYMOUS:
        return "anonymous"
    proofs = (("token from", principal.issuer), ("key of", principal.store), ("certificate of", principal.ca))
    source = " and ".join(f"{what} {name}" for what, name in proofs if name)
    return f"{source}, subject {principal.subject!a}, client type {principal.client_type}"


def _passed_over(walk: Walk, chosen: Segment) -> list[tuple[str, str]]:
    """Return the other segments of the surface, and why none of them is the one."""
    if walk.group is None or walk.principal is None or walk.preflight:
        return []
    others = (segment for segment in walk.group.ordered if segment is not chosen)
    return [(other.name, failed_facet(other.audience, walk.principal, walk) or "wins less") for other in others]


def _would_allow(walk: Walk, verdict: Verdict) -> tuple[str, ...]:
    """Return what would have passed, the refusing stage's own words first, then other segments of the surface."""
    if verdict.allowed:
        return ()
    found = [verdict.needs] if verdict.needs else []
    if verdict.reason in (Reason.CALLER_NOT_ALLOWED, Reason.SCOPE_MISSING, Reason.ROLE_MISSING) and walk.group:
        for segment in walk.group.ordered:
            if segment.name != verdict.segment and walk.principal is not None:
                facet = failed_facet(segment.audience, walk.principal, walk)
                found.append(f"the {facet or 'rank'} that `{segment.name}` asks for")
    return tuple(found)
