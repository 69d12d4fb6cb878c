"""Key sets and API keys: as written to as used; no secret may stand in either."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256

from parclose.policy.desk import Desk
from parclose.policy.errors import ScalarError
from parclose.policy.identity import KeyRecord, KeyStore
from parclose.policy.nodes import Entries, Items, Mark, Node, Text, place_of
from parclose.policy.scalars import instant
from parclose.policy.schema import decode
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_identity import IssuerSpec, KeyFile, KeyRecordSpec, KeyStoreSpec
from parclose.policy.segment import SecretRef

# Source: RFC 7518 section 6 and RFC 8037 section 2.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_PUBLIC = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_HASH = re.compile(r"(sha256|hmac-sha256):([0-9a-f]{64})")
_KEY_ID = re.compile(r"[a-z0-9_-]+")


def plain(node: Node) -> object:
    """Return a tree as plain values: unquoted numbers, `true` and `false` are what JSON makes of them."""
    if isinstance(node, Entries):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node]
    if node is None:
        return None
    if node.plain and re.fullmatch(r"true|false|-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,17})?", node):
        value: object = json.loads(node)
        return value
    return str(node)


def read_jwks(desk: Desk, name: Text, spec: IssuerSpec) -> tuple[tuple[Mapping[str, object], ...], str]:
    """Return an issuer's public keys, and a digest that changes with them."""
    node: Node
    at = spec.at("jwks")
    if spec.jwks_file is not None:
        content = desk.source.fetch(spec.jwks_file)
        if content is None:
            return (), ""
        at, known = spec.jwks_file.mark, len(desk.source.findings)
        node = desk.source.tree(str(spec.jwks_file), content)
        if len(desk.source.findings) > known:
            return (), ""
    else:
        node = spec.jwks
    keys = node.get(Text("keys")) if isinstance(node, Entries) else None
    if not isinstance(keys, Items) or not keys:
        desk.report("REF005", at, f"issuer `{name}` has no keys", fix="write a JWK set: `{keys: [...]}`")
        return (), ""
    found = tuple(key for item in keys if (key := _jwk(desk, item, place_of(item, at))) is not None)
    digest = sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return found, digest


def _jwk(desk: Desk, node: Node, mark: Mark) -> Mapping[str, object] | None:
    if not isinstance(node, Entries):
        desk.report("REF005", mark, "a key of a key set is a mapping", fix="write `{kty: EC, ...}`")
        return None
    for part in _PRIVATE:
        if part in node:
            desk.report(
                "KEY001", node.key_mark(part), f"a private key: it holds `{part}`",
                fix="keep the public half only, and replace the key: it has been written down", text=part,
            )  # fmt: skip
            return None
    kind = str(node.get(Text("kty"), ""))
    if kind not in _PUBLIC:
        desk.report("REF005", mark, f"key type `{kind}` is none of EC, RSA, OKP", fix="write a public key of those")
        return None
    missing = [part for part in _PUBLIC[kind] if not isinstance(node.get(Text(part)), Text)]
    if missing:
        listed = ", ".join(f"`{part}`" for part in missing)
        desk.report("REF005", mark, f"a key of type {kind} lacks {listed}", fix="copy the whole public key")
        return None
    return {str(key): _text(value) for key, value in node.items()}


def _text(node: Node) -> object:
    if isinstance(node, Items):
        return [_text(item) for item in node]
    return str(node) if isinstance(node, Text) else plain(node)


def compile_key_stores(desk: Desk) -> None:
    """Read all stores of API keys, inline or from their files."""
    for name, spec in desk.spec.api_keys.items():
        if (spec.header is None) == (spec.query is None):
            desk.report(
                "TYP003", spec.mark, f"key store `{name}` needs one of `header` and `query`",
                fix="write `header: X-Api-Key`",
            )  # fmt: skip
        if (spec.keys_ is None) == (spec.file is None):
            desk.report(
                "TYP003", spec.mark, f"key store `{name}` needs one of `keys` and `file`", fix="write `file: keys.yaml`"
            )
            continue
        pepper = (
            SecretRef(source="env", name=str(spec.hash_env), where=where(spec.at("hash_env")))
            if spec.hash_env
            else None
        )
        desk.key_stores[name] = KeyStore(
            name=str(name),
            header=(spec.header or "").lower(),
            query=str(spec.query or ""),
            records=_records(desk, spec),
            pepper=pepper,
            where=where(name.mark),
        )


def _records(desk: Desk, spec: KeyStoreSpec) -> dict[str, KeyRecord]:
    written = spec.keys_ or []
    if spec.file is not None:
        content = desk.source.fetch(spec.file)
        if content is None:
            return {}
        node = desk.source.tree(str(spec.file), content)
        decoded = decode(KeyFile, node, desk.source) if node is not None else None
        written = (decoded.records or []) if decoded else []
    found: dict[str, KeyRecord] = {}
    hashes: dict[bytes, str] = {}
    for record in written:
        made = _record(desk, spec, record)
        if made is None:
            continue
        if made.id in found:
            desk.report(
                "KEY004", record.value_at("id"), f"key id `{made.id}` is taken, at {found[made.id].where}",
                fix="remove one, or give it another id", text=made.id,
            )  # fmt: skip
        elif made.digest in hashes:
            desk.report(
                "KEY004", record.value_at("hash"), f"keys `{hashes[made.digest]}` and `{made.id}` have one hash",
                fix="make a new key for one of them",
            )  # fmt: skip
        else:
            found[made.id] = made
            hashes[made.digest] = made.id
    return found


def _record(desk: Desk, store: KeyStoreSpec, spec: KeyRecordSpec) -> KeyRecord | None:
    match = _hash(desk, store, spec)
    if not _KEY_ID.fullmatch(spec.id):
        desk.report(
            "TYP002", spec.value_at("id"), f"`{spec.id}` is no key id", fix="use a-z, 0-9, _ and -", text=spec.id
        )
        return None
    expires = None if spec.expires == "never" else _time(desk, spec, spec.expires)
    scopes = [s for s in spec.scopes or () if desk.knows(s, desk.scopes, "scope", id="REF003", section="scopes")]
    roles = [r for r in spec.roles or () if desk.knows(r, desk.roles, "role", section="roles")]
    attributes = {
        str(name): str(value)
        for name, value in (spec.attributes or {}).items()
        if desk.knows(name, desk.attributes, "attribute", section="attributes")
    }
    zones = desk.zone_mask(spec.zones) if spec.zones is not None else None
    not_before = _time(desk, spec, spec.not_before) if spec.not_before else None
    if match is None:
        return None
    return KeyRecord(
        id=str(spec.id),
        algorithm=match[1],
        digest=bytes.fromhex(match[2]),
        client=str(spec.client or ""),
        tenant=str(spec.tenant or ""),
        scopes=frozenset(map(str, scopes)),
        roles=frozenset(map(str, roles)),
        attributes=attributes,
        zones=zones,
        not_before=not_before,
        expires=expires,
        where=where(spec.mark),
    )


def _time(desk: Desk, spec: Written, text: Text) -> float | None:
    try:
        return instant(text)
    except ScalarError as error:
        fix = f"{error.fix}, or `never`" if "expires" in spec.node and spec.node[Text("expires")] is text else error.fix
        desk.report("TYP002", text.mark, error.message, fix=fix, text=text)
        return None


def _hash(desk: Desk, store: KeyStoreSpec, spec: KeyRecordSpec) -> re.Match[str] | None:
    text, at = spec.hash, spec.value_at("hash")
    match = _HASH.fullmatch(text)
    if match:
        if match[1] == "hmac-sha256" and store.hash_env is None:
            desk.report("KEY002", at, "`hmac-sha256` needs a pepper", fix="add `hash_env: NAME` to the key store")
        return match
    make = "write `sha256:` and the 64 hexadecimal digits of the SHA-256 of the whole key text"
    if re.fullmatch(r"(?:[a-z0-9-]+:)?[0-9A-Fa-f]*", text) or re.match(r"[a-z0-9-]+:|\$", text):
        desk.report("KEY002", at, "a weak or malformed hash", fix=make)
    else:
        # INVARIANT: the finding never quotes the value; the line it quotes is the author's own.
        desk.report("KEY001", at, "a secret in clear text where its hash belongs", fix=make)
    return None
