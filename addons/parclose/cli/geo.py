"""`parclose geo`: the databases of countries and networks that a policy names, and what they say of an address."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address
from typing import Annotated

import typer

from parclose.cli.geo_install import install
from parclose.cli.output import Exit, JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyArgument, PolicyOption, find_policy, load_policy
from parclose.policy.model import Geo, Policy
from parclose.stores.geoip import Database, DatabaseError, GeoAtlas

DAY_S = 86_400

geo = typer.Typer(no_args_is_help=True, help="Countries and networks of addresses, and the databases that tell them.")
geo.command("install")(install)

Form = Annotated[JsonOrText, typer.Option("--format", help="How to write it.")]


@geo.command()
def status(where: PolicyArgument = "", policy: PolicyOption = "", form: Form = JsonOrText.TEXT) -> None:
    """Name the databases of a policy: maker, families, age, and whether they can be used.

    Exits with 1 when one cannot be used or is older than `max_age`, and with 3 when the policy cannot be loaded.
    """
    loaded = load_policy(find_policy(where, policy), as_json=form is JsonOrText.JSON)
    told = [_told(role, path, loaded.geo) for role, path in named(loaded) if loaded.geo is not None]
    failed = any(one["state"] != "good" for one in told)
    code = Exit.FAILED if failed else Exit.OK
    if form is JsonOrText.JSON:
        show_json({"databases": told, "exit": int(code)})
    else:
        show("\n".join(line for one in told for line in _lines(one)) or "the policy names no database")
    raise typer.Exit(code)


@geo.command()
def lookup(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="IPv4 or IPv6.", show_default=False)],
    policy: PolicyOption = "",
    form: Form = JsonOrText.TEXT,
) -> None:
    """Say where addresses lie, and in which zones of a policy.

    Exits with 2 for what is no address, and with 3 when the policy or a database cannot be used.
    """
    loaded = load_policy(find_policy(policy), as_json=form is JsonOrText.JSON)
    try:
        atlas = GeoAtlas(*(loaded.geo.country_db, loaded.geo.asn_db) if loaded.geo is not None else ())
    except DatabaseError as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.INVALID) from None
    found = [_placed(text, atlas, loaded) for text in addresses]
    if form is JsonOrText.JSON:
        show_json({"addresses": found, "exit": int(Exit.OK)})
        return
    for one in found:
        show(_line(one, loaded.geo))


def named(policy: Policy) -> tuple[tuple[str, str], ...]:
    """Return field and path of each database that a policy names."""
    if policy.geo is None:
        return ()
    both = (("country_db", policy.geo.country_db), ("asn_db", policy.geo.asn_db))
    return tuple((role, path) for role, path in both if path)


def _told(role: str, path: str, rules: Geo) -> dict[str, object]:
    """Return what there is to say of a database."""
    said: dict[str, object] = {"field": role, "path": path, "max_age_s": rules.max_age_s}
    try:
        database = Database(path)
    except DatabaseError as wrong:
        return said | {"state": "unusable", "problem": str(wrong)}
    age_s = time.time() - database.built_at
    said |= {"kind": database.kind, "built_at": database.built_at, "age_s": int(age_s), "ipv6": database.takes_v6}
    said["holds"] = sorted(database.holds)
    if role.removesuffix("_db") not in database.holds:
        wants = "no country" if role == "country_db" else "no network"
        return said | {"state": "unusable", "problem": f"its records tell {wants}; is it the right database?"}
    too_old = rules.max_age_s is not None and age_s > rules.max_age_s
    return said | {"state": "old" if too_old else "good"}


def _lines(told: dict[str, object]) -> list[str]:
    """Return a database in words."""
    lines = [f"{told['field']:<10}  {told['path']}"]
    if "kind" in told:
        built = datetime.fromtimestamp(float(str(told["built_at"])), UTC).strftime("%Y-%m-%d")
        families = "IPv4 and IPv6" if told["ipv6"] else "IPv4 alone"
        lines.append(f"  {told['kind']}, {families}, built {built}, {_days(told['age_s'])} ago")
    if told["state"] == "old":
        lines.append(f"  OLD: `geo.max_age` is {_days(told['max_age_s'])}; fetch a newer build")
    if told["state"] == "unusable":
        lines.append(f"  UNUSABLE: {told['problem']}")
    return lines


def _days(seconds: object) -> str:
    """Return a number of whole days."""
    days = int(float(str(seconds)) // DAY_S)
    return f"{days} day{'' if days == 1 else 's'}"


def _placed(text: str, atlas: GeoAtlas, policy: Policy) -> dict[str, object]:
    """Return what is known of an address, or end the command where it is none."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        show(f"`{text}` is no address", error=True)
        raise typer.Exit(Exit.USAGE) from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    place = atlas.locate(str(address))
    zones = policy.zones.names(policy.zones.mask(address, time.time()))
    return {"address": str(address), "country": place.country, "asn": place.asn, "zones": list(zones)}


def _line(found: dict[str, object], rules: Geo | None) -> str:
    """Return an address in words."""
    country = found["country"] or "country unknown"
    if found["country"] is None and rules is not None:
        country = f"country unknown (geo rules {'refuse' if rules.on_unknown == 'deny' else 'let through'})"
    parts = [str(country), *([f"AS{found['asn']}"] if found["asn"] is not None else [])]
    zones = found["zones"]
    said = ", ".join(zones) if isinstance(zones, list) else ""
    return f"{found['address']}  {'  '.join(parts)}  zones: {said or 'none'}"
