"""Section 3.2 of the language, word by word and without any thought of speed: who is meant by a request.

It reads the policy as it is written, and shares nothing with what is compiled from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from ipaddress import ip_address, ip_network
from itertools import combinations

from tests.fuzz.worlds import CAST, GEO, LISTENERS, ZONES, Document, Sent, Who

TYPES = ("enum", "uuid", "int", "date", "hex", "slug", "re")
LITERAL, TYPED, PLAIN, TAIL, ENDS = 0, 1, 2, 3, -1
READ, WRITE = ("GET", "HEAD"), ("POST", "PUT", "PATCH", "DELETE")
ANY = (*READ, *WRITE, "OPTIONS")
NAMED, BY_GET, GROUP, ALL = 0, 1, 2, 3  # `GET` includes `HEAD`, but who says `HEAD` means it more

type Rank = tuple[object, ...]


def judge(document: Document, sent: Sent, who: Who) -> tuple[str, str, str]:
    """Return what comes of a request: `allow` or the reason, the chosen segment, the route's key."""
    group = surface_group(document, sent)
    if not group:
        return ("egress_denied" if LISTENERS[sent.listener] == "forward" else "no_segment"), "", ""
    # Section 3.3: where no candidate has a route, nobody is asked who they are.
    if not any(route_of(document, name, sent) for name in group):
        return unrouted(document, group, sent), "", ""
    taken = [name for name in group if accepts(document, name, who)]
    if not taken:
        return ("caller_not_allowed" if who.client else "credential_missing"), "", ""
    chosen = winner(document, taken)
    route = route_of(document, chosen, sent)
    if not route:
        return unrouted(document, [chosen], sent), chosen, ""
    if document["segments"][chosen]["routes"][route] == "authenticated" and not who.client:
        return "credential_missing", chosen, route
    return "allow", chosen, route


def surface_group(document: Document, sent: Sent) -> list[str]:
    """Return the segments on the best surface, by name."""
    found = [
        (rank, name)
        for name, segment in document["segments"].items()
        for rank in ranks(segment["match"], sent)
    ]  # fmt: skip
    best = min((rank for rank, _ in found), default=None)
    return sorted({name for rank, name in found if rank == best})


def ranks(match: Document, sent: Sent) -> Iterator[Rank]:
    """Yield the rank of each way in which a segment matches; less is better, and the first difference decides."""
    if "listeners" in match and sent.listener not in match["listeners"]:
        return
    if "listeners" not in match and LISTENERS[sent.listener] == "forward":
        return
    named = 0 if "listeners" in match else 1
    for host in match["hosts"]:
        if not host_matches(host, sent.host):
            continue
        host_rank = (2, 0) if host == "*" else (1, -len(host)) if host.startswith("*.") else (0, 0)
        for path in match["paths"]:
            method = method_rank("|".join(match.get("methods", ())), sent.method)
            if path_matches(path, sent.path) and method is not None:
                yield (named, host_rank, path_rank(path), method)


def accepts(document: Document, name: str, who: Who) -> bool:
    """Whether all facets of a segment's audience hold for a caller."""
    match = document["segments"][name]["match"]
    client = "anonymous" if not who.client else who.client if who.client in CAST["clients"] else "unrecognized"
    if client not in match["clients"]:
        return False
    if any(attribute(who, key) not in values for key, values in match.get("attributes", {}).items()):
        return False
    if "roles" in match and not set(match["roles"]) & set(who.roles):
        return False
    if "zones" in match and not any(ip_address(who.address) in ip_network(ZONES[zone]) for zone in match["zones"]):
        return False
    return "geo" not in match or who.country in countries(match["geo"])


def attribute(who: Who, name: str) -> str:
    """Return the value that a caller has: its token's, `other` for one that is not in the vocabulary, the default."""
    written = {"plan": who.plan, "tier": who.tier}[name]
    known = CAST["attributes"][name]
    return str(known.get("default", "")) if not written else written if written in known["values"] else "other"


def countries(sets: Iterable[str]) -> set[str]:
    """Return the countries of sets and codes."""
    return {country for each in sets for country in GEO.get(each, [each])}


def winner(document: Document, taken: list[str]) -> str:
    """Return the one that wins over every other; there is one, or the policy would have been refused."""
    return next(one for one in taken if all(beats(document, one, other) for other in taken if other != one))


def beats(document: Document, one: str, other: str) -> bool:
    """Whether `one` is written to win over `other`, or is narrower."""
    segments = document["segments"]
    if other in segments[one].get("wins_over", ()):
        return True
    mine, theirs = segments[one]["match"], segments[other]["match"]
    return within(mine, theirs) and not within(theirs, mine)


def within(inner: Document, outer: Document) -> bool:
    """Whether each facet of `inner` is contained in that of `outer`; one that is not written is any."""
    values = inner.get("attributes", {})
    facets = [
        (set(inner["clients"]), set(outer["clients"])),
        *(
            (set(values[key]) if key in values else None, set(taken))
            for key, taken in outer.get("attributes", {}).items()
        ),
        *((set(inner[key]) if key in inner else None, set(outer[key])) for key in ("roles",) if key in outer),
        *((countries(inner[key]) if key in inner else None, countries(outer[key])) for key in ("geo",) if key in outer),
    ]
    if any(one is None or not one <= other for one, other in facets):
        return False
    if "zones" not in outer:
        return True
    wide = [ip_network(ZONES[zone]) for zone in outer["zones"]]
    return "zones" in inner and all(
        any(ip_network(ZONES[zone]).subnet_of(each) for each in wide)  # type: ignore[arg-type]  # all are IPv4
        for zone in inner["zones"]
    )


def ambiguous(document: Document, callers: list[Who]) -> set[frozenset[str]]:
    """Return the pairs of segments between which nothing decides for some caller on some surface that they share."""
    nodes: dict[object, dict[str, str]] = {}
    for name, segment in document["segments"].items():
        match = segment["match"]
        for listener in match.get("listeners", [""]):
            for host in match["hosts"]:
                for path in match["paths"]:
                    nodes.setdefault((listener, host, shape(path)), {})[name] = "|".join(match.get("methods", ()))
    together = set()
    for standing in nodes.values():
        for method in (*ANY, "PROPFIND", "OTHER"):
            ranked = {
                name: rank for name, words in standing.items() if (rank := method_rank(words, method)) is not None
            }
            best = [name for name, rank in ranked.items() if rank == min(ranked.values())]
            together |= {frozenset(pair) for pair in combinations(best, 2)}
    return {
        pair
        for pair in together
        if not beats(document, *sorted(pair)) and not beats(document, *sorted(pair, reverse=True))
        and any(all(accepts(document, name, who) for name in pair) for who in callers)
    }  # fmt: skip


def route_of(document: Document, name: str, sent: Sent) -> str:
    """Return the key of the best route that has the method, or ""."""
    found = []
    for key in document["segments"][name]["routes"]:
        words, _, path = key.partition(" ")
        rank = method_rank(words, sent.method)
        if rank is not None and path_matches(path, sent.path):
            found.append(((path_rank(path), rank), key))
    return min(found)[1] if found else ""


def unrouted(document: Document, names: list[str], sent: Sent) -> str:
    """Return 405's reason where another method would do, else 404's."""
    paths = [key.partition(" ")[2] for name in names for key in document["segments"][name]["routes"]]
    return "method_not_allowed" if any(path_matches(path, sent.path) for path in paths) else "no_route"


def method_rank(words: str, method: str) -> int | None:
    """Return how well `words` cover a method, None where they do not; "" is every method."""
    if not words:
        return ALL
    found = []
    for word in words.split("|"):
        if word == method:
            found.append(NAMED)
        elif (word, method) == ("GET", "HEAD"):
            found.append(BY_GET)
        elif (word == "read" and method in READ) or (word == "write" and method in WRITE):
            found.append(GROUP)
        elif word == "any" and method in ANY:
            found.append(ALL)
    return min(found, default=None)


def host_matches(pattern: str, host: str) -> bool:
    """Whether a host is meant: exact, one or more labels before a suffix, or any."""
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]) and host != pattern[2:])


def path_rank(pattern: str) -> Rank:
    """Return how particular a pattern is, position by position from the left."""
    found: list[object] = []
    for part in parts(pattern):
        if part == "**":
            return (*found, (TAIL,))
        kind = kind_of(part)
        found.append((LITERAL,) if kind is None else (TYPED, TYPES.index(kind.partition("(")[0])) if kind else (PLAIN,))
    return (*found, (ENDS,))


def shape(pattern: str) -> tuple[str, ...]:
    """Return a pattern without the names of its parameters."""
    return tuple(part if (kind := kind_of(part)) is None else f"{{:{kind}}}" for part in parts(pattern))


@cache
def path_matches(pattern: str, path: str) -> bool:
    """Whether a path is meant, types included."""
    wanted, sent = parts(pattern), parts(path)
    tail = bool(wanted) and wanted[-1] == "**"
    wanted = wanted[:-1] if tail else wanted
    if len(sent) < len(wanted) or (len(sent) > len(wanted) and not tail):
        return False
    return all(part_matches(part, text) for part, text in zip(wanted, sent, strict=False))


def part_matches(part: str, text: str) -> bool:
    """Whether one position of a path is as its pattern says."""
    kind = kind_of(part)
    if kind is None:
        return part == text
    base, _, inside = kind.partition("(")
    patterns = {
        "": ".+", "int": "-?[0-9]{1,19}", "hex": "[0-9A-Fa-f]+", "slug": "[a-z0-9]+(-[a-z0-9]+)*", "re": inside[:-1],
        "uuid": "[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", "enum": inside[:-1].replace(",", "|"),
        "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    }  # fmt: skip
    return re.fullmatch(patterns[base], text) is not None and (base != "date" or is_day(text))


def is_day(text: str) -> bool:
    """Whether a day exists."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def kind_of(part: str) -> str | None:
    """Return the type of a parameter, "" for one of any text, None for a literal."""
    return part[1:-1].partition(":")[2] if part.startswith("{") else None


def parts(path: str) -> list[str]:
    """Return what stands between the slashes."""
    return [] if path == "/" else path[1:].split("/")
