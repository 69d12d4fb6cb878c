"""Zones, countries, listeners and whose address counts: as written to as used."""

from __future__ import annotations

from parclose.policy.desk import Desk, cycles
from parclose.policy.errors import ScalarError
from parclose.policy.model import Admission, ClientIp, Geo, Listener
from parclose.policy.nodes import Mark, Text
from parclose.policy.scalars import country, prefix
from parclose.policy.schema import ZoneEntrySpec, ZoneSpec
from parclose.policy.schema_base import where
from parclose.policy.schema_settings import AdmissionSpec, ClientIpSpec
from parclose.policy.segment import GeoSet, Limit
from parclose.policy.zones import BUILT_IN, Entry, Zone, build_zones


def compile_zones(desk: Desk) -> None:
    """Read all zones and their files, and build the one index."""
    written = {}
    for name, spec in desk.spec.zones.items():
        if name in BUILT_IN:
            desk.report("TYP002", name.mark, f"zone `{name}` is built in", fix="choose another name", text=name)
            continue
        written[name] = spec
    known = (*written, *BUILT_IN)
    zones = {}
    for name, spec in written.items():
        union = tuple(n for n in spec.union or () if desk.knows(n, known, "zone", section="zones"))
        without = tuple(n for n in spec.without or () if desk.knows(n, known, "zone", section="zones"))
        zones[name] = Zone(name=name, entries=_entries(desk, spec), union=union, without=without)
    rings = cycles({name: (*zone.union, *zone.without) for name, zone in zones.items()})
    for ring in rings:
        at = next(name for name in written if name == ring[0])
        desk.report(
            "REF004", at.mark, f"zone {' -> '.join(f'`{name}`' for name in (*ring, ring[0]))} goes round in a circle",
            fix="leave one of them out", text=at,
        )  # fmt: skip
    desk.zones = build_zones(() if rings else zones.values())
    if rings:  # names stay known, so that nothing else is reported for them
        desk.zones = build_zones(Zone(name=name) for name in zones)


def _entries(desk: Desk, spec: ZoneSpec) -> tuple[Entry, ...]:
    found: list[Entry] = []
    known = len(desk.source.findings)
    for entry in (*(spec.entries or ()), *(spec.cidrs or ())):
        found.extend(_entry(desk, entry))
    for file in spec.files or ():
        found.extend(_from_file(desk, file))
    if not (found or spec.union or len(desk.source.findings) > known):
        desk.report("TYP003", spec.mark, "a zone without addresses", fix="write prefixes, `files` or `union`")
    return tuple(found)


def _entry(desk: Desk, entry: ZoneEntrySpec) -> list[Entry]:
    found = entry.brief or entry.cidr
    if found is None:
        desk.report("TYP003", entry.mark, "`cidr` is missing", fix="add `cidr: 10.0.0.0/8`")
        return []
    return [Entry(prefix=found, until=entry.until)]


def _from_file(desk: Desk, file: Text) -> list[Entry]:
    content = desk.source.fetch(file)
    if content is None:
        return []
    name = str(file)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        desk.report("REF005", file.mark, f"file `{name}` is not UTF-8", fix="save it as UTF-8", text=file)
        return []
    desk.source.texts[name] = lines
    found, known = [], len(desk.source.findings)
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            found.append(Entry(prefix=prefix(text)))
        except ScalarError as error:
            id_ = "NET006" if error.id == "NET006" else "REF005"
            mark = Mark(name, number, line.index(text) + 1)
            desk.report(id_, mark, error.message, fix=error.fix, text=text, meant=error.meant)
    if not found and len(desk.source.findings) == known:
        # An empty list of refused addresses refuses nobody: that is never what its author wants.
        desk.report("REF005", file.mark, f"file `{name}` holds no prefix", fix="write one prefix a line", text=file)
    return found


def compile_geo(desk: Desk) -> Geo | None:
    """Read the named sets of countries; the databases stay files that the driver opens."""
    spec = desk.spec.geo
    if spec is None:
        return None
    for name, written in (spec.sets or {}).items():
        countries = frozenset(written.brief or written.countries or ())
        asn = frozenset(written.asn or ())
        if not countries and not asn:
            desk.report("TYP003", written.mark, f"geo set `{name}` is empty", fix="write country codes", text=name)
        desk.geo_sets[name] = GeoSet(
            name=name, countries=countries, asn=asn, legal=written.legal, link=written.link or ""
        )
    country_db = desk.source.resolve(spec.country_db, absolute=True) if spec.country_db else ""
    asn_db = desk.source.resolve(spec.asn_db, absolute=True) if spec.asn_db else ""
    desk.country_db, desk.asn_db = country_db or "", asn_db or ""
    return Geo(country_db=desk.country_db, asn_db=desk.asn_db, max_age_s=spec.max_age, on_unknown=spec.on_unknown)


def geo_sets(desk: Desk, names: list[Text] | None) -> tuple[GeoSet, ...] | None:
    """Return the sets that a rule names, a country code being its own; reports unknown ones and missing databases."""
    if names is None:
        return None
    found = []
    for name in names:
        known = desk.geo_sets.get(name)
        if known is None and (len(name) == 2 or name.isupper()):
            try:
                from_code = GeoSet(name=str(name), countries=frozenset({country(name)}))
            except ScalarError as error:
                desk.report(error.id, name.mark, error.message, fix=error.fix, text=name, meant=error.meant)
                continue
            known = from_code
        if known is None:
            desk.knows(name, desk.geo_sets, "geo set", section="geo.sets")
            continue
        for needed, database, key in (
            (known.countries, desk.country_db, "country_db"), (known.asn, desk.asn_db, "asn_db"),
        ):  # fmt: skip
            if needed and not database:
                desk.report(
                    "GEO001", name.mark, f"`{name}` needs a database, and `geo.{key}` is not set",
                    fix=f"add `geo: {{{key}: path.mmdb}}`", text=name,
                )  # fmt: skip
        found.append(known)
    return tuple(found)


def compile_listeners(desk: Desk) -> tuple[Listener, ...]:
    """Return the listeners; with none written, `reverse` and `forward` stand for all modes of their kind."""
    settings = desk.spec.settings
    base = compile_client_ip(desk, settings.client_ip if settings else None)
    if settings is None or not settings.listeners:
        made = tuple(Listener(name=kind, kind=kind, client_ip=base) for kind in ("reverse", "forward"))
    else:
        made = tuple(
            Listener(
                name=str(name),
                kind=spec.kind,
                port=spec.port,
                client_ip=base if spec.client_ip is None else compile_client_ip(desk, spec.client_ip),
                client_cert=spec.client_cert or "",
            )
            for name, spec in settings.listeners.items()
        )
        for name, spec in settings.listeners.items():
            bound = any(issuer.sender_constrained in {"mtls", "either"} for issuer in desk.spec.issuers.values())
            if spec.client_cert == "request" and bound:
                continue  # to whom a certificate belongs does not matter for what is bound to it
            if spec.client_cert not in {None, "off"} and not desk.spec.client_cas:
                desk.report(
                    "AUT008", spec.value_at("client_cert"),
                    f"listener `{name}` asks for certificates, and there is no CA to verify one against",
                    fix="add it under `client_cas`", text=str(spec.client_cert),
                )  # fmt: skip
        _same_ports(desk)
    desk.listeners = {listener.name: listener.kind for listener in made}
    return made


def _same_ports(desk: Desk) -> None:
    ports: dict[int, Text] = {}
    settings = desk.spec.settings
    for name, spec in (settings.listeners or {}).items() if settings else ():
        first = ports.setdefault(spec.port, name)
        if first is not name:
            desk.report(
                "TYP003", spec.value_at("port"), f"listeners `{first}` and `{name}` have one port",
                fix="give each its own", text=str(spec.port),
            )  # fmt: skip


def compile_client_ip(desk: Desk, spec: ClientIpSpec | None) -> ClientIp:
    """Return whose address counts; a header without trusted proxies, or with everybody trusted, is refused."""
    if spec is None:
        return ClientIp()
    names = spec.trusted_proxies or []
    trusted = desk.zone_mask(names)
    if spec.source != "peer" and not names:
        desk.report(
            "NET008", spec.value_at("from"), f"`{spec.source}` is believed from anybody",
            fix="name the zones of your proxies: `trusted_proxies: [load-balancers]`", text=spec.source,
        )  # fmt: skip
    if trusted and desk.zones.is_all(trusted):
        at = next((name for name in names if desk.zones.is_all(_mask(desk, name))), names[0])
        desk.report(
            "NET001", at.mark, "every address is a trusted proxy, so that any caller can claim any address",
            fix="name only the prefixes of your own proxies", text=at, bad="E",
        )  # fmt: skip
    return ClientIp(source=spec.source, trusted=trusted)


def _mask(desk: Desk, name: Text) -> int:
    return desk.zones.mask_of([name]) if name in desk.zones.zones else 0


def compile_admission(desk: Desk, spec: AdmissionSpec | None) -> Admission:
    """Return what is refused before anything is looked up."""
    place = where(spec.mark) if spec else ""
    per_ip: Limit | None = _by_ip("per-ip", 100, 1, 200, place)
    failed: Limit | None = _by_ip("failed-auth", 20, 60, 20, place)
    block_s = 300.0
    if spec is None:
        return Admission(per_ip=per_ip, failed_auth=failed, block_s=block_s)
    if spec.has("per_ip"):
        per_ip = None
        if spec.per_ip is not None:
            rate = spec.per_ip.rate
            per_ip = _by_ip(
                "per-ip", rate.count, rate.period_s, spec.per_ip.burst or rate.count, where(spec.at("per_ip"))
            )
    if spec.has("failed_auth"):
        failed = None
        if spec.failed_auth is not None:
            rate, block_s = spec.failed_auth.rate, spec.failed_auth.block
            failed = _by_ip("failed-auth", rate.count, rate.period_s, rate.count, where(spec.at("failed_auth")))
    return Admission(
        deny=desk.zone_mask(spec.deny_zones or ()),
        deny_zones=tuple(str(name) for name in spec.deny_zones or ()),
        exempt=desk.zone_mask(spec.exempt_zones or ()),
        per_ip=per_ip,
        failed_auth=failed,
        block_s=block_s,
        max_path_segments=spec.max_path_segments,
        max_uri_bytes=spec.max_uri,
        where=where(spec.at("deny_zones")),
    )


def _by_ip(name: str, count: int, period_s: int, burst: int, place: str) -> Limit:
    return Limit(
        id=f"admission/{name}",
        name=name,
        key=(("ip",),),
        count=count,
        period_ns=period_s * 1_000_000_000,
        burst=burst,
        where=place,
        shape=f"{count}/{period_s}s burst {burst} by ip",
    )
