"""A policy of two files in which values come from everywhere, and what holds in it."""

from __future__ import annotations

from parclose.policy.desk import Desk
from parclose.policy.effective import Effective, effective
from parclose.policy.load import examine
from parclose.policy.model import Policy

ROOT = """\
version: 1
name: shop
include:
  - file: team.yaml
    owner: team-web
    may: {paths: [/v1/**], listeners: [edge, out], define: [profiles]}
settings:
  listeners: {edge: {port: 8443, kind: reverse}, out: {port: 3128, kind: forward}}
  errors: {detail: full, realm: everyone}
  forward: {credentials: strip}
audit: {allow_sample: 10%, redact: {ip: hash}}
issuers: {login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}}
clients: {web: [{token: {issuer: login, client: [web]}}]}
scopes: {a:read: {}, a:write: {}, b:read: {}}
roles: {staff: {}, admin: {}}
zones: {office: [198.51.100.0/26], lab: [203.0.113.0/24]}
limits:
  daily: {key: subject|ip, rate: 100/h}
profiles:
  default:
    max_body: 1MiB
    limits: {day: daily, steady: {key: ip, rate: 1/s}}
  # What all of the office have in common.
  office:
    network: {allow: [office], deny_as: 404}
    roles: {any: [staff, admin]}
    audit: {allow_sample: 50%}

segments:
  bare:
    match: {clients: [web]}
    routes: {"GET /": authenticated}
"""
TEAM = """\
profiles:
  mine:
    network: {deny: [lab]}
    scopes: {read: a:read, write: {all: [a:write, b:read]}}
    route_sets: [pages]

route_sets:
  pages:
    "GET /v1/pages": public
    "read /v1/x/**": {cost: 2}
    "any /v1/y": {roles: {all: [admin]}, about: both}

segments:
  app:
    about: >
      The app,
      folded
    use: [office, mine]
    match: {paths: [/v1/**], clients: [web, anonymous]}
    network: {allow: [office, lab]}
    limits: {steady: ~}
    max_body: ~
    routes:
      "GET /v1/one": b:read
      "POST /v1/one": {scopes: none, roles: ~}
      "GET /v1/pages": {open: true, override: true}
      "PUT /v1/two": {mode: "off", scopes: b:read}
  out:
    match: {listeners: [out], paths: [/v1/**], clients: [web]}
    routes: {"GET /v1/**": authenticated}
  parked:
    mode: "off"
    match: {paths: [/v1/z], clients: [web]}
    routes: {"GET /v1/z": a:read}
"""
KEYS = '{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "eA", "y": "eQ"}]}'
FILES = {"policy.yaml": ROOT, "team.yaml": TEAM, "keys.json": KEYS}


def opened() -> tuple[Desk, Policy]:
    """Return the policy, with the desk it was compiled on."""
    found = examine("policy.yaml", lambda path: FILES[path].encode())
    assert found.desk is not None, [finding.render() for finding in found.findings if finding.blocks]
    assert found.policy is not None
    return found.desk, found.policy


def holds(name: str) -> Effective:
    """Return what holds for a segment."""
    desk, policy = opened()
    return effective(desk, name, (policy.shadow or policy).segments.get(name), policy.name)
