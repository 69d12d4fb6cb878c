"""`parclose who`: everyone who can do something, as requirement sets; or what one persona can."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from parclose.analysis.told import tell_reach, tell_who
from parclose.analysis.who import reach_of, standing, who_can
from parclose.cli.output import Exit, JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyOption, as_json, find_policy, load_policy
from parclose.policy.errors import ScalarError
from parclose.policy.model import Policy
from parclose.policy.requests import RequestPattern
from parclose.stores.geoip import DatabaseError, GeoAtlas


def who(
    request: Annotated[
        str, typer.Argument(metavar='"METHODS URL"', help="One request, or a set: `write https://api.example/v1/**`.")
    ] = "",
    persona: Annotated[str, typer.Option("--as", metavar="PERSONA", help="Instead: what this persona can.")] = "",
    policy: PolicyOption = "",
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write it.")] = JsonOrText.TEXT,
) -> None:
    """Say who can send a request: each segment and route that takes it, with everything that is asked there.

    With `--as` it says what one persona gets at each route, or at those that a request reaches. Exits with 0.
    """
    wants_json = form is JsonOrText.JSON
    if not request and not persona:
        raise typer.BadParameter(
            "give a request, as `METHODS URL`, or `--as PERSONA`, or both", param_hint="METHODS URL"
        )
    asked = _asked(request) if request else None
    loaded = load_policy(find_policy(policy), as_json=wants_json)
    if persona:
        _show_persona(loaded, persona, asked, wants_json=wants_json)
    elif asked is not None:
        found, there = who_can(loaded, asked), standing(loaded, asked)
        if wants_json:
            rows = [asdict(each) for each in found]
            show_json({"policy": as_json(loaded), "who": {"request": str(asked), "routes": rows, "standing": there}})
        else:
            show(tell_who(asked, found, there))
    raise typer.Exit(Exit.OK)


def _asked(request: str) -> RequestPattern:
    """Return the set of requests that is asked about; a query says nothing here."""
    method, blank, url = request.strip().partition(" ")
    try:
        return RequestPattern.parse(f"{method}{blank}{url.partition('?')[0] if 're(' not in url else url}")
    except ScalarError as wrong:
        raise typer.BadParameter(f"{wrong.message}; {wrong.fix}", param_hint="METHODS URL") from wrong


def _show_persona(policy: Policy, name: str, asked: RequestPattern | None, *, wants_json: bool) -> None:
    """Show what a persona gets, route by route."""
    if name not in policy.personas:
        known = ", ".join(f"`{one}`" for one in policy.personas) or "none"
        raise typer.BadParameter(f"persona `{name}` is not in the policy; there are: {known}", param_hint="--as")
    geo = policy.geo
    try:
        atlas = GeoAtlas(geo.country_db, geo.asn_db) if geo is not None else None
    except DatabaseError:
        atlas = None  # a country may be written, or never be asked for
    found = reach_of(policy, policy.personas[name], asked, atlas=atlas)
    if wants_json:
        show_json({"policy": as_json(policy), "who": {"persona": name, "routes": [asdict(each) for each in found]}})
    else:
        show(tell_reach(name, found))
