"""Whose address is it? The peer's, or the one that trusted proxies name."""

from __future__ import annotations

from parclose.policy.model import ClientIp
from parclose.stages.address import Address, read_forwarded, read_hop, read_peer
from parclose.stages.walk import Walk
from parclose.verdict import ALLOW, Judgement

_PEER = ClientIp()


def judge(walk: Walk) -> Judgement:
    """Set the effective address and its zones. Never refuses; an unreadable peer has no address and no zones."""
    facts = walk.facts
    peer = read_peer(facts.peer)
    if peer is None:
        return ALLOW
    address, walk.client_ip = peer
    zones = walk.policy.zones.mask(address, facts.at)
    if facts.forwarded:
        rule = _rule(walk)
        # INVARIANT: a peer that is not trusted cannot name another address.
        if rule.source != "peer" and zones & rule.trusted:
            named = _named(walk, rule)
            if named is not None:
                address = named
                walk.client_ip = str(named)
                zones = walk.policy.zones.mask(address, facts.at)
    walk.address = address
    walk.zones = zones
    return ALLOW


def _rule(walk: Walk) -> ClientIp:
    """Return the listener's rule; an unknown listener trusts nobody."""
    for listener in walk.policy.settings.listeners:
        if listener.name == walk.facts.listener:
            return listener.client_ip
    return _PEER


def _named(walk: Walk, rule: ClientIp) -> Address | None:
    """Return the rightmost address that is no trusted proxy, the leftmost where all are, None on what is unreadable.

    Nothing left of the first untrusted or unreadable element is looked at: it is the caller's own word.
    """
    read = read_forwarded if rule.source == "forwarded" else read_hop
    address: Address | None = None
    for element in reversed(walk.facts.forwarded):
        address = read(element)
        if address is None:
            return None
        if not walk.policy.zones.mask(address, walk.facts.at) & rule.trusted:
            return address
    return address
