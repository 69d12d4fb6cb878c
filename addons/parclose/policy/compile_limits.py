"""Rate limits: as written to as used; every key can be told, and every route can pass."""

from __future__ import annotations

from collections.abc import Iterable

from parclose.policy.desk import Desk
from parclose.policy.identity import Recogniser
from parclose.policy.nodes import Mark, Text
from parclose.policy.schema_base import where
from parclose.policy.schema_segment import LimitSpec, WhenSpec
from parclose.policy.segment import Limit, When

_PARTS = ("client", "subject", "tenant", "ip", "route", "segment")
_ALWAYS = frozenset({"ip", "route", "segment"})


def compile_shared(desk: Desk) -> None:
    """Read the shared limits: one bucket even where several segments use it."""
    for name, spec in desk.spec.limits.items():
        if spec.shared is not None:
            desk.report(
                "TYP002", spec.shared.mark, "a shared limit is written out", fix="write `{key: ..., rate: ...}`"
            )
            continue
        made = _limit(desk, name, spec, f"shared/{name}")
        if made is not None:
            desk.limits[str(name)] = made


def compile_limit(desk: Desk, name: Text, spec: LimitSpec, owner: str) -> Limit | None:
    """Return a limit of a segment or route, `owner`, or the shared one it names."""
    if spec.shared is not None:
        if not desk.knows(spec.shared, desk.spec.limits, "shared limit", section="limits"):
            return None
        return desk.limits.get(spec.shared)
    return _limit(desk, name, spec, f"{owner}/{name}")


def _limit(desk: Desk, name: Text, spec: LimitSpec, limit_id: str) -> Limit | None:
    key = _key(desk, spec)
    if spec.rate is None:
        if not any(spec.has(later) for later in spec.later):
            desk.report("TYP003", name.mark, f"limit `{name}` has no rate", fix="add `rate: 10/s`", text=name)
        return None
    if not key:
        return None
    burst = spec.burst or spec.rate.count
    return Limit(
        id=limit_id,
        name=str(name),
        key=key,
        count=spec.rate.count,
        period_ns=spec.rate.period_ns,
        burst=burst,
        when=_when(desk, spec.when) if spec.when else None,
        counts_all=spec.count == "all",
        where=where(name.mark),
        shape=f"{spec.rate.count}/{spec.rate.period_s}s burst {burst} by {spec.key}",
    )


def _key(desk: Desk, spec: LimitSpec) -> tuple[tuple[str, ...], ...]:
    if spec.key is None:
        desk.report("TYP003", spec.mark, "a limit without key", fix="add `key: subject|ip`")
        return ()
    found = tuple(tuple(part.strip() for part in way.split("+")) for way in spec.key.split("|"))
    for part in (part for way in found for part in way):
        if part.startswith("attribute."):
            if part.removeprefix("attribute.") not in desk.attributes:
                desk.report(
                    "REF001", spec.key.mark, f"unknown attribute in key `{part}`", fix="define it", text=spec.key
                )
                return ()
        elif part not in _PARTS:
            listed = ", ".join(f"`{known}`" for known in (*_PARTS, "attribute.x"))
            desk.report(
                "TYP002", spec.key.mark, f"`{part}` is no key of a limit", text=spec.key,
                fix=f"write one of {listed}; `+` joins, `|` is the first available",
            )  # fmt: skip
            return ()
    return found


def _when(desk: Desk, spec: WhenSpec) -> When:
    hints = []
    for name in spec.hint or ():
        if name in desk.clients.names:
            desk.report(
                "CLI001",
                name.mark,
                f"`{name}` is a client type, not a hint",
                fix="name a client written as `{hint: ...}`",
                text=name,
            )
        elif desk.knows(name, desk.clients.hints, "hint", section="clients"):
            hints.append(str(name))
    return When(methods=spec.methods, authenticated=spec.authenticated, hint=tuple(hints))


def check_key(desk: Desk, limit: Limit, clients: Iterable[str], mark: Mark) -> None:
    """Report a key that some caller may lack, where no alternative is always there (LIM001)."""
    callers = [
        client
        for client in sorted(clients)
        if not (client == "anonymous" and limit.when is not None and limit.when.authenticated)
    ]
    lacking: dict[str, str] = {}
    for way in limit.key:
        missing = next(((part, c) for part in way for c in callers if not _has(desk, c, part)), None)
        if missing is None:
            return
        lacking.setdefault(*missing)
    part, client = next(iter(lacking.items()))
    written = "|".join("+".join(way) for way in limit.key)
    fix = f"write `key: {written}|ip`"
    if client != "anonymous" and part in {"client", "subject", "tenant"}:
        fix += f", or `require: [{part}]` in the issuer"
    desk.report(
        "LIM001", mark, f"limit `{limit.name}`: callers of client type `{client}` may have no `{part}`", fix=fix
    )


def _has(desk: Desk, client: str, part: str) -> bool:
    if part in _ALWAYS:
        return True
    if part.startswith("attribute."):
        attribute = desk.attributes.get(part.removeprefix("attribute."))
        return attribute is not None and attribute.default is not None
    if client == "anonymous":
        return False
    ways = [item for item in desk.clients.recognisers if item.client_type == client]
    if client == "unrecognized":
        ways = [Recogniser(client_type=client, issuer=name) for name in desk.issuers]
        ways += [Recogniser(client_type=client, store=name) for name in desk.key_stores]
    return all(_proves(desk, way, part) for way in ways)


def _proves(desk: Desk, way: Recogniser, part: str) -> bool:
    if way.issuer:
        issuer = desk.issuers.get(way.issuer)
        if issuer is None or part in issuer.require or (part == "client" and (way.exact or way.prefixes)):
            return True
    if way.store:
        store = desk.key_stores.get(way.store)
        records = [r for r in store.records.values() if not way.ids or r.id in way.ids] if store else []
        return part in {"subject", "client"} or all(record.tenant for record in records)
    return False


def check_cost(desk: Desk, limit: Limit, costs: Iterable[tuple[int, str]], mark: Mark) -> None:
    """Report a burst smaller than the dearest route's cost, which could never pass (LIM002)."""
    dearest, key = max(costs, default=(0, ""))
    if dearest > limit.burst:
        desk.report(
            "LIM002", mark, f"limit `{limit.name}`: burst {limit.burst}, but `{key}` costs {dearest}: never passes",
            fix=f"write `burst: {dearest}` or more, or a lower cost",
        )  # fmt: skip
