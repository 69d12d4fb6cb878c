"""What a cell asks of whoever gets in, in words: for `who` line by line, for `diff` facet by facet."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import summarize_address_range

from parclose.policy.cells import Cell
from parclose.policy.identity import Recogniser
from parclose.policy.implied import admitted, callers, networks, role_clauses, scope_clauses
from parclose.policy.model import Policy
from parclose.policy.segment import Authn, GeoSet, Limit, Network
from parclose.policy.zones import ZoneIndex

MOST_PREFIXES = 6  # of a zone; the rest is counted


def facets(policy: Policy, cell: Cell) -> dict[str, str]:
    """Return each facet of a requirement in words; "" where nothing is asked."""
    audience, route = cell.segment.audience, cell.route
    asked = route.access == "caller"
    return {
        "access": "" if asked else route.access,
        "clients": ", ".join(sorted(callers(cell))),
        "attributes": ", ".join(f"{name} {' or '.join(sorted(values))}" for name, values in audience.attributes),
        "zones": " and ".join(_zones(policy, cell)),
        "not zones": " or ".join(policy.zones.names(admitted(policy, cell)[1])),
        "countries": " and ".join(_countries(cell)),
        "credential": _credential(route.authn) if asked else "",
        "roles": _clauses(role_clauses(cell)),
        "scopes": _clauses(scope_clauses(cell)) or ("(authenticated)" if asked else f"({route.access})"),
        "bind": ", ".join(f"{{{name}}} = {source}" for name, source in route.bind),
        "accepts": ", ".join(part.kind.text if part.kind else "any" for part in route.path.parts if part.name),
        "destinations": _destinations(policy, networks(cell)),
        "passthrough": ", ".join(sorted(map(str, cell.segment.network.passthrough))),
    }


def clients_in_words(policy: Policy, cell: Cell) -> list[tuple[str, str]]:
    """Return each client type that gets in, and how it is recognised."""
    found = []
    for client in sorted(callers(cell)):
        ways = [_way(policy, each) for each in policy.clients.recognisers if each.client_type == client]
        if client == "unrecognized":
            ways = ["a good credential that no client type has"]
        elif client == "anonymous":
            ways = ["no credential"]
        found.append((client, " or ".join(ways)))
    return found


def scopes_granted(policy: Policy, cell: Cell) -> dict[str, str]:
    """Return the required scopes that a required role grants, with that role."""
    roles = [clause[0] for clause in role_clauses(cell) if len(clause) == 1]
    return {
        scope: role
        for clause in scope_clauses(cell)
        for scope in clause
        for role in roles
        if scope in policy.roles.get(role, frozenset())
    }


def limit_in_words(limit: Limit) -> str:
    """Return a limit as a policy would write it, with what it counts by."""
    keys = "|".join("+".join(part) for part in limit.key)
    if limit.kind == "concurrent":
        return f"{limit.count} at once per {keys}"
    if limit.kind == "quota":
        return f"{limit.count}/{limit.unit} per {keys}"
    seconds = limit.period_ns / 1_000_000_000
    units = {1: "s", 60: "min", 3600: "h"}
    every = units.get(int(seconds), "") if seconds == int(seconds) else ""
    rate = f"{limit.count}/{every or f'{seconds:g}s'}"
    return f"{rate} per {keys}" + (f", burst {limit.burst}" if limit.burst != limit.count else "")


def prefixes(zones: ZoneIndex, name: str) -> str:
    """Return the addresses of a zone as prefixes, the first few."""
    bit = 1 << zones.zones.index(name)
    found: list[str] = []
    for first, last in zones.ranges(bit):
        both = (first, last)
        found += map(str, summarize_address_range(*both))
        if len(found) > MOST_PREFIXES:
            break
    more = " ..." if len(found) > MOST_PREFIXES else ""
    return " ".join(found[:MOST_PREFIXES]) + more


def _way(policy: Policy, recogniser: Recogniser) -> str:
    """Return one way to be a client type."""
    words = []
    if recogniser.issuer:
        issuer = policy.issuers.get(recogniser.issuer)
        claim = ".".join(issuer.claims.client[0]) if issuer is not None and issuer.claims.client else "client"
        ids = [*sorted(recogniser.exact), *(f"{prefix}*" for prefix in recogniser.prefixes)]
        words.append(f"{recogniser.issuer} token" + (f", {claim} {' or '.join(ids)}" if ids else ""))
    if recogniser.store:
        words.append(f"{recogniser.store} key" + (f" {' or '.join(sorted(recogniser.ids))}" if recogniser.ids else ""))
    if recogniser.certificate is not None:
        names = [str(each) for each in recogniser.certificate.san_dns]
        words.append(f"certificate from {recogniser.certificate.ca}" + (f" for {' or '.join(names)}" if names else ""))
    return ", + ".join(words)


def zone_names(policy: Policy, cell: Cell) -> list[str]:
    """Return the zones from which a caller may come, as they are named; none: from anywhere."""
    every, _ = admitted(policy, cell)
    return [name for mask in dict.fromkeys(every) for name in policy.zones.names(mask)]


def _zones(policy: Policy, cell: Cell) -> list[str]:
    every, _ = admitted(policy, cell)
    return [" or ".join(policy.zones.names(mask)) or "nowhere" for mask in dict.fromkeys(every)]


def _countries(cell: Cell) -> list[str]:
    sets = [rule.allow_geo for rule in networks(cell) if rule.allow_geo is not None]
    sets += [cell.segment.audience.geo] if cell.segment.audience.geo is not None else []
    found = [f"in {_places(each)}" for each in dict.fromkeys(sets)]
    return found + [f"not in {_places(rule.deny_geo)}" for rule in networks(cell)[:1] if rule.deny_geo]


def _places(sets: Iterable[GeoSet]) -> str:
    return " or ".join(
        each.name
        if each.countries == {each.name}
        else f"{each.name} ({' '.join([*sorted(each.countries), *(f'AS{number}' for number in sorted(each.asn))])})"
        for each in sets
    )


def _credential(authn: Authn) -> str:
    """Return which proof is asked for."""
    words = [" or ".join("+".join(sorted(way, reverse=True)) for way in authn.accept)]
    words += [f"of {' or '.join(sorted(authn.issuers | authn.key_stores))}"] if authn.issuers | authn.key_stores else []
    words += [f"at most {authn.max_token_age_s:g} s old"] if authn.max_token_age_s is not None else []
    words += [f"amr {' and '.join(authn.amr)}"] if authn.amr else []
    words += [f"acr {' or '.join(authn.acr)}"] if authn.acr else []
    return " ".join(words)


def _clauses(clauses: Iterable[tuple[str, ...]]) -> str:
    return " and ".join(" or ".join(clause) for clause in clauses)


def _destinations(policy: Policy, rules: Iterable[Network]) -> str:
    words = []
    for rule in rules:
        if rule.destinations_allow is not None:
            words.append(f"in {' or '.join(policy.zones.names(rule.destinations_allow))}")
        if rule.destinations_deny != policy.zones.mask_of(["internal"]):
            words.append(f"not in {' or '.join(policy.zones.names(rule.destinations_deny)) or 'nothing'}")
    return " and ".join(words)
