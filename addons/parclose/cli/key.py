"""`parclose key`: make an API key, or the hash of one. The text of a key is shown once, and never taken from argv."""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
import re
import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from parclose.cli.key_list import list_keys
from parclose.cli.key_store import chosen_store, keep_record
from parclose.cli.output import Exit, show, show_raw
from parclose.cli.policy_file import PolicyOption, find_policy, load_policy
from parclose.policy.errors import ScalarError
from parclose.policy.scalars import instant, scope_name
from parclose.policy.segment import SecretRef
from parclose.stores.files import SecretError
from parclose.stores.files import secret as read_secret

SECRET_BYTES = 24  # 192 bits; a generated key needs 128 to go without a slow hash
LEAST_SECRET_CHARS = 22  # what 128 random bits take in base64url, the densest way that anybody writes them
LIFE_DAYS = 365  # a key that is good for longer is named by KEY003
_ID = re.compile(r"[a-z0-9_-]+")
_NOT_ID = re.compile(r"[^a-z0-9_-]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]*")

key = typer.Typer(no_args_is_help=True, help="Make API keys, and the hashes that stand for them in a policy.")
key.command("list")(list_keys)
Pepper = Annotated[
    str,
    typer.Option("--pepper-env", metavar="NAME", help="The variable of the store's `hash_env`; makes an HMAC."),
]


@key.command("new")
def new(
    *,
    key_id: Annotated[
        str, typer.Option("--id", metavar="ID", help="What names the key: a-z, 0-9, `_` and `-`. Left out: made up.")
    ] = "",
    store: Annotated[
        str, typer.Option("--store", metavar="NAME", help="Add the record to the file of this store of the policy.")
    ] = "",
    client: Annotated[str, typer.Option("--client", metavar="NAME", help="The identity's client.")] = "",
    tenant: Annotated[str, typer.Option("--tenant", metavar="NAME", help="The identity's tenant.")] = "",
    scopes: Annotated[list[str] | None, typer.Option("--scopes", metavar="SCOPE,...", help="Repeatable.")] = None,
    roles: Annotated[list[str] | None, typer.Option("--roles", metavar="ROLE,...", help="Repeatable.")] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="DATE|never", help=f"Left out: {LIFE_DAYS} days from today.")
    ] = "",
    about: Annotated[str, typer.Option("--about", metavar="TEXT", help="What it is for.")] = "",
    pepper_env: Pepper = "",
    policy: PolicyOption = "",
) -> None:
    """Make a key: its text on the first line, this once, then its record, to paste into a file of keys.

    With --store the policy says which pepper there is, and the record goes into the store's own file.
    """
    path = find_policy(policy) if store else ""
    if store:
        pepper = chosen_store(load_policy(path), store).pepper
        pepper_env = pepper_env or (pepper.name if pepper else "")
    key_id = key_id or _made_up(client or tenant or store)
    if not _ID.fullmatch(key_id):
        raise typer.BadParameter(f"`{key_id}` is no key id; use a-z, 0-9, `_` and `-`", param_hint="--id")
    text = f"{key_id}_{secrets.token_hex(SECRET_BYTES)}"
    record: dict[str, str | list[str]] = {"id": key_id, "hash": _digest(text, pepper_env)}
    record |= {name: value for name, value in (("client", client), ("tenant", tenant)) if value}
    for name, written in (("scopes", scopes), ("roles", roles)):
        found = _names(written or [], f"--{name}")
        record |= {name: found} if found else {}
    record["expires"] = _end(expires)
    record |= {"about": about} if about else {}
    line = f"- {{{', '.join(f'{name}: {_yaml(value)}' for name, value in record.items())}}}"
    kept = keep_record(path, store, key_id, line) if store else None
    show_raw(text if kept else f"{text}\n{line}")
    show("the key is on the first line and nowhere else: hand it over, and keep only the record", error=True)
    if store:
        show(f"its record is in {kept}" if kept else f"paste its record into the keys of `{store}`", error=True)


@key.command("hash")
def hash_of(pepper_env: Pepper = "") -> None:
    """Read the text of a key from standard input, and print the hash that a policy holds in its place."""
    # Not from argv: other processes see that, and shells remember it.
    text = getpass.getpass("key: ") if sys.stdin.isatty() else sys.stdin.read(4096)
    text = text.removesuffix("\n").removesuffix("\r")
    key_id, _, secret = text.rpartition("_")
    wrong = ""
    if not _ID.fullmatch(key_id) or not secret or not text.isprintable() or " " in text:
        wrong = "this is no key; write `<id>_<secret>`, one line"
    elif len(secret) < LEAST_SECRET_CHARS:
        wrong = "this secret is too short to hold 128 random bits; make one with `parclose key new`"
    if wrong:
        show(wrong, error=True)  # never the text itself
        raise typer.Exit(Exit.USAGE)
    show_raw(_digest(text, pepper_env))


def _made_up(whose: str) -> str:
    """Return an id that tells people whose key it is, and no two of which are alike."""
    return f"{_NOT_ID.sub('-', whose.lower()).strip('-') or 'key'}-{secrets.token_hex(4)}"


def _digest(text: str, pepper_env: str) -> str:
    """Return the hash of a key's whole text, with the pepper where one is named."""
    raw = text.encode()
    if not pepper_env:
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    try:
        pepper = read_secret(SecretRef(source="env", name=pepper_env, where="--pepper-env"))
    except SecretError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--pepper-env") from None
    return f"hmac-sha256:{hmac.digest(pepper.encode(), raw, 'sha256').hex()}"


def _names(written: list[str], option: str) -> list[str]:
    """Return names of scopes or roles, parted at commas."""
    found = [name.strip() for part in written for name in part.split(",") if name.strip()]
    try:
        return [scope_name(name) for name in found]
    except ScalarError as wrong:
        raise typer.BadParameter(f"{wrong.message}; {wrong.fix}", param_hint=option) from None


def _end(written: str) -> str:
    """Return when a key ends, as a policy writes it."""
    if not written:
        return (datetime.now(UTC) + timedelta(days=LIFE_DAYS)).date().isoformat()
    if written == "never":
        return written
    try:
        instant(written)
    except ScalarError as wrong:
        raise typer.BadParameter(f"{wrong.message}; {wrong.fix}, or `never`", param_hint="--expires") from None
    return written


def _yaml(value: str | list[str]) -> str:
    """Return a value for a line of YAML, in quotes where it could mean something else."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return value if _PLAIN.fullmatch(value) and not value.endswith(":") else json.dumps(value)
