"""`parclose explain`: the ordered questions for one request, and what would have passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from parclose.cases.callers import BadRequestLine, Caller, facts_for, read_line
from parclose.cli.output import Exit, JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyOption, find_policy, load_policy
from parclose.cli.recordings import judge_files
from parclose.engine import walk_through
from parclose.explain import explain as tell
from parclose.explain import render
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT, Persona
from parclose.shadow import try_out
from parclose.stages.closed import stays_closed
from parclose.stages.walk import Walk
from parclose.stores.geoip import DatabaseError, GeoAtlas
from parclose.stores.world import NotKept, OfflineWorld
from parclose.verdict import Would


def explain(
    *,
    request: Annotated[str, typer.Argument(metavar='"METHOD URL"', help="The request to explain.")] = "",
    persona: Annotated[str, typer.Option("--as", metavar="PERSONA", help="Who calls; left out: a visitor.")] = "",
    peer: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="From where, instead of the persona's.")] = "",
    country: Annotated[str, typer.Option("--country", metavar="CODE", help="Instead of looking the address up.")] = "",
    listener: Annotated[str, typer.Option("--listener", metavar="NAME", help="Through which listener.")] = "",
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME:VALUE", help="A request header; repeatable.")
    ] = None,
    flow: Annotated[
        str, typer.Option("--flow", metavar="FILE:N", help="Instead: request N, from 1, of a recording.")
    ] = "",
    policy: PolicyOption = "",
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write it.")] = JsonOrText.TEXT,
) -> None:
    """Explain one request: each question in order, the answer, the line that gave it, and what would have passed.

    Exits with 0 when it is allowed and 5 when it is denied.
    """
    loaded = load_policy(find_policy(policy), as_json=form is JsonOrText.JSON)
    if bool(request) == bool(flow):
        raise typer.BadParameter("give either a request, as `METHOD URL`, or `--flow FILE:N`", param_hint="METHOD URL")
    if flow:
        walk, doubt = _from_recording(loaded, flow)
        would = _would(walk, OfflineWorld())
    else:
        who = _caller(loaded, persona, peer=peer, country=country, listener=listener, headers=header or [])
        (walk, would), doubt = _walk(loaded, who, request), ""
    account = tell(walk, would)
    if form is JsonOrText.JSON:
        show_json({**account.as_json(), "maybe": doubt})
    else:
        show(render(account) + (f"\nmaybe: {doubt}" if doubt else ""))
    raise typer.Exit(Exit.OK if account.effect == "allow" else Exit.DENIED)


def _caller(policy: Policy, name: str, *, peer: str, country: str, listener: str, headers: list[str]) -> Caller:
    """Return who calls: a persona with what the options replace."""
    if name and name not in policy.personas:
        known = ", ".join(f"`{one}`" for one in policy.personas) or "none"
        raise typer.BadParameter(f"persona `{name}` is not in the policy; there are: {known}", param_hint="--as")
    who = policy.personas.get(name, Persona())
    if peer:
        # Elsewhere is another country, unless it is written too.
        who = replace(who, peer=peer, country=None, asn=None)
    if country:
        who = replace(who, country=country.upper())
    if listener:
        who = replace(who, listener=listener)
    pairs = [header.partition(":") for header in headers]
    return Caller(persona=who, headers={key.strip().lower(): value.strip() for key, _, value in pairs})


def _walk(policy: Policy, caller: Caller, request: str) -> tuple[Walk, Would | None]:
    """Walk one request as a policy's own tests do; of a tunnel and what is in it, the one that ends it.

    Also return the second verdict, where something is on trial.
    """
    method, _, url = request.strip().partition(" ")
    geo = policy.geo
    try:
        atlas = GeoAtlas(geo.country_db, geo.asn_db) if geo is not None else None
    except DatabaseError:
        atlas = None  # a country may be given, or never be asked for
    world = OfflineWorld(atlas=atlas)
    walk: Walk | None = None
    try:
        for facts in facts_for(policy, caller, read_line(method, url.strip()), DEFAULT_AT, "explain"):
            walk = walk_through(policy, facts, world.of(facts))
            if walk.denial is not None or stays_closed(walk):
                break
    except (BadRequestLine, NotKept) as wrong:
        raise typer.BadParameter(str(wrong), param_hint="METHOD URL") from wrong
    if walk is None:
        raise AssertionError("every request has facts")
    return walk, _would(walk, OfflineWorld(atlas=atlas))


def _would(walk: Walk, world: OfflineWorld) -> Would | None:
    """Return the second verdict with fresh counters; None where it cannot be told."""
    try:
        second = try_out(walk, world.of(walk.facts))
    except (NotKept, DatabaseError):
        return None
    return second.would() if second is not None else None


def _from_recording(policy: Policy, where: str) -> tuple[Walk, str]:
    """Walk one request of a recording, after all those before it; also return why it is only a `maybe`."""
    path, _, number = where.rpartition(":")
    if not path or not number.isdigit() or int(number) < 1:
        raise typer.BadParameter(f"`{where}` is not `FILE:N`, with N from 1", param_hint="--flow")
    judged = judge_files(policy, [path], most=int(number))
    if len(judged) < int(number):
        raise typer.BadParameter(f"`{path}` holds {len(judged)} requests", param_hint="--flow")
    return judged[-1].walk, judged[-1].maybe
