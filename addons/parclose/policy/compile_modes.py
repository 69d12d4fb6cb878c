"""What `mode` and `log_only` leave of a policy: the one in force, and beside it the one in which all of it is live.

What is in shadow, and each concern that is log-only, is compiled out of the policy in force: enforcement does not know
of it, costs nothing for it, and nothing that is proven of the policy in force can lean on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parclose.policy.compile_order import order_places
from parclose.policy.desk import Desk
from parclose.policy.folding import fold_surfaces
from parclose.policy.model import Policy
from parclose.policy.segment import Network, Route, Segment
from parclose.policy.surface import build_routes, build_surfaces, places


def in_force(whole: Mapping[str, Segment]) -> dict[str, Segment]:
    """Return the segments that enforcement sees; one with nothing in shadow or log-only is the same object."""
    return {name: _in_force(segment) for name, segment in whole.items() if segment.mode == "enforce"}


def shadow_of(desk: Desk, policy: Policy, whole: Mapping[str, Segment]) -> Policy | None:
    """Return the policy in which everything is live, or None where that is the policy in force.

    Where a part in shadow competes with one in force, that is a warning: they do not meet yet.
    """
    if all(policy.segments.get(name) is segment for name, segment in whole.items()):
        return None
    standing = places(whole.values())
    names = frozenset(name for name, segment in whole.items() if segment.mode == "shadow")
    orders = order_places(desk, standing, shadow=names)
    return replace(
        policy,
        segments=whole,
        surfaces=build_surfaces(standing, orders),
        folded=fold_surfaces(standing),
        shadow=None,
    )


def _in_force(segment: Segment) -> Segment:
    """Return a segment without its routes in shadow, and without the rules that cannot deny."""
    routes = tuple(route for route in segment.route_list if route.mode == "enforce")
    log_only = segment.log_only.union(*(route.log_only for route in routes))
    if not log_only and len(routes) == len(segment.route_list):
        return segment
    # The early gate comes before any route is known. So where one route does not gate, only the routes do.
    network = _open(segment.network) if "network" in log_only else segment.network
    routes = tuple(_without(route, segment.network, network) for route in routes)
    return replace(segment, network=network, route_list=routes, routes=build_routes(routes))


def _without(route: Route, shared: Network, opened: Network) -> Route:
    """Return a route without the rules that are log-only there; `shared` is its segment's network, `opened` without."""
    if "network" in route.log_only:
        route = replace(route, network=opened if route.network is shared else _open(route.network))
    if "scopes" in route.log_only:
        route = replace(route, scopes=None, roles=None, bind=())
    return replace(route, limits=()) if "limits" in route.log_only else route


def _open(network: Network) -> Network:
    """Return a rule that takes every caller; where a request may go is another concern and stays."""
    return replace(network, allow=None, deny=0, allow_zones=(), deny_zones=(), allow_geo=None, deny_geo=())
