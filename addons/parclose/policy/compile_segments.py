"""Segments: as written to as used, with all that they inherit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from parclose.policy.collect_routes import collect, competing_kinds, normal_path
from parclose.policy.compile_audit import compile_segment_audit
from parclose.policy.compile_forward import compile_errors, compile_forward
from parclose.policy.compile_gates import compile_authn, compile_network
from parclose.policy.compile_limits import check_cost, check_key, compile_limit, compile_limiter
from parclose.policy.compile_network import geo_sets
from parclose.policy.compile_routes import Frame, check_weaker, compile_route, group_needs, need
from parclose.policy.desk import Desk
from parclose.policy.fence import owner_of
from parclose.policy.hosts import HostPattern
from parclose.policy.inherit import Layers, layers_of, pick
from parclose.policy.methods import MethodSet
from parclose.policy.nodes import Text
from parclose.policy.paths import PathPattern
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_segment import AuthnSpec, MatchSpec, SegmentSpec
from parclose.policy.segment import Audience, Authn, Limit, Route, Segment, Surface
from parclose.policy.surface import build_routes


def compile_segments(desk: Desk, realm: str) -> dict[str, Segment]:
    """Read all segments; what is `off` is read for its mistakes alone."""
    made = {str(name): _segment(desk, name, spec, realm) for name, spec in desk.spec.segments.items()}
    return {name: segment for name, segment in made.items() if segment.mode != "off"}


def _segment(desk: Desk, name: Text, spec: SegmentSpec, realm: str) -> Segment:
    layers = layers_of(desk, spec)
    paths = desk.spec.settings.paths if desk.spec.settings else None
    fold = paths is not None and paths.case == "insensitive"
    same_slash = paths is None or paths.trailing_slash == "same"
    surface = _surface(desk, spec.match, fold=fold, same_slash=same_slash)
    audience = _audience(desk, name, spec.match)
    limits = _limits(desk, name, layers)
    frame = _frame(desk, layers, surface, audience, name=str(name), limits={str(key): limit for key, limit in limits})
    routes = _routes(desk, name, layers, frame, fold=fold, same_slash=same_slash)
    _check_authn(desk, name, layers, frame.authn, routes)
    _check_limits(desk, limits, audience, routes)
    return Segment(
        name=str(name),
        surface=surface,
        audience=audience,
        # A route in shadow stands before one in force that it would compete with.
        routes=build_routes(sorted(routes, key=lambda route: route.mode != "shadow")),
        route_list=routes,
        network=frame.network,
        authn=frame.authn,
        limits=tuple(frame.limits.values()),
        wins_over=_wins_over(desk, name, layers),
        preflight=str(_value(layers, "preflight", "allow")),
        max_body_bytes=cast("int", _value(layers, "max_body", 10 * 1024 * 1024)),
        upstream=_upstream(desk, layers),
        forward=compile_forward(desk, _with_settings(desk, layers, "forward")),
        errors=compile_errors(_with_settings(desk, layers, "errors"), realm),
        audit=frame.audit,
        limiter=compile_limiter(desk, _with_settings(desk, layers, "limiter")),
        mode=str(_value(layers, "mode", "enforce")),
        log_only=frame.log_only,
        about=str(_value(layers, "about", "")),
        owner=owner_of(desk, name, cast("Text | None", _value(layers, "owner", None))),
        where=where(name.mark),
    )


def _frame(
    desk: Desk, layers: Layers, surface: Surface, audience: Audience, *, name: str, limits: dict[str, Limit]
) -> Frame:
    network_sections, authn_sections = layers.sections("network"), layers.sections("authn")
    roles = layers.owner("roles")
    return Frame(
        name=name,
        surface=surface,
        network=compile_network(desk, network_sections),
        authn=compile_authn(desk, authn_sections, _default_authn(desk, audience.clients)),
        network_sections=network_sections,
        authn_sections=authn_sections,
        scopes=group_needs(desk, layers.sections("scopes")),
        roles=need(desk, roles.roles, roles=True) if roles and roles.roles else None,
        limits=limits,
        clients=audience.clients,
        audit_sections=layers.sections("audit"),
        audit=compile_segment_audit(desk, layers.sections("audit")),
        log_only=frozenset(cast("list[str]", _value(layers, "log_only", []))),
    )


def _check_limits(desk: Desk, limits: list[tuple[Text, Limit]], audience: Audience, routes: tuple[Route, ...]) -> None:
    asked = [route.authn for route in routes] if all(route.access == "caller" for route in routes) else []
    for key, limit in limits:
        check_key(desk, limit, audience.clients, key.mark, asked)
        methods = limit.when.methods if limit.when else None
        counted = [route for route in routes if limit in route.limits]
        costs = [(r.cost, r.key) for r in counted if methods is None or methods.methods & r.methods.methods]
        check_cost(desk, limit, costs, key.mark)


def _value(layers: Layers, key: str, otherwise: object) -> object:
    owner = layers.owner(key)
    return getattr(owner, key) if owner else otherwise


def _with_settings(desk: Desk, layers: Layers, key: str) -> tuple[Written, ...]:
    """Return the mappings under `key`, that of the settings last."""
    base = getattr(desk.spec.settings, key) if desk.spec.settings else None
    return (*layers.sections(key), base) if base is not None else layers.sections(key)


def _surface(desk: Desk, match: MatchSpec | None, *, fold: bool, same_slash: bool) -> Surface:
    if match is None:
        return Surface(hosts=(HostPattern.parse("*"),), paths=(PathPattern.parse("/**"),))
    listeners = [n for n in match.listeners or () if desk.knows(n, desk.listeners, "listener")]
    for key in ("listeners", "hosts", "paths", "methods", "clients"):
        if getattr(match, key) == []:
            desk.report("TYP002", match.at(key), f"`{key}` is empty: nothing could match", fix="remove it, or name one")
    if match.env is not None:
        desk.knows(match.env, desk.envs, "env", section="settings.envs")
    paths = match.paths or [PathPattern.parse("/**")]
    methods = MethodSet.parse("|".join(each.text for each in match.methods)) if match.methods else None
    return Surface(
        listeners=tuple(map(str, listeners)),
        hosts=tuple(match.hosts or [HostPattern.parse("*")]),
        paths=tuple(normal_path(path, fold=fold, same_slash=same_slash) for path in paths),
        methods=None if methods is None or methods.is_any else methods,
        env=str(match.env or ""),
    )


def _audience(desk: Desk, name: Text, match: MatchSpec | None) -> Audience:
    if match is None:
        return Audience(clients=desk.clients.names, where=where(name.mark))
    clients = desk.clients.names if match.clients is None else _clients(desk, match.clients)
    if match.clients == []:  # reported with the surface; nothing else is to be said of it
        clients = desk.clients.names | {"anonymous"}
    attributes = [
        (str(key), frozenset(map(str, _values(desk, key, values)))) for key, values in (match.attributes or {}).items()
    ]
    roles = None
    if match.roles is not None:
        roles = frozenset(str(role) for role in match.roles if desk.knows(role, desk.roles, "role", section="roles"))
    return Audience(
        clients=clients,
        attributes=tuple(sorted((key, values) for key, values in attributes if key in desk.attributes)),
        roles=roles,
        zones=None if match.zones is None else desk.zone_mask(match.zones),
        zone_names=tuple(map(str, match.zones or ())),
        geo=geo_sets(desk, match.geo),
        where=where(match.mark),
    )


def _clients(desk: Desk, names: Sequence[Text]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        if name == "any":
            found |= desk.clients.names
        elif name in desk.clients.hints:
            desk.report(
                "CLI001", name.mark, f"`{name}` is a hint: it can tighten and label, never grant", text=name,
                fix="name a client type with a recogniser; hints belong in `limits.*.when`",
            )  # fmt: skip
        elif desk.knows(
            name, (*desk.clients.names, "anonymous", "unrecognized", "any"), "client type", section="clients"
        ):
            found.add(str(name))
    return frozenset(found)


def _values(desk: Desk, name: Text, values: Sequence[Text]) -> list[Text]:
    if not desk.knows(name, desk.attributes, "attribute", section="attributes"):
        return []
    attribute = desk.attributes[name]
    if attribute.values is None:
        desk.report(
            "TYP003", name.mark, f"attribute `{name}` has no `values`, so that segments cannot be told apart by it",
            fix="add `values: [...]` to the attribute", text=name,
        )  # fmt: skip
        return list(values)
    known = attribute.values | ({"other"} if attribute.on_unknown == "other" else frozenset())
    return [value for value in values if desk.knows(value, known, f"value of `{name}`:")]


def _default_authn(desk: Desk, clients: frozenset[str]) -> Authn:
    """Return what is accepted where nothing is written: what the recognisers of the client types name."""
    ways: dict[frozenset[str], None] = {}
    issuers: set[str] = set()
    stores: set[str] = set()
    for item in desk.clients.recognisers:
        if item.client_type in clients:
            used = (("token", item.issuer), ("api_key", item.store), ("mtls", item.certificate))
            ways[frozenset(kind for kind, there in used if there)] = None
            issuers |= {item.issuer} - {""}
            stores |= {item.store} - {""}
    if "unrecognized" in clients:
        ways |= {frozenset({"token"}): None} if desk.spec.issuers else {}
        ways |= {frozenset({"api_key"}): None} if desk.spec.api_keys else {}
        ways |= {frozenset({"mtls"}): None} if desk.spec.client_cas else {}
        issuers, stores = set(), set()
    order = sorted(ways, key=lambda way: (len(way), sorted(way, reverse=True)), reverse=False)
    return Authn(accept=tuple(order), issuers=frozenset(issuers), key_stores=frozenset(stores))


def _check_authn(desk: Desk, name: Text, layers: Layers, authn: Authn, routes: tuple[Route, ...]) -> None:
    section = cast("AuthnSpec | None", pick(layers.sections("authn"), "accept"))
    if authn.accept or (section is not None and section.accept):
        return
    closed = next((route for route in routes if route.access == "caller"), None)
    # Where a name is unknown or stands for nothing, that is missing here too: one mistake, not two.
    unresolved = any(finding.id in {"REF001", "TYP003", "AUT008"} for finding in desk.source.findings)
    if closed is not None and not unresolved:
        desk.report(
            "SEG004", name.mark, f"segment `{name}` accepts no credential, but `{closed.key}` needs one", text=name,
            fix="name client types that have recognisers in `match.clients`, or make every route public",
        )  # fmt: skip


def _limits(desk: Desk, name: Text, layers: Layers) -> list[tuple[Text, Limit]]:
    found = []
    for key, spec in layers.limits().values():
        made = compile_limit(desk, key, spec, str(name))
        if made is not None:
            found.append((key, made))
    return found


def _routes(
    desk: Desk, name: Text, layers: Layers, frame: Frame, *, fold: bool, same_slash: bool
) -> tuple[Route, ...]:  # fmt: skip
    known = len(desk.source.findings)
    keyed = collect(desk, layers, fold=fold, same_slash=same_slash)
    written = bool(keyed)
    keyed = [each for each in keyed if each.mode != "off"]
    competing_kinds(desk, keyed)
    if not written and len(desk.source.findings) == known:
        desk.report(
            "TYP003",
            name.mark,
            f"segment `{name}` has no route",
            fix='add `routes: {"GET /**": authenticated}`',
            text=name,
        )
    routes = [(each, compile_route(desk, frame, each)) for each in keyed]
    check_weaker(desk, routes)
    return tuple(route for _, route in routes)


def _wins_over(desk: Desk, name: Text, layers: Layers) -> tuple[str, ...]:
    owner = layers.owner("wins_over")
    found = []
    for other in (owner.wins_over or ()) if owner else ():
        if other == name:
            desk.report("REF004", other.mark, f"segment `{name}` wins over itself", fix="remove it", text=other)
        elif desk.knows(other, desk.spec.segments, "segment", section="segments"):
            found.append(str(other))
    return tuple(found)


def _upstream(desk: Desk, layers: Layers) -> str:
    owner = layers.owner("upstream")
    if owner is None or owner.upstream is None:
        return ""
    known = desk.knows(owner.upstream, desk.spec.upstreams, "upstream", section="upstreams")
    return str(owner.upstream) if known else ""
