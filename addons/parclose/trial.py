"""A second verdict in words: what it would be, why, and what on trial took part."""

from __future__ import annotations

from dataclasses import dataclass

from parclose.verdict import Would


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What would come of it with all that is on trial in force; fields as in the account and in `Would`."""

    effect: str
    status: int
    reason: str
    detail: str
    segment: str
    route: str
    found: str
    needs: str
    where: str
    mode: str
    shadow: tuple[str, ...]
    log_only: tuple[str, ...]
    passed_over: tuple[str, ...]


def head_words(effect: str, status: int, reason: str, *, segment: str, route: str) -> str:
    """Return a verdict for the head of an account."""
    head = " ".join(filter(None, (effect.upper(), str(status), reason)))
    named = (("segment", segment), ("route", route))
    return "  ".join([f"{head:<42}", *(f"{what} {name}" for what, name in named if name)]).rstrip()


def rows_of(would: Beside) -> list[str]:
    """Return the second verdict: what it would be, why, and what on trial took part."""
    head = head_words(would.effect, would.status, would.reason, segment=would.segment, route=would.route)
    rows = ["", "with what is on trial in force:", head]
    why = f"{would.found}; needs {would.needs}" if would.needs else would.found
    rows += [f"    {f'{why}':<66}  {would.where}".rstrip()] if why or would.where else []
    rows += [f"    in shadow: {', '.join(would.shadow)}"] if would.shadow else []
    rows += [f"    log-only here: {', '.join(would.log_only)}"] if would.log_only else []
    return rows + [f"    segment {name} (in shadow) would not have taken this request" for name in would.passed_over]


def beside(would: Would) -> Beside:
    """Return a second verdict as it is told."""
    verdict = would.verdict
    return Beside(
        effect=verdict.effect.value,
        status=verdict.status,
        reason=verdict.reason.value if verdict.reason is not None else "",
        detail=verdict.detail,
        segment=verdict.segment,
        route=verdict.route,
        found=verdict.found,
        needs=verdict.needs,
        where=verdict.where,
        mode=would.mode,
        shadow=would.shadow,
        log_only=would.log_only,
        passed_over=would.passed_over,
    )
