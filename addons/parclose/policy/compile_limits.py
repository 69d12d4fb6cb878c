"""Rates, quotas, slots: as written to as used; every key can be told, and every route can pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from parclose.policy.certificates import CertificateMatch
from parclose.policy.compile_forward import secret
from parclose.policy.desk import Desk
from parclose.policy.identity import Recogniser
from parclose.policy.inherit import pick
from parclose.policy.limiter import Limiter
from parclose.policy.nodes import Mark, Text
from parclose.policy.quotas import NOMINAL_S
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_segment import LimitSpec, WhenSpec
from parclose.policy.segment import Authn, Limit, When

_PARTS = ("client", "subject", "tenant", "ip", "route", "segment")
_ALWAYS = frozenset({"ip", "route", "segment"})
_KINDS = ("rate", "quota", "concurrent")
_OF_ONE_KIND = (
    ("burst", "rate", "all that is left may be spent at once"),
    ("tz", "quota", "only a calendar has a time zone"),
)


def compile_shared(desk: Desk) -> None:
    """Read the shared limits: one bucket even where several segments use it."""
    for name, spec in desk.spec.limits.items():
        if spec.shared is not None:
            desk.report(
                "TYP002",
                spec.shared.mark,
                "a shared limit is written out",
                fix="write `{key: ..., rate: ...}`",
                text=spec.shared,
            )
            continue
        made = _limit(desk, name, spec, f"shared/{name}")
        if made is not None:
            desk.limits[str(name)] = made


def compile_limiter(desk: Desk, sections: Sequence[Written]) -> Limiter:
    """Return where counters live as `sections`, the strongest first, say."""

    def value(key: str, otherwise: object) -> Any:
        owner = pick(sections, key)
        return getattr(owner, key) if owner else otherwise

    store, redis = value("store", None), None
    if store is not None and store.brief is None:
        if store.redis is None:
            desk.report("TYP003", store.mark, "a store is `memory` or a Redis", fix="write `{redis: {env: REDIS_URL}}`")
        else:
            redis = secret(desk, store.redis)
            desk.unenforced(store.mark, "`limiter.store: redis`")
    base = Limiter()
    return Limiter(
        redis=redis,
        deadline_s=value("deadline", base.deadline_s),
        prefix=str(value("prefix", base.prefix)),
        lease=value("lease", base.lease),
        on_error=value("on_error", base.on_error),
    )


def compile_limit(desk: Desk, name: Text, spec: LimitSpec, owner: str) -> Limit | None:
    """Return a limit of a segment or route, `owner`, or the shared one it names."""
    if spec.shared is not None:
        if not desk.knows(spec.shared, desk.spec.limits, "shared limit", section="limits"):
            return None
        return desk.limits.get(spec.shared)
    return _limit(desk, name, spec, f"{owner}/{name}")


def _limit(desk: Desk, name: Text, spec: LimitSpec, limit_id: str) -> Limit | None:
    key, kind = _key(desk, spec), _kind(desk, name, spec)
    if not key or not kind:
        return None
    made = Limit(
        id=limit_id,
        name=str(name),
        key=key,
        count=spec.concurrent or 1,
        period_ns=0,
        burst=spec.concurrent or 1,
        kind=kind,
        when=_when(desk, spec.when) if spec.when else None,
        counts_all=spec.count == "all",
        where=where(name.mark),
        shape=f"{spec.concurrent} at once by {spec.key}",
    )
    if spec.rate is not None:
        rate, burst = spec.rate, spec.burst or spec.rate.count
        shape = f"{rate.count}/{rate.period_s}s burst {burst} by {spec.key}"
        return replace(made, count=rate.count, period_ns=rate.period_ns, burst=burst, shape=shape)
    if spec.quota is not None:
        count, unit, tz = spec.quota.count, spec.quota.unit, str(spec.tz or "UTC")
        period_ns, shape = NOMINAL_S[unit] * 1_000_000_000, f"{count}/{unit} {tz} by {spec.key}"
        return replace(made, count=count, period_ns=period_ns, burst=count, unit=unit, tz=tz, shape=shape)
    return made


def _kind(desk: Desk, name: Text, spec: LimitSpec) -> str:
    """Return the one kind that a limit is of, or "" after it was reported; and report keys of another kind."""
    kinds = [kind for kind in _KINDS if spec.has(kind)]
    if not kinds:
        desk.report(
            "TYP003", name.mark, f"limit `{name}` has no figure", text=name,
            fix="add one of `rate: 10/s`, `quota: 2000/day` and `concurrent: 20`",
        )  # fmt: skip
        return ""
    if len(kinds) > 1:
        desk.report(
            "TYP003", spec.at(kinds[1]), f"limit `{name}` is both a `{kinds[0]}` and a `{kinds[1]}`", text=kinds[1],
            fix="make it two limits: all are looked at, then all are charged, or none",
        )  # fmt: skip
        return ""
    kind = kinds[0]
    for key, owner, why in _OF_ONE_KIND:
        if spec.has(key) and kind != owner:
            desk.report(
                "TYP003", spec.at(key), f"`{key}` is for a `{owner}`, and `{name}` is a `{kind}`: {why}", text=key,
                fix=f"remove `{key}`",
            )  # fmt: skip
    if kind == "concurrent" and spec.count == "all":
        desk.report(
            "TYP003", spec.at("count"), f"`{name}` counts requests under way, and a refused one never is", text="count",
            fix="remove `count`",
        )  # fmt: skip
    return kind if getattr(spec, kind) is not None else ""


def _key(desk: Desk, spec: LimitSpec) -> tuple[tuple[str, ...], ...]:
    if spec.key is None:
        desk.report("TYP003", spec.mark, "a limit without key", fix="add `key: subject|ip`")
        return ()
    found = tuple(tuple(part.strip() for part in way.split("+")) for way in spec.key.split("|"))
    for part in (part for way in found for part in way):
        if part.startswith("attribute."):
            if part.removeprefix("attribute.") not in desk.attributes:
                desk.report(
                    "REF001",
                    spec.key.mark,
                    f"unknown attribute in key `{part}`",
                    fix="define it under `attributes`",
                    text=spec.key,
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


def check_key(desk: Desk, limit: Limit, clients: Iterable[str], mark: Mark, asked: Sequence[Authn] = ()) -> None:
    """Report a key that some caller may lack, where no alternative is always there (LIM001).

    `asked` are the proofs of which a charged caller has given one; empty where some need none.
    """
    asked = () if limit.counts_all else asked  # then who is refused is charged too
    callers = [
        client
        for client in sorted(clients)
        if not (client == "anonymous" and limit.when is not None and limit.when.authenticated)
    ]
    lacking: dict[str, str] = {}
    for way in limit.key:
        missing = next(((part, c) for part in way for c in callers if not _has(desk, c, part, asked)), None)
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


def _has(desk: Desk, client: str, part: str, asked: Sequence[Authn]) -> bool:
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
        ways += [Recogniser(client_type=client, certificate=CertificateMatch(ca=name)) for name in desk.client_cas]
    return all(_proves(desk, way, part) for way in ways if _taken(way, asked))


def _taken(way: Recogniser, asked: Sequence[Authn]) -> bool:
    """Whether a caller recognised in this way can have given a proof that was asked for."""
    if not way.issuer or not asked:
        return True
    return any(
        not rule.issuers or way.issuer in rule.issuers or any("token" not in kinds for kinds in rule.accept)
        for rule in asked
    )


def _proves(desk: Desk, way: Recogniser, part: str) -> bool:
    if way.issuer:
        issuer = desk.issuers.get(way.issuer)
        if issuer is None or part in issuer.require or (part == "client" and (way.exact or way.prefixes)):
            return True
    if way.store:
        store = desk.key_stores.get(way.store)
        records = [r for r in store.records.values() if not way.ids or r.id in way.ids] if store else []
        return part in {"subject", "client"} or all(record.tenant for record in records)
    # Beside another proof a certificate adds no identity of its own.
    return not way.issuer and way.certificate is not None and part in {"subject", "client"}


def check_cost(desk: Desk, limit: Limit, costs: Iterable[tuple[int, str]], mark: Mark) -> None:
    """Report a burst or quota smaller than the dearest route's cost, which could never pass (LIM002)."""
    dearest, key = max(costs, default=(0, ""))
    # A slot is always one, whatever the route costs.
    if limit.kind == "concurrent" or dearest <= limit.burst:
        return
    held, fix = f"burst {limit.burst}", f"burst: {dearest}"
    if limit.kind == "quota":
        held, fix = f"{limit.count} a {limit.unit}", f"quota: {dearest}/{limit.unit}"
    desk.report(
        "LIM002", mark, f"limit `{limit.name}`: {held}, but `{key}` costs {dearest}: never passes",
        fix=f"write `{fix}` or more, or a lower cost",
    )  # fmt: skip
