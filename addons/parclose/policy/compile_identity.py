"""Scopes, roles, attributes and client types: as written to as used."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from parclose.policy.compile_certificates import certificate_match
from parclose.policy.compile_issuers import claim_path
from parclose.policy.desk import Desk, cycles
from parclose.policy.identity import Attribute, Clients, Recogniser
from parclose.policy.nodes import Text
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_identity import RecogniserSpec

RESERVED = ("anonymous", "unrecognized", "any")


def compile_scopes(desk: Desk) -> None:
    """Close scopes over `implies`, and roles over what they grant."""
    spec = desk.spec
    implies: dict[str, list[str]] = {}
    for name, scope in spec.scopes.items():
        implies[str(name)] = [
            str(other)
            for other in scope.implies or ()
            if desk.knows(other, spec.scopes, "scope", id="REF003", section="scopes")
        ]
    for ring in cycles(implies):
        at = next(name for name in spec.scopes if name == ring[0])
        desk.report(
            "REF004", at.mark, f"scope {' -> '.join(f'`{name}`' for name in (*ring, ring[0]))} implies itself",
            fix="leave one `implies` out", text=at,
        )  # fmt: skip
    desk.scopes = {name: _closure(name, implies) for name in implies}
    for name, role in spec.roles.items():
        held: set[str] = set()
        for scope_name in role.grants or ():
            if desk.knows(scope_name, spec.scopes, "scope", id="REF003", section="scopes"):
                held |= desk.scopes[scope_name]
        desk.roles[str(name)] = frozenset(held)


def _closure(name: str, implies: dict[str, list[str]]) -> frozenset[str]:
    found, left = {name}, [name]
    while left:
        for other in implies[left.pop()]:
            if other not in found:
                found.add(other)
                left.append(other)
    return frozenset(found)


def compile_attributes(desk: Desk) -> None:
    """Read all attributes; a closed one's default is one of its values."""
    for name, spec in desk.spec.attributes.items():
        if spec.values is not None and spec.default is not None and spec.default not in spec.values:
            desk.knows(spec.default, spec.values, "value")
        if spec.on_unknown == "default" and spec.default is None:
            desk.report(
                "TYP003", spec.value_at("on_unknown"), f"attribute `{name}` has no default", fix="add `default: ...`"
            )
        if spec.values is not None and "other" in spec.values:
            at = next(value for value in spec.values if value == "other")
            desk.report("TYP002", at.mark, "value `other` is reserved", fix="choose another word", text=at)
        desk.attributes[str(name)] = Attribute(
            name=str(name),
            claim=claim_path(spec.claim),
            values=None if spec.values is None else frozenset(map(str, spec.values)),
            default=None if spec.default is None else str(spec.default),
            on_unknown=spec.on_unknown,
        )


def compile_clients(desk: Desk) -> None:
    """Read all client types; a caller has exactly one, so that no two may claim the same one."""
    found: list[tuple[Recogniser, Written]] = []
    hints: dict[str, tuple[str, ...]] = {}
    for name, spec in desk.spec.clients.items():
        if name in RESERVED:
            desk.report("TYP002", name.mark, f"client type `{name}` is reserved", fix="choose another name", text=name)
        if spec.hint is not None:
            hints[str(name)] = tuple(map(str, spec.hint.user_agent))
            continue
        if not spec.recognisers:
            desk.report(
                "TYP003",
                name.mark,
                f"client type `{name}` has no recogniser",
                fix="write `[{token: {issuer: ...}}]`",
                text=name,
            )
        for item in spec.recognisers or ():
            made = _recogniser(desk, name, item)
            if made is not None:
                found.append((made, item))
    for (one, _), (other, at) in combinations(found, 2):
        if one.client_type != other.client_type and one.conditions == other.conditions:
            _apart(desk, one, other, at)
    order = sorted((recogniser for recogniser, _ in found), key=lambda item: -item.conditions)
    names = frozenset(str(name) for name in desk.spec.clients if name not in hints)
    desk.clients = Clients(recognisers=tuple(order), hints=hints, names=names)


def _recogniser(desk: Desk, client_type: Text, spec: RecogniserSpec) -> Recogniser | None:
    token, key = spec.token, spec.api_key
    if token is None and key is None and spec.mtls is None:
        desk.report("TYP003", spec.mark, "a recogniser without condition", fix="write `{token: {issuer: ...}}`")
        return None
    if token is not None and not desk.knows(token.issuer, desk.spec.issuers, "issuer", section="issuers"):
        return None
    if key is not None and not desk.knows(key.store, desk.spec.api_keys, "key store", section="api_keys"):
        return None
    certificate = certificate_match(desk, spec.mtls) if spec.mtls is not None else None
    if spec.mtls is not None and certificate is None:
        return None
    clients = token.client or [] if token else []
    for text in clients:
        if "*" in text[:-1] or text == "*":
            desk.report(
                "TYP002", text.mark, f"`{text}`: `*` stands at the end only", text=text,
                fix="write an id, or a beginning and `*`; leave `client` out for any client",
            )  # fmt: skip
    ids = key.ids or [] if key else []
    store = desk.key_stores.get(key.store) if key else None
    for key_id in ids:
        if store is not None:
            desk.knows(key_id, store.records, "key id")
    return Recogniser(
        client_type=str(client_type),
        issuer=str(token.issuer) if token else "",
        exact=frozenset(str(text) for text in clients if not text.endswith("*")),
        prefixes=tuple(str(text[:-1]) for text in clients if text.endswith("*")),
        store=str(key.store) if key else "",
        ids=frozenset(map(str, ids)),
        certificate=certificate,
        conditions=sum(map(bool, (token, clients, key, ids))) + (certificate.conditions if certificate else 0),
        where=where(spec.mark),
    )


def _apart(desk: Desk, one: Recogniser, other: Recogniser, at: Written) -> None:
    if one.issuer != other.issuer or one.store != other.store:
        return
    if (one.certificate is None) is not (other.certificate is None):
        return
    witness = []
    if one.issuer:
        client = _common_client(one, other)
        if client is None:
            return
        witness.append(f"a token of `{one.issuer}`" + (f" with client `{client}`" if client else ""))
    if one.store:
        ids = one.ids & other.ids if one.ids and other.ids else one.ids | other.ids
        if one.ids and other.ids and not ids:
            return
        witness.append(f"a key of `{one.store}`" + (f" with id `{min(ids)}`" if ids else ""))
    if one.certificate is not None and other.certificate is not None:
        certificate = one.certificate.common(other.certificate)
        if certificate is None:
            return
        witness.append(certificate)
    both = f"client types `{one.client_type}` and `{other.client_type}` both claim {' and '.join(witness)}"
    desk.report("CLI002", at.mark, both, fix=f"add a condition to one of them; the other is at {one.where}")


def _common_client(one: Recogniser, other: Recogniser) -> str | None:
    """Return a client id that both take, "" when both take any, None when there is none."""
    if not (one.exact or one.prefixes) and not (other.exact or other.prefixes):
        return ""
    for text in sorted({*one.exact, *other.exact, *one.prefixes, *other.prefixes}):
        tried = text if text in one.exact or text in other.exact else text + "x"
        asked = (replace(one, certificate=None), replace(other, certificate=None))
        if all(
            each.accepts(issuer=each.issuer, client=tried, store=each.store, key_id=min(each.ids, default=""))
            for each in asked
        ):
            return tried
    return None
