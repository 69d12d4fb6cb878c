"""Routes: as written to as used; each is reachable, none competes with another, none is weaker than its segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parclose.policy.alerts import SegmentAudit
from parclose.policy.collect_routes import Keyed, beside
from parclose.policy.compile_audit import compile_segment_audit
from parclose.policy.compile_gates import compile_authn, compile_network, loosened_authn, loosened_network
from parclose.policy.compile_limits import check_cost, check_key, compile_limit
from parclose.policy.desk import Desk
from parclose.policy.methods import READ
from parclose.policy.nodes import Text
from parclose.policy.paths import covers, meets
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_segment import NeedSpec, RolesSpec, RouteSpec, ScopesSpec
from parclose.policy.segment import Authn, Limit, Need, Network, Route, Surface

_IDENTITY = ("identity.subject", "identity.tenant", "identity.client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a segment hands down to its routes."""

    name: str
    surface: Surface
    network: Network
    authn: Authn
    network_sections: tuple[Written, ...]
    authn_sections: tuple[Written, ...]
    scopes: tuple[Need | None, Need | None]
    roles: Need | None
    limits: Mapping[str, Limit]
    audit: SegmentAudit
    audit_sections: tuple[Written, ...]
    clients: frozenset[str]
    log_only: frozenset[str] = frozenset()


def compile_route(desk: Desk, frame: Frame, keyed: Keyed) -> Route:
    """Return one route with everything that it inherits worked in."""
    spec, key = keyed.spec, keyed.key
    access = _access(desk, frame, keyed)
    network, authn = _gates(desk, frame, keyed)
    limits = tuple(
        made
        for name, limit in (spec.limits or {}).items()
        if limit is not None and (made := compile_limit(desk, name, limit, f"{frame.name}/{key}")) is not None
    )
    cost = spec.cost or 1
    for name, limit in (spec.limits or {}).items():
        made = next((each for each in limits if limit is not None and each.name in {name, limit.shared}), None)
        if made is not None:
            callers = frame.clients - {"anonymous"} if access == "caller" else frame.clients
            check_key(desk, made, callers, name.mark, (authn,) if access == "caller" else ())
            check_cost(desk, made, [(cost, str(key))], name.mark)
    _reachable(desk, frame, keyed)
    return Route(
        key=str(key),
        methods=keyed.methods,
        path=keyed.path,
        access=access,
        scopes=_scopes(desk, frame, keyed) if access == "caller" else None,
        roles=_roles(desk, frame, spec) if access == "caller" else None,
        bind=_bind(desk, frame, keyed),
        cost=cost,
        limits=(*_inherited(frame, spec), *limits),
        audit=frame.audit if spec.audit is None else compile_segment_audit(desk, (spec.audit, *frame.audit_sections)),
        network=network,
        authn=authn,
        mode=keyed.mode,
        log_only=frame.log_only if spec.log_only is None else frozenset(spec.log_only),
        about=str(spec.about or ""),
        where=where(key.mark),
        where_needs=where(spec.mark),
    )


def _inherited(frame: Frame, spec: RouteSpec) -> tuple[Limit, ...]:
    """Return the segment's limits that hold for a route: all but those whose name it writes, null included."""
    if spec.has("limits") and spec.limits is None:
        return ()
    return tuple(limit for name, limit in frame.limits.items() if name not in (spec.limits or {}))


def _access(desk: Desk, frame: Frame, keyed: Keyed) -> str:
    spec = keyed.spec
    words = [
        w
        for w, on in (("public", spec.public or spec.brief == "public"), ("open", spec.open or spec.brief == "open"))
        if on
    ]
    if not words:
        return "caller"
    if len(words) == 2 or spec.scopes is not None or spec.roles is not None:
        desk.report("TYP003", spec.mark, f"a `{words[0]}` route cannot also ask for something", fix="keep one of both")
    # A shared route set may serve a segment for visitors and one for customers: only a route of its own is a slip.
    if keyed.own and "anonymous" not in frame.clients:
        desk.report(
            "SEG009", keyed.key.mark, f"`{keyed.key}` is {words[0]}, but `{frame.name}` takes no anonymous",
            fix="add `anonymous` to `match.clients`, or ask for a scope", text=keyed.key,
        )  # fmt: skip
    return words[0]


def need(desk: Desk, spec: NeedSpec | RolesSpec, *, roles: bool = False) -> Need | None:
    """Return a requirement over scopes or roles; None where it says `none`."""
    one = getattr(spec, "one", None)
    if one == "none":
        return None
    pool, what, id_ = (desk.roles, "role", "REF001") if roles else (desk.scopes, "scope", "REF003")
    section = "roles" if roles else "scopes"
    names = [[one] if one else list(spec.all or ()), list(spec.any or ())]
    if not names[0] and not names[1]:
        desk.report("TYP003", spec.mark, f"no {what} is named", fix="write `{any: [...]}` or `{all: [...]}`")
    known = [[str(n) for n in group if desk.knows(n, pool, what, id=id_, section=section)] for group in names]
    return Need(all=tuple(known[0]), any=tuple(known[1]))


def group_needs(desk: Desk, sections: tuple[Written, ...]) -> tuple[Need | None, Need | None]:
    """Return the default requirements for reading and writing."""
    found: list[Need | None] = []
    for key in ("read", "write"):
        owner = next((section for section in sections if section.has(key)), None)
        spec = getattr(owner, key) if isinstance(owner, ScopesSpec) else None
        found.append(need(desk, spec) if spec is not None else None)
    return found[0], found[1]


def _scopes(desk: Desk, frame: Frame, keyed: Keyed) -> Need | None:
    spec = keyed.spec
    if spec.brief is not None:
        if spec.brief == "authenticated":
            return None
        if not desk.knows(spec.brief, desk.scopes, "scope", id="REF003", section="scopes"):
            return None
        return Need(all=(str(spec.brief),))
    if spec.scopes is not None:
        return need(desk, spec.scopes)
    read, write = frame.scopes
    methods = keyed.methods.methods
    if methods <= READ:
        return read
    if not methods & READ or read is None or write is None or read == write:
        return write if not methods & READ else write or read
    if read.any and write.any:
        desk.report(
            "TYP003", keyed.key.mark, f"`{keyed.key}` reads and writes, and both ask for one of several scopes",
            fix="split the route into `read` and `write`, or write its scopes", text=keyed.key,
        )  # fmt: skip
    return Need(all=tuple(dict.fromkeys((*read.all, *write.all))), any=read.any or write.any)


def _roles(desk: Desk, frame: Frame, spec: RouteSpec) -> Need | None:
    if spec.roles is not None:
        return need(desk, spec.roles, roles=True)
    return None if spec.has("roles") else frame.roles


def _bind(desk: Desk, frame: Frame, keyed: Keyed) -> tuple[tuple[str, str], ...]:
    found = []
    for name, source in (keyed.spec.bind or {}).items():
        if name not in keyed.path.names:
            desk.knows(name, keyed.path.names, f"parameter of `{keyed.path}`:", id="RTE007")
            continue
        attribute = source.removeprefix("attribute.")
        if source.startswith("attribute.") and attribute not in desk.attributes:
            desk.report(
                "RTE007",
                source.mark,
                f"unknown attribute `{attribute}`",
                fix="define it under `attributes`",
                text=source,
            )
        elif not source.startswith("attribute.") and not desk.knows(source, _IDENTITY, "source", id="RTE007"):
            continue
        elif source == "identity.tenant" and not _has_tenant(desk, frame):
            desk.report(
                "RTE007", source.mark, "no issuer or key of this segment can supply a tenant", text=source,
                fix="map one in the issuer: `claims: {tenant: org_id}`",
            )  # fmt: skip
        found.append((str(name), str(source)))
    return tuple(found)


def _has_tenant(desk: Desk, frame: Frame) -> bool:
    kinds = {kind for way in frame.authn.accept for kind in way}
    issuers = [desk.issuers[n] for n in frame.authn.issuers or desk.issuers if n in desk.issuers]
    stores = [desk.key_stores[n] for n in frame.authn.key_stores or desk.key_stores if n in desk.key_stores]
    by_token = "token" in kinds and any(issuer.claims.tenant for issuer in issuers)
    return by_token or ("api_key" in kinds and any(r.tenant for store in stores for r in store.records.values()))


def _gates(desk: Desk, frame: Frame, keyed: Keyed) -> tuple[Network, Authn]:
    spec = keyed.spec
    network, authn = frame.network, frame.authn
    if spec.network is not None:
        if spec.network.has("passthrough"):
            desk.report(
                "TYP003", spec.network.at("passthrough"), text="passthrough",
                message="`passthrough` is for a whole segment: TLS is left unopened before any path is seen",
                fix="move it to the segment's `network`",
            )  # fmt: skip
        network = compile_network(desk, (spec.network, *frame.network_sections))
        _tighter(desk, spec.network, "network", loosened_network(desk, frame.network, network), keyed.key)
    if spec.authn is not None:
        authn = compile_authn(desk, (spec.authn, *frame.authn_sections), frame.authn)
        _tighter(desk, spec.authn, "authn", loosened_authn(frame.authn, authn), keyed.key)
    for key in ("network", "authn"):
        if spec.has(key) and getattr(spec, key) is None:
            _tighter(desk, spec, key, key, keyed.key)
    return network, authn


def _tighter(desk: Desk, spec: Written, section: str, key: str, route: Text) -> None:
    if key:
        desk.report(
            "RTE006", spec.at(key), f"`{route}` loosens `{section}` of its segment",
            fix=f"a route may only tighten: narrow `{key}`, or change the segment", bad="E",
            text=key if spec.has(key) else "",
        )  # fmt: skip


def _reachable(desk: Desk, frame: Frame, keyed: Keyed) -> None:
    surface = frame.surface
    methods = surface.methods
    if any(meets(path, keyed.path) for path in surface.paths) and (
        methods is None or methods.methods & keyed.methods.methods
    ):
        return
    listed = ", ".join(f"`{path}`" for path in surface.paths)
    desk.report(
        "RTE002", keyed.key.mark, f"`{keyed.key}` is outside the surface of segment `{frame.name}`", text=keyed.key,
        fix=f"the segment takes {listed}: widen `match`, or move the route",
    )  # fmt: skip


def check_weaker(desk: Desk, routes: list[tuple[Keyed, Route]]) -> None:
    """Report routes that ask less of network or credential than a wider route above them (RTE006)."""
    for wide, above in routes:
        if wide.spec.network is None and wide.spec.authn is None:
            continue
        for narrow, below in routes:
            if (
                narrow is wide
                or not below.methods.methods <= above.methods.methods
                or not covers(above.path, below.path)
            ):
                continue
            key = loosened_network(desk, above.network, below.network) or loosened_authn(above.authn, below.authn)
            if key:
                desk.report(
                    "RTE006", narrow.key.mark, f"`{narrow.key}` is weaker in `{key}` than `{wide.key}` above it",
                    fix=f"write the same `{key}` here", text=narrow.key, bad="W" if beside(wide, narrow) else "E",
                )  # fmt: skip
