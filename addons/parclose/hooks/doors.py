"""Doors: what a policy must not say where this proxy listens, told before it is put in force.

A policy alone does not know in which mode a listener runs, nor on which address. Two things follow from that:

- Behind `upstream:` a parent proxy resolves names. Neither `network.destinations` can be held there, nor the address of
  a host in `network.passthrough`, so a policy that counts on one of them is refused. Who leaves that to the parent
  writes `network: {destinations: {deny: []}}`.
- Parclose switches mitmproxy's `block_global` off: public addresses may enter, since a public API is what it guards,
  and who may do what is the policy's business. What the option was there for, a proxy through which any stranger
  reaches any host, is refused here: a segment on a forward listener beyond the loopback that takes `anonymous` from
  every address to every host.

The same is asked at each reload.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mitmproxy import options
from mitmproxy.proxy import mode_specs

from parclose.hooks.wire import kind_of
from parclose.policy.model import Listener, Policy
from parclose.policy.segment import Network, Route, Segment
from parclose.stages.claims import ANONYMOUS

WITHOUT_PROOF = ("public", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A mode as it listens: `spec` as it was written, `kind` `reverse` or `forward`, `host` "" for every interface.

    `parent` says that all it lets out goes to another proxy.
    """

    spec: str
    kind: str
    host: str
    port: int
    parent: bool = False

    @property
    def is_private(self) -> bool:
        """Whether only this machine can knock."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def doors_of(opts: options.Options) -> tuple[Door, ...]:
    """Return where the proxy listens; the modes were looked at before, so each can be read."""
    found = []
    for spec in opts.mode:
        mode: mode_specs.ProxyMode = mode_specs.ProxyMode.parse(spec)
        found.append(
            Door(
                spec=spec,
                kind=kind_of(mode),
                host=mode.listen_host(opts.listen_host),
                port=mode.listen_port(opts.listen_port) or 0,
                parent=isinstance(mode, mode_specs.UpstreamMode),
            )
        )
    return tuple(found)


def unfit_at(doors: Iterable[Door], policy: Policy) -> tuple[str, ...]:
    """Return a sentence for each segment that must not stand at one of these doors; none means that all may."""
    found: dict[str, None] = {}
    for door in doors:
        listener = policy.listener_at(door.port, door.kind)
        for segment in _standing(policy, listener) if door.kind == "forward" else ():
            found |= dict.fromkeys(_faults(door, segment))
    return tuple(found)


def _standing(policy: Policy, listener: Listener) -> Iterator[Segment]:
    """Yield the segments on a forward listener, which name it."""
    return (segment for segment in policy.segments.values() if listener.name in segment.surface.listeners)


def _faults(door: Door, segment: Segment) -> Iterator[str]:
    """Yield what is wrong with a segment at a forward door."""
    name = f"{segment.where}  segment `{segment.name}`"
    rules = (segment.network, *(route.network for route in segment.route_list))
    if door.parent and any(_limits(rule) for rule in rules):
        yield (
            f"{name}: `network.destinations` cannot be held behind `{door.spec}`, whose parent resolves names; "
            "write `network: {destinations: {deny: []}}`, or use `regular`"
        )
    if door.parent and segment.network.passthrough:
        yield (
            f"{name}: `network.passthrough` cannot be held behind `{door.spec}`, whose parent chooses the address; "
            "remove it, or use `regular`"
        )
    if not door.is_private and _takes_anybody(segment):
        yield (
            f"{name}: anybody could reach any host through `{door.spec}` at {door.host or 'every interface'}; "
            "write `network: {allow: [...]}`, name the hosts, ask for a credential, or listen on 127.0.0.1"
        )


def _limits(rule: Network) -> bool:
    """Whether a rule says where a destination may lie; by default it does."""
    return rule.destinations_allow is not None or rule.destinations_deny != 0


def _takes_anybody(segment: Segment) -> bool:
    """Whether strangers from every address may send something to every host."""
    audience = segment.audience
    return (
        ANONYMOUS in audience.clients
        and audience.zones is None
        and audience.geo is None
        and any(host.kind == "all" for host in segment.surface.hosts)
        and any(_is_for_all(route) for route in segment.route_list)
    )


def _is_for_all(route: Route) -> bool:
    """Whether a route asks neither for a proof nor for an address."""
    return route.access in WITHOUT_PROOF and route.network.allow is None and route.network.allow_geo is None
