"""What the audit leaves out: addresses cut or hashed, and headers and query names that the policy calls private.

Values of headers other than `User-Agent`, `Origin` and the forwarding one, and of the query, are never kept at all.
A redacted line says so in `redacted`: what was decided by the address cannot be decided again from it.
"""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address, ip_network

from parclose.facts import Facts
from parclose.policy.model import Audit

REDACTED = "redacted"


class Redactor:
    """Redacts as one policy's `audit.redact` says; `key` makes hashes that others cannot undo by trying addresses."""

    def __init__(self, audit: Audit, key: bytes) -> None:
        self._way = audit.redact_ip
        self._key = key
        self._headers = frozenset(name.lower() for name in audit.redact_headers)
        self._query = frozenset(audit.redact_query)
        self.leaves_all = self._way == "full" and not self._headers and not self._query

    @property
    def leaves_addresses(self) -> bool:
        """Whether addresses are kept as they are."""
        return self._way == "full"

    def address(self, text: str) -> str:
        """Return an address as it is kept: whole, its /24 (IPv6: /48), or a keyed hash. "" stays ""."""
        if not text or self._way == "full":
            return text
        if self._way == "hash":
            return "h:" + hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:24]
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return REDACTED  # what is no address may hold one
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))

    def header(self, name: str, value: str) -> str:
        """Return a header's value, or a mark in its place."""
        return REDACTED if value and name in self._headers else value

    def query(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names in a query, private ones marked."""
        return tuple(REDACTED if name in self._query else name for name in names)

    def marks(self, facts: Facts) -> list[str]:
        """Return the members of a line that are not kept as they were."""
        hidden = [] if self.leaves_addresses else ["ip"]
        if facts.forwarded and (hidden or self._headers & {"x-forwarded-for", "forwarded"}):
            hidden.append("xff")
        if facts.user_agent and "user-agent" in self._headers:
            hidden.append("user_agent")
        if facts.origin and "origin" in self._headers:
            hidden.append("origin")
        if not self._query.isdisjoint(facts.query_keys):
            hidden.append("query")
        return hidden
