"""What is missing from a segment, or stands in the wrong place: SEG005, SEG006, SEG007, SEG012, SEG013."""

from __future__ import annotations

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import Line, as_if_live, lines, named, spec_of
from parclose.policy.lint.guardrails import demands
from parclose.policy.lint.witness import doors
from parclose.policy.methods import WRITE
from parclose.policy.nodes import Mark
from parclose.policy.segment import Route, Segment
from parclose.policy.surface import places

_PROOFS = {"token": "token", "api_key": "API key", "mtls": "certificate"}


def limitless(bench: Bench) -> None:
    """Report segments in which some route has no limit at all (SEG005)."""
    for name, segment in named(bench):
        free = [route for route in segment.route_list if not route.limits]
        if not free or (not segment.limits and demands(bench, name, "limits")):
            continue  # what a guardrail demands is an error, and said with it
        which = f"`{free[0].key}`" + (f" and {len(free) - 1} more" if len(free) > 1 else "")
        what = "has no limits" if len(free) == len(segment.route_list) else f"has no limit on {which}"
        bench.desk.report(
            "SEG005", name.mark, f"segment `{name}` {what}: one caller can take all there is", text=name,
            fix="add `limits: {steady: {key: subject|ip, rate: 10/s}}` with numbers of your own",
        )  # fmt: skip


def nameless(bench: Bench) -> None:
    """Report segments without `about`, and without `owner` where other segments have one (SEG006)."""
    owned = any(segment.owner for segment in bench.policy.segments.values())
    for name, segment in named(bench):
        lacks = {"`about`": "say what it is for"} if not segment.about else {}
        lacks |= {"`owner`": "say who answers for it"} if owned and not segment.owner else {}
        if lacks:
            bench.desk.report(
                "SEG006", name.mark, f"segment `{name}` has no {' and no '.join(lacks)}", text=name,
                fix=f"{', and '.join(lacks.values())}: reports and alerts quote it",
            )  # fmt: skip


def selected_by_address(bench: Bench) -> None:
    """Report zones and countries that choose between segments where there is only one to choose (SEG007)."""
    shared = {
        segment.name
        for place in places(bench.policy.segments.values())
        for members in place.groups().values()
        if len(members) > 1
        for segment in members
    }
    for _, segment in named(bench):
        match = spec_of(bench, segment).match
        if match is None or segment.name in shared:
            continue
        for key, used, instead in (
            ("zones", segment.audience.zones is not None, "allow"),
            ("geo", segment.audience.geo is not None, "allow_geo"),
        ):
            if used:
                bench.desk.report(
                    "SEG007", match.at(key), text=key,
                    message=f"`match.{key}` chooses between segments, but `{segment.name}` is alone on its surface: "
                    "outsiders get 403 caller_not_allowed, after their credential was looked at",
                    fix=f"to keep outsiders out write `network: {{{instead}: [...]}}`",
                )  # fmt: skip


def public_everywhere(bench: Bench) -> None:
    """Report public routes that stand on any host, or on every path, of a reverse listener (SEG012)."""
    seen: set[Mark] = set()
    for line in lines(bench, lambda route: route.access != "caller"):
        segment = line.segment
        anywhere = any(host.kind == "all" for host in segment.surface.hosts)
        everything = line.route.path.tail and not line.route.path.parts
        if line.key.mark in seen or not (anywhere or everything):
            continue
        if any(kind == "reverse" for _, kind in doors(bench.policy, segment)):
            seen.add(line.key.mark)
            what = "every path" if everything else "any host"
            bench.desk.report(
                "SEG012", line.key.mark, text=line.key,
                message=f"`{line.key}` is {line.route.access} on {what}{' of any host' * (everything and anywhere)}: "
                "what is put behind this proxy later is open at once",
                fix="name the paths that are meant" if everything else f"name hosts in `match` of `{segment.name}`",
            )  # fmt: skip


def writable_by_anybody(bench: Bench) -> None:
    """Report wildcard write routes that need nothing beyond a valid credential (SEG013)."""
    seen: set[Mark] = set()
    for line in lines(bench, is_wildcard_write):
        if line.key.mark in seen or _asks_more(line):
            continue
        seen.add(line.key.mark)
        if line.route.access == "caller":
            need = f"nothing beyond a valid {_proof(line.segment, line)}"
        else:
            need = "no credential at all"
        bench.desk.report(
            "SEG013", line.key.mark, text=line.key,
            message=f"writes need {need}: whoever may enter `{line.segment.name}` may change everything below "
            f"`{line.route.path.text.removesuffix('**')}`",
            fix="ask for a scope or role: `{scopes: ...}`; leave reading in a route of its own",
        )  # fmt: skip


def is_wildcard_write(route: Route) -> bool:
    """Whether a route takes writing requests to every path below one."""
    return route.path.tail and bool(route.methods.methods & WRITE)


def _asks_more(line: Line) -> bool:
    route = line.route
    return bool(route.scopes or route.roles or route.bind or line.segment.audience.roles is not None)


def _proof(segment: Segment, line: Line) -> str:
    kinds = {kind for way in (line.route.authn.accept or segment.authn.accept) for kind in way}
    return _PROOFS[kinds.pop()] if len(kinds) == 1 else "credential"


LOOKS = (
    Look(ids=("SEG005",), at=as_if_live(limitless)),
    Look(ids=("SEG006",), at=as_if_live(nameless)),
    Look(ids=("SEG007",), at=as_if_live(selected_by_address)),
    Look(ids=("SEG012",), at=as_if_live(public_everywhere)),
    Look(ids=("SEG013",), at=as_if_live(writable_by_anybody)),
)
