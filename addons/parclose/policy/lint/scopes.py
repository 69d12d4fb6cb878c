"""Scopes that nobody is asked for, that nobody holds, or that are asked for twice: SCO001, SCO002, SCO003."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from parclose.policy.desk import Desk
from parclose.policy.identity import ClaimPath
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import as_if_live, keys
from parclose.policy.nodes import Text
from parclose.policy.scenario import Become, Persona
from parclose.policy.schema_segment import NeedSpec
from parclose.policy.segment import Need


def never_required(bench: Bench) -> None:
    """Report scopes that no route asks for, and that stand for none that is asked for (SCO001)."""
    required = {name for need in _needs(bench) for name in (*need.all, *need.any)}
    for name in bench.spec.scopes:
        if not bench.desk.scopes.get(name, frozenset({str(name)})) & required:
            bench.desk.report(
                "SCO001", name.mark, f"no route asks for scope `{name}`: holding it opens nothing", text=name,
                fix="remove it, or ask for it in a route",
            )  # fmt: skip


def never_carried(bench: Bench) -> None:
    """Report required scopes that no key, role or persona carries: nobody can be shown to pass (SCO002)."""
    held = carried(bench)
    lacking: dict[str, None] = {}
    for need in _needs(bench):
        lacking |= {name: None for name in need.all if name not in held}
        if need.any and held.isdisjoint(need.any):
            lacking |= dict.fromkeys(need.any)
    if not lacking:
        return
    for text in _mentions(bench):
        if text in lacking:
            del lacking[text]
            bench.desk.report(
                "SCO002", text.mark, f"no key, role or persona carries scope `{text}`: no test can show who passes",
                text=text, fix="add a persona or an inline caller that has it, and a check that is allowed",
            )  # fmt: skip


def redundant(bench: Bench) -> None:
    """Report scopes that a requirement could do without (SCO003)."""
    for spec in _written_needs(bench):
        for text, why in _redundant(bench.desk, list(spec.all or ()), list(spec.any or ())):
            bench.desk.report(
                "SCO003", text.mark, f"scope `{text}` changes nothing here: {why}", text=text, fix="remove it"
            )


def _redundant(desk: Desk, every: list[Text], some: list[Text]) -> Iterator[tuple[Text, str]]:
    """Yield what a requirement could do without, and why. Whoever holds a scope holds what it implies."""
    for index, text in enumerate(every):
        others = [other for at, other in enumerate(every) if at != index and (other != text or at < index)]
        over = next((other for other in others if text in desk.scopes[other]), None)
        if over is not None:
            yield text, "it stands there already" if over == text else f"`{over}` implies it, and is asked for too"
    for index, text in enumerate(some):
        others = [other for at, other in enumerate(some) if at != index and (other != text or at < index)]
        under = next((other for other in others if other in desk.scopes[text]), None)
        if under is not None:
            yield text, "it stands there already" if under == text else f"whoever has it has `{under}`, which is enough"
    met = next(((text, by) for text in some for by in every if text in desk.scopes[by]), None)
    if met is not None:
        yield met[0], f"`{met[1]}` is asked for in any case, and so this choice is always met"


def carried(bench: Bench) -> frozenset[str]:
    """Return every scope that some key, role or persona carries, with what it implies."""
    policy = bench.policy
    names: set[str] = set().union(*policy.roles.values())
    for store in policy.key_stores.values():
        for record in store.records.values():
            names.update(record.scopes)
    for persona in _personas(bench):
        if persona.token is not None and persona.token.issuer in policy.issuers:
            paths = policy.issuers[persona.token.issuer].claims.scopes
            names.update(_claimed(persona.token.claims, paths))
    return frozenset().union(*(bench.desk.scopes.get(name, frozenset({name})) for name in names))


def _claimed(claims: Mapping[str, object], paths: tuple[ClaimPath, ...]) -> tuple[str, ...]:
    """Return the scopes of a token: of the first claim that is there, a list or words with blanks between."""
    for path in paths:
        value: object = claims
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            return tuple(map(str, value)) if isinstance(value, list | tuple) else tuple(str(value).split())
    return ()


def _personas(bench: Bench) -> Iterator[Persona]:
    yield from bench.policy.personas.values()
    for test in bench.policy.tests:
        yield test.persona
        yield from (step.persona for step in test.sequence if isinstance(step, Become))


def _needs(bench: Bench) -> Iterator[Need]:
    for segment in bench.policy.segments.values():
        for route in segment.route_list:
            if route.scopes is not None:
                yield route.scopes


def _written_needs(bench: Bench) -> Iterator[NeedSpec]:
    for _, route in keys(bench):
        if route.scopes is not None:
            yield route.scopes
    for part in (*bench.spec.profiles.values(), *bench.spec.segments.values()):
        yield from (need for need in (part.scopes.read, part.scopes.write) if need) if part.scopes else ()


def _mentions(bench: Bench) -> Iterator[Text]:
    """Yield every scope that is written as a requirement."""
    yield from (route.brief for _, route in keys(bench) if route.brief is not None)
    for need in _written_needs(bench):
        yield from ((need.one,) if need.one is not None else ())
        yield from (*(need.all or ()), *(need.any or ()))


LOOKS = (
    Look(ids=("SCO001",), at=as_if_live(never_required)),
    Look(ids=("SCO002",), at=as_if_live(never_carried)),
    Look(ids=("SCO003",), at=as_if_live(redundant)),
)
