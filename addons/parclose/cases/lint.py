"""What is to be said of a policy's tests themselves; it takes the engine to know, so `check` adds it to the rest."""

from __future__ import annotations

from parclose.cases.run import CaseReport, run_cases
from parclose.policy.desk import Desk
from parclose.policy.errors import Finding
from parclose.policy.model import Policy
from parclose.policy.nodes import Text

IDS = frozenset({"TST003", "TST004", "TST005"})
NOWHERE = "no_segment"


def case_findings(policy: Policy, desk: Desk, report: CaseReport | None = None) -> tuple[Finding, ...]:
    """Return TST003, TST004 and TST005 for a policy as compiled on `desk`.

    Its tests are run, unless `report` is of them.
    """
    source = desk.source
    known = len(source.findings)
    ran = report or run_cases(policy)
    _one_sided(desk, ran)
    _too_few(desk, policy, ran)
    _vacuous(desk)
    found = tuple(finding for finding in source.placed() if finding.id in IDS)
    del source.findings[known:]  # asked again, it says the same again
    return found


def _one_sided(desk: Desk, report: CaseReport) -> None:
    """Name segments in which no test is let in, or none is refused."""
    names = {str(name): name for name in desk.spec.segments}
    for one in report.coverage.segments:
        lacks = [side for side, there in (("allowed", bool(one.allowed)), ("refused", one.refused_at_all)) if not there]
        if lacks:
            name = names[one.segment]
            desk.report(
                "TST003", name.mark, f"no test of segment `{name}` is {' and none is '.join(lacks)}", text=name,
                fix="add a check for each side: what it is for, and what it must never let in",
            )  # fmt: skip


def _too_few(desk: Desk, policy: Policy, report: CaseReport) -> None:
    """Name the policy's own gate where it is not met: a reload would be refused for it."""
    spec = desk.spec.settings.reload if desk.spec.settings else None
    least, coverage = policy.settings.reload.min_coverage, report.coverage
    if spec is None or coverage.share >= least:
        return
    missing = [f"`{one.segment}`" for one in coverage.segments if len(one.reached) < one.routes]
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    desk.report(
        "TST004", spec.value_at("min_coverage"),
        f"{coverage.reached} of {coverage.routes} routes have a check, {coverage.share:.0%} of them",
        fix=f"add checks for {', '.join(missing[:3])}{more}: `parclose test` names the routes",
    )  # fmt: skip


def _vacuous(desk: Desk) -> None:
    """Name expectations that would be met by a policy without any segment."""
    for spec in desk.spec.tests:
        wanted: list[Text] = list((spec.checks or {}).values())
        wanted += [text for step in spec.sequence or () for text in step.expect or {}]
        for text in wanted:
            if NOWHERE in text.split():
                desk.report(
                    "TST005", text.mark, f"`{text}` holds for a policy without segments too", text=text,
                    fix="expect a refusal of a segment: `@segment` after the reason; or say why in a comment",
                )  # fmt: skip
