"""`parclose key list`: which API keys a policy knows, whose they are, what they carry, and when they end."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from parclose.cli.key_store import chosen_store
from parclose.cli.output import JsonOrText, show, show_json
from parclose.cli.policy_file import PolicyArgument, PolicyOption, find_policy, load_policy
from parclose.policy.identity import KeyRecord, KeyStore

DAY_S = 86_400
SOON_DAYS = 30  # what ends sooner is said in days


def list_keys(
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    store: Annotated[str, typer.Option("--store", metavar="NAME", help="Only the keys of this store.")] = "",
    form: Annotated[JsonOrText, typer.Option("--format", help="How to write the report.")] = JsonOrText.TEXT,
) -> None:
    """Name the keys of a policy, by store; hashes are not shown.

    Exits with 3 when the policy cannot be loaded.
    """
    loaded = load_policy(find_policy(where, policy), as_json=form is JsonOrText.JSON)
    stores = [chosen_store(loaded, store)] if store else list(loaded.key_stores.values())
    now = time.time()
    if form is JsonOrText.JSON:
        show_json({"keys": [_told(each, record, now) for each in stores for record in each.records.values()]})
        return
    said = [_section(each, now) for each in stores]
    show("\n\n".join(said) or "the policy has no key stores")


def _section(store: KeyStore, now: float) -> str:
    place = f"header {store.header}" if store.header else f"query {store.query}"
    count = len(store.records)
    lines = [f"{store.name}  {count} key{'' if count == 1 else 's'}  {place}  {store.where}"]
    wide = max((len(key_id) for key_id in store.records), default=0)
    for record in store.records.values():
        carried = [f"client {record.client}"] if record.client else []
        carried += [f"tenant {record.tenant}"] if record.tenant else []
        carried += [*sorted(record.scopes), *(f"role {role}" for role in sorted(record.roles))]
        lines.append(f"  {record.id:<{wide}}  {_life(record, now)}")
        lines.extend([f"  {'':<{wide}}  {', '.join(carried)}"] if carried else [])
    return "\n".join(lines)


def state(record: KeyRecord, now: float) -> str:
    """Return `good`, `not_yet` or `expired`; a key is expired from the moment on at which it ends."""
    if record.expires is not None and now >= record.expires:
        return "expired"
    return "not_yet" if record.not_before is not None and now < record.not_before else "good"


def _life(record: KeyRecord, now: float) -> str:
    """Return one phrase on when a key is good."""
    if record.expires is None:
        end = "never ends"
    elif now >= record.expires:
        return f"EXPIRED {_day(record.expires)}"
    else:
        days = int((record.expires - now) // DAY_S)
        left = f" ({days} day{'' if days == 1 else 's'} left)" if days < SOON_DAYS else ""
        end = f"until {_day(record.expires)}{left}"
    return f"from {_day(record.not_before)}, {end}" if record.not_before and now < record.not_before else end


def _day(moment: float) -> str:
    said = datetime.fromtimestamp(moment, UTC).isoformat(timespec="minutes").removesuffix("+00:00")
    return said.removesuffix("T00:00")


def _told(store: KeyStore, record: KeyRecord, now: float) -> dict[str, object]:
    def at(moment: float | None) -> str | None:
        return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()

    return {
        "store": store.name,
        "id": record.id,
        "state": state(record, now),
        "client": record.client or None,
        "tenant": record.tenant or None,
        "scopes": sorted(record.scopes),
        "roles": sorted(record.roles),
        "attributes": dict(record.attributes),
        "not_before": at(record.not_before),
        "expires": at(record.expires),
        "where": record.where,
    }
