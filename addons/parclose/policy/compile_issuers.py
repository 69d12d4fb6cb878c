"""Issuers: where their keys come from, what their tokens must say, and which of them are revoked."""

from __future__ import annotations

from parclose.policy.compile_forward import secret
from parclose.policy.compile_keys import read_jwks
from parclose.policy.desk import Desk
from parclose.policy.identity import ClaimMap, ClaimPath, Introspection, Issuer
from parclose.policy.nodes import Items, Node, Text
from parclose.policy.schema_base import noun, where
from parclose.policy.schema_identity import IssuerSpec

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SOURCES = ("discovery", "jwks_url", "jwks_file", "jwks", "introspection")


def claim_path(text: str) -> ClaimPath:
    """Return the path of a claim, parted at dots; a name that is a URL (`https://acme.example/roles`) is one name."""
    return (text,) if "://" in text else tuple(text.split("."))


def compile_issuers(desk: Desk) -> None:
    """Read all issuers and the keys of those that hold theirs."""
    of_iss: dict[str, Text] = {}
    for name, spec in desk.spec.issuers.items():
        _no_plain_http(desk, spec)
        made = _issuer(desk, name, spec)
        if made is None:
            continue
        first = of_iss.setdefault(made.iss, name) if made.iss else name
        if first is not name:
            place = "issuer" if spec.issuer is not None else "discovery"
            desk.report(
                "AUT005", spec.value_at(place), f"issuers `{first}` and `{name}` expect one `iss`",
                fix="bring both together, or correct one `issuer`", text=made.iss,
            )  # fmt: skip
        desk.issuers[str(name)] = made


def _no_plain_http(desk: Desk, spec: IssuerSpec) -> None:
    urls = [("discovery", spec.discovery), ("jwks_url", spec.jwks_url)]
    urls += [("introspection", spec.introspection.url)] if spec.introspection is not None else []
    for key, url in urls:
        if url is not None and url.startswith("http://"):
            desk.report("AUT001", url.mark, f"`{key}` over http", fix=f"write `https://{url[7:]}`", text=url)


def _source(desk: Desk, name: Text, spec: IssuerSpec) -> str:
    """Return the one key that says where an issuer's keys come from, or "" after it was reported."""
    written = [key for key in SOURCES if getattr(spec, key) is not None]
    if len(written) == 1:
        return written[0]
    known = ", ".join(f"`{key}`" for key in SOURCES)
    if written:
        at, text = spec.at(written[1]), written[1]
        listed = " and ".join(f"`{key}`" for key in written)
        desk.report("TYP003", at, f"issuer `{name}` has {listed}", fix="keep one: keys have one source", text=text)
    else:
        desk.report("TYP003", name.mark, f"issuer `{name}` needs one of {known}", fix="write one", text=name)
    return ""


def _issuer(desk: Desk, name: Text, spec: IssuerSpec) -> Issuer | None:
    source = _source(desk, name, spec)
    if not source:
        return None
    iss = spec.issuer or spec.discovery
    _look_at_claims(desk, name, spec, opaque=source == "introspection", iss=iss)
    local = source in {"jwks", "jwks_file"}
    keys, digest = read_jwks(desk, name, spec) if local else ((), "")
    if iss is None and source != "introspection":
        return None
    return Issuer(
        name=str(name),
        iss=str(iss or ""),
        audience=frozenset(map(str, spec.audience or ())),
        algorithms=_algorithms(desk, spec),
        keys=keys,
        keys_digest=digest,
        token_type=str(spec.token_type or ""),
        leeway_s=30.0 if spec.leeway is None else spec.leeway,
        max_age_s=spec.max_age,
        require=("subject",) if spec.require is None else tuple(spec.require),
        claims=_claims(desk, spec),
        source="keys" if local else source,
        url=str(spec.discovery or spec.jwks_url or ""),
        introspection=_introspection(desk, spec),
        stale_keys_s=86_400.0 if spec.stale_keys is None else spec.stale_keys,
        sender_constrained=spec.sender_constrained,
        revoked=_revoked(desk, spec.revoked) if spec.revoked is not None else frozenset(),
        where=where(name.mark),
    )


def _look_at_claims(desk: Desk, name: Text, spec: IssuerSpec, *, opaque: bool, iss: Text | None) -> None:
    """Report what an issuer's tokens would have to say, and do not."""
    if not spec.audience and not opaque:
        desk.report(
            "AUT003", name.mark, f"issuer `{name}` has no audience", text=name,
            fix="add `audience: [...]`: without it tokens made for others would pass",
        )  # fmt: skip
    if opaque and spec.sender_constrained != "none":
        desk.report(
            "AUT010", spec.value_at("sender_constrained"), f"issuer `{name}` has opaque tokens, which carry no `cnf`",
            fix="remove `sender_constrained`, or take signed tokens", text=spec.sender_constrained,
        )  # fmt: skip
    if iss is None and not opaque:
        desk.report(
            "TYP003", name.mark, f"issuer `{name}` lacks `issuer`", fix="add `issuer: <iss of tokens>`", text=name
        )


def _introspection(desk: Desk, spec: IssuerSpec) -> Introspection | None:
    written = spec.introspection
    ref = secret(desk, written.client_secret) if written is not None else None
    if written is None or ref is None:
        return None
    return Introspection(
        url=str(written.url),
        client_id=str(written.client_id),
        client_secret=ref,
        timeout_s=1.0 if written.timeout is None else written.timeout,
        cache_s=30.0 if written.cache is None else written.cache,
        negative_cache_s=10.0 if written.negative_cache is None else written.negative_cache,
    )


def _revoked(desk: Desk, file: Text) -> frozenset[tuple[str, str]]:
    """Return what a file of lines `jti VALUE` and `sub VALUE` revokes; a file of comments alone revokes nothing."""
    content = desk.source.fetch(file, absolute=True)
    if content is None:
        return frozenset()
    found = set()
    for number, line in enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1):
        text = line.partition("#")[0].strip()
        claim, _, value = text.partition(" ")
        if not text:
            continue
        if claim not in {"jti", "sub"} or not value.strip() or "\N{REPLACEMENT CHARACTER}" in value:
            desk.report(
                "REF005", file.mark, f"file `{file}`, line {number}: `{text}` revokes nothing",
                fix="write `jti VALUE` or `sub VALUE`, one a line", text=file,
            )  # fmt: skip
            break
        found.add((claim, value.strip()))
    return frozenset(found)


def _algorithms(desk: Desk, spec: IssuerSpec) -> frozenset[str]:
    if spec.algorithms is None:
        return frozenset({"RS256", "ES256"})
    if not spec.algorithms:
        desk.report("AUT002", spec.at("algorithms"), "no algorithm is accepted", fix="write `[RS256, ES256]`")
    found = set()
    for text in spec.algorithms:
        if text.lower() == "none" or text.upper().startswith("HS"):
            desk.report(
                "AUT002", text.mark, f"algorithm `{text}` proves nothing with public keys",
                fix="write one of RS256, ES256, EdDSA", text=text,
            )  # fmt: skip
        elif desk.knows(text, ALGORITHMS, "algorithm", id="TYP002"):
            found.add(str(text))
    return frozenset(found)


def _claims(desk: Desk, spec: IssuerSpec) -> ClaimMap:
    if spec.claims is None:
        return ClaimMap()
    given: dict[str, tuple[ClaimPath, ...]] = {}
    for field in ("subject", "client", "scopes", "roles", "tenant"):
        node: Node = getattr(spec.claims, field)
        if node is None:
            continue
        items = node if isinstance(node, Items) else [node]
        if not items or not all(isinstance(item, Text) and item for item in items):
            desk.report(
                "TYP002", spec.claims.value_at(field), f"expected a claim path, found {noun(node)}",
                fix="write `realm_access.roles`, or a list of which the first present one counts",
            )  # fmt: skip
            continue
        given[field] = tuple(claim_path(str(item)) for item in items)
    return ClaimMap(**given)
