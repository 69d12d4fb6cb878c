"""Credentials that leave the house they were made for, and TLS that nobody opens (FWD, RUN).

FWD002 is an error, found while compiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from parclose.policy.errors import ScalarError
from parclose.policy.hosts import HostPattern
from parclose.policy.inherit import pick
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import layers, named
from parclose.policy.lint.written import is_outward, networks, sources
from parclose.policy.nodes import Items, Mark, Text
from parclose.policy.segment import Segment


def passed_on(bench: Bench) -> None:
    """Name credentials that reach an upstream of another trust domain (FWD001)."""
    said: set[Mark] = set()
    seen_by = _seen_by(bench)
    for _, segment in named(bench):
        if segment.forward.credentials != "pass":
            continue
        what, mark = _abroad(bench, segment) if is_outward(bench, segment) else _shared(bench, segment, seen_by)
        if what and mark is not None and mark not in said:
            said.add(mark)
            bench.desk.report(
                "FWD001", mark, what, fix="write `forward: {credentials: strip}`, or use an issuer for each upstream"
            )


def _seen_by(bench: Bench) -> dict[str, dict[str, tuple[Segment, str]]]:
    """Return for each issuer and key store the trust domains that see its credentials: first segment, and host."""
    found: dict[str, dict[str, tuple[Segment, str]]] = {}
    for _, segment in named(bench):
        own = bench.policy.upstreams.get(segment.upstream)
        if own is not None and segment.forward.credentials == "pass":
            for source in sources(bench, segment):
                found.setdefault(source, {}).setdefault(domain(own.host), (segment, own.host))
    return found


def _abroad(bench: Bench, segment: Segment) -> tuple[str, Mark | None]:
    """Return what is to be said of an egress segment; the proxy's own credential is always removed there."""
    settings = bench.spec.settings
    base = (settings.forward,) if settings and settings.forward else ()
    owner = pick((*layers(bench, segment).sections("forward"), *base), "credentials")
    if owner is None:
        return "", None
    what = f"egress segment `{segment.name}` passes the caller's credential on to a third party"
    return what, owner.value_at("credentials")


def _shared(
    bench: Bench, segment: Segment, seen_by: dict[str, dict[str, tuple[Segment, str]]]
) -> tuple[str, Mark | None]:
    """Return what is to be said of a segment whose callers' credential another house gets to see as well."""
    owner = layers(bench, segment).owner("upstream")
    own = bench.policy.upstreams.get(segment.upstream)
    if own is None or owner is None:
        return "", None
    for source in sorted(sources(bench, segment)):
        for house, (other, host) in seen_by.get(source, {}).items():
            if house != domain(own.host):
                word, _, name = source.partition(" ")
                what = f"credentials of {word} `{name}` reach `{own.host}`, and from segment `{other.name}` `{host}`"
                return what, owner.value_at("upstream")
    return "", None


def domain(host: str) -> str:
    """Return the last two labels of a host, or an address as it is: what is run by one house, as a rule."""
    try:
        return str(ip_address(host))
    except ValueError:
        return ".".join(host.split(".")[-2:])


def unseen_paths(bench: Bench) -> None:
    """Name TLS pass-through of hosts for which an egress segment has rules for paths (RUN004)."""
    for text, pattern in _passed_through(bench):
        for segment in bench.policy.segments.values():
            bound = next((route for route in segment.route_list if route.path.text != "/**"), None)
            if bound is None or not is_outward(bench, segment):
                continue
            if any(_meet(pattern, host) for host in segment.surface.hosts):
                bench.desk.report(
                    "RUN004", text.mark,
                    f"TLS to `{text}` stays closed, so that `{bound.key}` of segment `{segment.name}` sees no path",
                    fix="leave the host out of `passthrough`, or write the segment's routes for `/**`", text=text,
                )  # fmt: skip
                break


def _passed_through(bench: Bench) -> Iterator[tuple[Text, HostPattern]]:
    for net in networks(bench.spec):
        written = net.node.get(Text("passthrough"))
        for text in written if isinstance(written, Items) else ():
            if isinstance(text, Text):
                try:
                    yield text, HostPattern.parse(text)
                except ScalarError:  # reported where it was decoded
                    continue


def _meet(one: HostPattern, other: HostPattern) -> bool:
    """Whether some host is meant by both."""
    return one.matches(other.sample()) or other.matches(one.sample()) or "all" in {one.kind, other.kind}


LOOKS: tuple[Look, ...] = (Look(ids=("FWD001",), at=passed_on), Look(ids=("RUN004",), at=unseen_paths))
