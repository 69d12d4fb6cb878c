"""A small policy for what is said of policies as wholes: visitors, customers, partners with keys, administrators."""

from __future__ import annotations

from parclose.policy.cells import Cell, Ground
from parclose.policy.model import Policy
from tests.policy.shop import changed, load_text

BACK = """\
segments:
  back:
    match: {hosts: [back.example], clients: [web]}
    network: {allow: [vpn], deny_geo: [nordic]}
    roles: {any: [admin, clerk]}
    routes:
      "read /**": authenticated
      "write /**": {scopes: orders:write, cost: 2}
    limits: {steady: {key: subject, rate: 5/s, burst: 10}}
  partners:
    match: {hosts: [partners.example], clients: [partner]}
    routes:
      "GET /{tenant}/orders/{id:uuid}": {bind: {tenant: identity.tenant}}
    limits: {steady: {key: tenant, rate: 5/s}}
"""
PIECES = (("segments:\n", BACK), ("  admin: {", "  clerk: {}\n  admin: {"))


def text(*changes: tuple[str, str]) -> str:
    """Return the policy's text with pieces replaced."""
    return changed(*PIECES, *changes)


def policy(*changes: tuple[str, str]) -> Policy:
    """Return the policy with pieces replaced."""
    return load_text(text(*changes))


def cell(of: Policy, route: str, segment: str = "") -> Cell:
    """Return the cell of a route."""
    return next(
        each for each in Ground.of(of).touched() if each.route.key == route and segment in ("", each.segment.name)
    )
