"""Guardrails, proven on each load (GRD001 to GRD003), and what is log-only although one relies on it (MOD002)."""

from __future__ import annotations

from collections.abc import Iterator

from parclose.policy.cells import Ground
from parclose.policy.guardrails import Breach, Guardrail, breaches, unopened
from parclose.policy.inherit import layers_of
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.nodes import Text
from parclose.policy.schema_guardrail import GuardrailSpec
from parclose.policy.schema_segment import SegmentSpec
from parclose.policy.segment import Segment

MOST_CELLS = 5  # named for one guardrail: who sees five knows what is wrong
_CONCERN = {"limits": "limits", "network": "network", "roles": "scopes", "scopes": "scopes"}  # `log_only` names these


def prove(bench: Bench) -> None:
    """Report each guardrail that does not hold, or that cannot be shown to."""
    if not bench.policy.guardrails:
        return
    ground = Ground.of(bench.policy)
    specs = {str(spec.id): spec for spec in bench.spec.guardrails}
    for guardrail in bench.policy.guardrails:
        spec = specs[guardrail.id]
        if guardrail.never is not None:
            _never(bench, ground, guardrail, spec)
        for field in guardrail.require:
            _require(bench, guardrail, spec, field)


def meet(bench: Bench) -> None:
    """Report guardrails about requests that nobody takes: a typo in the host proves everything (GRD003)."""
    ground = Ground.of(bench.policy) if bench.policy.guardrails else None
    specs = {str(spec.id): spec for spec in bench.spec.guardrails}
    for guardrail in bench.policy.guardrails:
        spec = specs[guardrail.id]
        if guardrail.never is not None and ground is not None and not ground.under(guardrail.never):
            bench.desk.report(
                "GRD003", spec.value_at("never"), f"guardrail `{guardrail.id}`: no segment stands where"
                f" `{guardrail.never}` goes", text=str(guardrail.never),
                fix="correct host and path, or remove the guardrail",
            )  # fmt: skip


def rely(bench: Bench) -> None:
    """Report what is log-only although a guardrail asks for it to be set (MOD002).

    A `never` that leans on what is log-only is not proven, and so is an error of its own.
    """
    for guardrail in bench.policy.guardrails:
        for field in guardrail.require:
            for name, written, segment in _governed(bench, guardrail):
                concern = _CONCERN.get(field, "")
                if concern in segment.log_only:
                    owner = layers_of(bench.desk, written).owner("log_only")
                    mark = owner.at("log_only") if owner is not None else name.mark
                    bench.desk.report(
                        "MOD002", mark, f"`{concern}` is log-only here, but guardrail `{guardrail.id}` relies on it",
                        fix="take it out of `log_only` once it has been tried",
                    )  # fmt: skip


def _never(bench: Bench, ground: Ground, guardrail: Guardrail, spec: GuardrailSpec) -> None:
    for name, host in unopened(bench.policy, guardrail):
        bench.desk.report(
            "GRD002", spec.value_at("never"), f"guardrail `{guardrail.id}` is not proven: segment `{name}` passes TLS"
            f" for `{host}` on unopened, and nothing of what is inside is seen",
            text=str(guardrail.never), fix=f"take `{host}` out of `network.passthrough` of `{name}`",
        )  # fmt: skip
    found = list(breaches(bench.policy, ground, guardrail))
    for breach in found[:MOST_CELLS]:
        cell = breach.cell
        lacks = "; ".join(f"{each.facet}: wants {each.wanted}, {each.found}" for each in breach.missing)
        fix = "; ".join(each.fix for each in breach.missing)
        head = f"guardrail `{guardrail.id}`"
        if breach.landing is None:
            bench.desk.report(
                "GRD002", spec.value_at("never"), f"{head} is not proven: {cell.name} ({cell.route.where}) may take"
                f" requests of `{guardrail.never}`, on surface {cell.surface}; {lacks}", text=str(guardrail.never),
                fix=f"it would be if the path were told apart by a literal or an `enum`; or {fix}",
            )  # fmt: skip
            continue
        bench.desk.report(
            "GRD001", spec.value_at("never"), f"{head} does not hold for {cell.name} ({cell.route.where}),"
            f" on surface {cell.surface}; {lacks}{_witness(bench, breach)}", text=str(guardrail.never), fix=fix,
        )  # fmt: skip
    if len(found) > MOST_CELLS:
        bench.desk.report(
            "GRD001", spec.id.mark, f"guardrail `{guardrail.id}` fails for {len(found) - MOST_CELLS} more routes",
            fix="mend those above first", text=spec.id,
        )  # fmt: skip


def _witness(bench: Bench, breach: Breach) -> str:
    """Return a request that gets in all the same, for the sentence, or "" where none could be shown."""
    said = bench.witness(bench.policy, breach) if bench.witness is not None else ""
    return f"; {said} is let in" if said else ""


def _require(bench: Bench, guardrail: Guardrail, spec: GuardrailSpec, field: str) -> None:
    """Report each segment without a field that it must set; one without limits is SEG005, as it always is."""
    for name, written, segment in _governed(bench, guardrail):
        if _is_set(bench, written, segment, field):
            continue
        if field == "limits":
            bench.desk.report(
                "SEG005", name.mark, f"segment `{segment.name}` has no limits, and guardrail"
                f" `{guardrail.id}` asks for them ({guardrail.where})", text=segment.name, bad="E",
                fix="add `limits: {steady: {key: subject|ip, rate: 20/s, burst: 40}}`",
            )  # fmt: skip
            continue
        bench.desk.report(
            "GRD001", name.mark, f"segment `{segment.name}` does not set `{field}`, and guardrail"
            f" `{guardrail.id}` asks for it ({guardrail.where})", text=segment.name,
            fix=f"write `{field}` in the segment, or in a profile that it uses",
        )  # fmt: skip


def demands(bench: Bench, segment: str, field: str) -> bool:
    """Whether a guardrail asks a segment to set a field."""
    return any(field in each.require and each.governs(segment) for each in bench.policy.guardrails)


def _governed(bench: Bench, guardrail: Guardrail) -> Iterator[tuple[Text, SegmentSpec, Segment]]:
    """Yield the segments in force that a guardrail is about, with their names and how they are written."""
    for name, spec in bench.spec.segments.items():
        segment = bench.policy.segments.get(name)
        if segment is not None and guardrail.governs(name):
            yield name, spec, segment


def _is_set(bench: Bench, written: SegmentSpec, segment: Segment, field: str) -> bool:
    """Whether a field is set: written, or for `authn`, `owner` and `limits` what they come to."""
    if field == "authn":
        return bool(segment.authn.accept)
    if field == "limits":
        return bool(segment.limits)
    if field == "owner":
        return bool(segment.owner)
    return layers_of(bench.desk, written).owner(field) is not None


LOOKS: tuple[Look, ...] = (
    Look(ids=("GRD001", "GRD002", "SEG005"), at=prove, blocks=True),
    Look(ids=("GRD003",), at=meet),
    Look(ids=("MOD002",), at=rely),
)
