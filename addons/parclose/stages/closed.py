"""TLS that stays closed: which tunnels are passed on unopened, and all that could then go through them unseen.

Nobody sees the requests inside, so what the routes of a segment ask is asked at the CONNECT, of each of them: who may
not send one of the requests that the tunnel can carry gets none. Paths, methods, bodies and limits are not held there.
"""

from __future__ import annotations

from collections.abc import Iterator

from parclose.policy.segment import Route, Segment
from parclose.stages.walk import Walk


def stays_closed(walk: Walk) -> bool:
    """Whether TLS in this tunnel stays closed: only where every segment that the tunnel may be for names the host."""
    facts = walk.facts
    return (
        facts.connect
        and bool(walk.candidates)
        and all(any(host.matches(facts.host) for host in one.network.passthrough) for one in walk.candidates)
    )


def inside(walk: Walk) -> Iterator[tuple[Segment, Route]]:
    """Yield every route that a request inside could take without anybody seeing it; none where TLS is opened."""
    if stays_closed(walk):
        for segment in walk.candidates:
            for route in segment.route_list:
                yield segment, route
