"""A small valid policy with every section, and the findings of a changed one."""

from __future__ import annotations

from collections.abc import Mapping

from parclose.policy.errors import Finding, PolicyError
from parclose.policy.globs import matches
from parclose.policy.load import load
from parclose.policy.model import Policy

KEYS = '{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "eA", "y": "eQ"}]}'
DIGEST = "0123456789abcdef" * 4

# Every section once; the tests replace pieces of it, so that each row shows one difference.
BASE = """\
version: 1
name: shop
settings:
  listeners:
    edge: {port: 8443, kind: reverse}
    out: {port: 3128, kind: forward}
issuers:
  login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}
api_keys:
  partners: {header: X-Api-Key, keys: [{id: pk_a, hash: "sha256:DIGEST", tenant: a, expires: never}]}
attributes:
  plan: {claim: plan, values: [free, paid], default: free}
  team: {claim: team}
clients:
  web: [{token: {issuer: login, client: [web]}}]
  partner: [{api_key: {store: partners}}]
  script: {hint: {user_agent: ["curl/*"]}}
scopes:
  orders:read: {}
  orders:write: {implies: [orders:read]}
roles:
  admin: {grants: [orders:write]}
zones:
  office: [198.51.100.0/26]
  vpn: [10.20.0.0/16, "2001:db8:20::/48"]
geo:
  country_db: country.mmdb
  sets: {nordic: [DK, NO, SE]}
upstreams:
  orders: {url: "https://orders.example:8443"}
segments:
  shop:
    match: {hosts: [shop.example], clients: [web, anonymous]}
    routes:
      "GET /items": public
      "read /orders/**": orders:read
    limits: {steady: {key: subject|ip, rate: 5/s, burst: 10}}
personas:
  ann: {token: {issuer: login, claims: {sub: u-1, azp: web}}, from: 203.0.113.1}
tests:
  - name: visitors see items
    checks: {"GET https://shop.example/items": allow @shop}
""".replace("DIGEST", DIGEST)


def load_text(text: str, files: Mapping[str, str | bytes] | None = None) -> Policy:
    """Load `text` as `/p/policy.yaml`; `files` lie beside it, and `keys.json` always does."""
    held: dict[str, str | bytes] = {"keys.json": KEYS, **(files or {}), "policy.yaml": text}

    def read(path: str) -> bytes:
        body = held.get(path.removeprefix("/p/"))
        if body is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return body.encode() if isinstance(body, str) else body

    def list_files(folder: str, pattern: str) -> list[str]:
        assert folder == "/p"
        return [name for name in held if matches(pattern, name)]

    return load("/p/policy.yaml", read, list_files=list_files)


def changed(*changes: tuple[str, str]) -> str:
    """Return `BASE` with pieces replaced; each must be there."""
    text = BASE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def findings(text: str, files: Mapping[str, str | bytes] | None = None) -> tuple[Finding, ...]:
    """Return what is wrong with `text`; nothing for a good policy."""
    try:
        load_text(text, files)
    except PolicyError as error:
        return error.findings
    return ()


def ids(text: str, files: Mapping[str, str | bytes] | None = None) -> list[str]:
    """Return the ids of what is wrong with `text`."""
    return [finding.id for finding in findings(text, files)]


def one(text: str, files: Mapping[str, str | bytes] | None = None) -> Finding:
    """Return the only thing that is wrong with `text`."""
    found = findings(text, files)
    assert len(found) == 1, [finding.render() for finding in found]
    return found[0]


def at(finding: Finding, text: str) -> str:
    """Return the text that a finding's carets mark, without the quote before it."""
    line = text.splitlines()[finding.line - 1] if text else ""
    return line[finding.column - 1 :].lstrip("\"'")[: finding.width]


def said(*changes: tuple[str, str], files: Mapping[str, str | bytes] | None = None) -> list[tuple[str, str]]:
    """Return the id of each finding of a changed base, and the text it points to."""
    text = changed(*changes)
    everything = {"policy.yaml": text, "keys.json": KEYS, **(files or {})}
    found = []
    for finding in findings(text, files):
        body = everything[finding.file]
        found.append((finding.id, at(finding, body if isinstance(body, str) else body.decode(errors="replace"))))
    return found
