"""Guardrails: as written to as used, each name known, and each saying one thing."""

from __future__ import annotations

from collections.abc import Iterable

from parclose.policy.compile_network import geo_sets
from parclose.policy.desk import Desk
from parclose.policy.guardrails import Guardrail
from parclose.policy.implied import ANONYMOUS, Unless
from parclose.policy.nodes import Text
from parclose.policy.schema_base import where
from parclose.policy.schema_guardrail import GuardNeedSpec, GuardrailSpec, SetFieldsSpec, UnlessSpec
from parclose.policy.segment import Need

FIELDS = tuple(SetFieldsSpec.model_fields)


def compile_guardrails(desk: Desk) -> tuple[Guardrail, ...]:
    """Read all guardrails; those about what no segment could satisfy are refused."""
    found: dict[str, Guardrail] = {}
    for spec in desk.spec.guardrails:
        if spec.id in found:
            desk.report(
                "TYP003", spec.id.mark, f"guardrail `{spec.id}` is there twice", fix="give one of them another id",
                text=spec.id,
            )  # fmt: skip
        found[str(spec.id)] = _guardrail(desk, spec)
    return tuple(found.values())


def _guardrail(desk: Desk, spec: GuardrailSpec) -> Guardrail:
    """Read one guardrail; one that says nothing, or two things at once, is refused."""
    if (spec.never is None) == (spec.require is None):
        what = "neither `never` nor" if spec.never is None else "both `never` and"
        desk.report(
            "TYP003", spec.mark, f"guardrail `{spec.id}` has {what} `require`",
            fix='write `never: "any https://host/**"` with `unless`, or `require: {segments: {limits: set}}`',
        )  # fmt: skip
    elif spec.unless is not None and spec.never is None:
        desk.report("TYP003", spec.at("unless"), "`unless` belongs to `never`", fix="remove it", text="unless")
    fields = spec.require.segments if spec.require is not None else None
    if fields is not None and not any(fields.has(name) for name in FIELDS):
        desk.report("TYP003", fields.mark, "`require` names no field", fix="write `{segments: {limits: set}}`")
    return Guardrail(
        id=str(spec.id),
        never=spec.never,
        unless=_unless(desk, spec.unless) if spec.unless is not None else Unless(),
        require=tuple(name for name in FIELDS if fields is not None and getattr(fields, name) is not None),
        only_in=frozenset(
            str(name)
            for name in spec.only_in or ()
            if desk.knows(name, desk.spec.segments, "segment", section="segments")
        ),
        where=where(spec.id.mark),
    )


def _unless(desk: Desk, spec: UnlessSpec) -> Unless:
    """Read what makes a request right; an empty list would want what nobody has, and is a slip."""
    for key in ("zones", "clients", "geo"):
        if getattr(spec, key) == []:
            desk.report("TYP002", spec.at(key), f"`{key}` is empty: nobody could meet it", fix="remove it, or name one")
    return Unless(
        zones=desk.zone_mask(spec.zones) if spec.zones is not None else None,
        zone_names=tuple(map(str, spec.zones or ())),
        roles=_need(desk, spec.roles, roles=True) if spec.roles is not None else None,
        scopes=_need(desk, spec.scopes, roles=False) if spec.scopes is not None else None,
        clients=_clients(desk, spec.clients) if spec.clients is not None else None,
        geo=geo_sets(desk, spec.geo),
    )


def _need(desk: Desk, spec: GuardNeedSpec, *, roles: bool) -> Need:
    """Read roles or scopes; a bare list means one of them, as everywhere inside a facet."""
    pool, what, id_ = (desk.roles, "role", "REF001") if roles else (desk.scopes, "scope", "REF003")
    if not (spec.brief or spec.any or spec.all):
        desk.report("TYP003", spec.mark, f"no {what} is named", fix="write `[name]`, `{any: [...]}` or `{all: [...]}`")

    def known(names: Iterable[Text]) -> tuple[str, ...]:
        return tuple(str(name) for name in names if desk.knows(name, pool, what, id=id_, section=f"{what}s"))

    return Need(all=known(spec.all or ()), any=known((*(spec.brief or ()), *(spec.any or ()))))


def _clients(desk: Desk, names: Iterable[Text]) -> frozenset[str]:
    """Read client types; `any` is all that have a name."""
    found: set[str] = set()
    for name in names:
        if name == "any":
            found |= desk.clients.names
        elif desk.knows(
            name, (*desk.clients.names, ANONYMOUS, "unrecognized", "any"), "client type", section="clients"
        ):
            found.add(str(name))
    return frozenset(found)
