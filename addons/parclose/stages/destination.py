"""May it go there? Every address of the destination is asked about, however it is spelt, before anything connects."""

from __future__ import annotations

from collections.abc import Generator
from typing import cast

from parclose.policy.segment import Network, Segment
from parclose.ports import Answer, Ask, AskAddresses
from parclose.reasons import Reason
from parclose.stages.address import Address, embedded, read_address, read_literal
from parclose.stages.closed import inside
from parclose.stages.refusal import deny, listed
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, NOT_MINE, Judgement


def judge(walk: Walk) -> Judgement | Asking:
    """Approve the addresses of a forward listener's destination; only those may be connected to."""
    if walk.facts.kind != "forward":
        return NOT_MINE
    if not any(_limits(network) for network in (*(rule for _, rule in _rules(walk)), *_unseen(walk))):
        return NOT_MINE  # `destinations: {deny: []}`: a parent proxy resolves the name, not we
    literal = read_literal(walk.facts.host)
    if literal is not None:
        return _judge(walk, (str(literal),))
    return _ask(walk)


def _ask(walk: Walk) -> Generator[Ask, Answer, Judgement]:
    """Resolve the name, then judge all that it stands for."""
    walk.resolved = cast("tuple[str, ...]", (yield AskAddresses(walk.facts.host, walk.facts.port)))
    return _judge(walk, walk.resolved)


def _rules(walk: Walk) -> list[tuple[Segment, Network]]:
    """Return whose rules may approve: the route's; for a tunnel, those of each segment that it may be for."""
    if walk.segment is None:
        return []
    if walk.route is not None:
        return [(walk.segment, walk.route.network)]
    return [(segment, segment.network) for segment in walk.candidates]


def _unseen(walk: Walk) -> tuple[Network, ...]:
    """Return the rules of all routes that may be taken unseen, where TLS stays closed."""
    return tuple(route.network for _, route in inside(walk))


def _limits(network: Network) -> bool:
    """Whether a rule says anything about destinations."""
    return network.destinations_allow is not None or network.destinations_deny != 0


def _judge(walk: Walk, texts: tuple[str, ...]) -> Judgement:
    """Approve all addresses or none: a name that also points inside is an attack, not an accident."""
    if not texts:
        return _deny(walk, "unresolved", f"`{walk.facts.host}` has no address", "a name that resolves")
    unseen = _unseen(walk)
    said: Judgement | None = None
    for segment, network in _rules(walk):
        rules = (network, *unseen)
        refused = next((text for text in texts for rule in rules if not _passes(walk, rule, read_address(text))), None)
        if refused is None:
            walk.segment = segment
            walk.addresses = texts
            return ALLOW
        said = said or _refuse(walk, network, refused)
    return said or _deny(walk, "", f"nobody approves `{walk.facts.host}`", "a segment")


def _passes(walk: Walk, network: Network, address: Address | None) -> bool:
    """Whether one address may be connected to; IPv4 inside IPv6 is denied with the IPv4."""
    if address is None:
        return False
    at = walk.facts.at
    zones = walk.policy.zones
    mask = zones.mask(address, at)
    if network.destinations_allow is not None and not mask & network.destinations_allow:
        return False
    for inner in embedded(address):
        mask |= zones.mask(inner, at)
    return not mask & network.destinations_deny


def _refuse(walk: Walk, network: Network, text: str) -> Judgement:
    """Say which address is refused, and why."""
    address = read_address(text)
    mask = walk.policy.zones.mask(address, walk.facts.at) if address is not None else 0
    zones = walk.policy.zones.names(mask & network.destinations_deny)
    found = f"`{walk.facts.host}` is {text}"
    return _deny(
        walk,
        "",
        f"{found}, in {listed(zones)}" if zones else found,
        f"an address outside {listed(zones)}" if zones else "an address that `network.destinations` takes",
        where=network.where,
    )


def _deny(walk: Walk, detail: str, found: str, needs: str, *, where: str = "") -> Judgement:
    """Refuse a destination."""
    return deny(
        Reason.DESTINATION_DENIED,
        detail=detail,
        found=found,
        needs=needs,
        where=where or (walk.segment.where if walk.segment is not None else ""),
    )
