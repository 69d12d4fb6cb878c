"""Client certificates as a policy knows them: authorities, and what a certificate must say. Frozen and normalised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from parclose.policy.hosts import HostPattern


class Certified(Protocol):
    """What a verified certificate shows: the authorities that it chains to, and its names."""

    @property
    def cas(self) -> tuple[str, ...]:
        """Names of `client_cas` to which its chain was built."""
        ...

    @property
    def san_dns(self) -> tuple[str, ...]:
        """Its DNS names, lower case."""
        ...

    @property
    def spiffe(self) -> str:
        """Its SPIFFE URI, "" where it has none."""
        ...

    @property
    def subject(self) -> str:
        """Its distinguished name, RFC 4514."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCa:
    """An authority whose client certificates count: its certificates and its revocation lists, DER."""

    name: str
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    revocations: tuple[bytes, ...] = field(default=(), repr=False)
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A set of texts: exact ones, and beginnings. Empty means any."""

    exact: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.exact or self.prefixes)

    def accepts(self, text: str) -> bool:
        """Whether `text` is one of them; "" never is."""
        return text in self.exact or bool(text and self.prefixes and text.startswith(self.prefixes))

    def sample(self, other: Names) -> str | None:
        """Return a text that both take, "" where neither asks, None where there is none."""
        if not self and not other:
            return ""
        for text in sorted({*self.exact, *other.exact, *self.prefixes, *other.prefixes}):
            tried = text if text in self.exact or text in other.exact else text + "x"
            if all(not names or names.accepts(tried) for names in (self, other)):
                return tried
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateMatch:
    """What a recogniser asks of a certificate: its authority, and any-of in each kind of name that is written."""

    ca: str
    san_dns: tuple[HostPattern, ...] = ()
    spiffe: Names = field(default_factory=Names)
    subject: Names = field(default_factory=Names)

    @property
    def conditions(self) -> int:
        """How many conditions it has."""
        return 1 + sum(map(bool, (self.san_dns, self.spiffe, self.subject)))

    def accepts(self, certificate: Certified | None) -> bool:
        """Whether a verified certificate is meant. A wildcard name in a certificate names nobody."""
        if certificate is None or self.ca not in certificate.cas:
            return False
        names = [name for name in certificate.san_dns if "*" not in name]
        if self.san_dns and not any(pattern.matches(name) for pattern in self.san_dns for name in names):
            return False
        if self.spiffe and not self.spiffe.accepts(certificate.spiffe):
            return False
        return not self.subject or self.subject.accepts(certificate.subject)

    def common(self, other: CertificateMatch) -> str | None:
        """Return a certificate that both take, in words, or None; a certificate is taken to have one DNS name."""
        spiffe, subject = self.spiffe.sample(other.spiffe), self.subject.sample(other.subject)
        dns = _common_host(self.san_dns, other.san_dns)
        if self.ca != other.ca or dns is None or spiffe is None or subject is None:
            return None
        names = " and ".join(f"`{name}`" for name in (dns, spiffe, subject) if name)
        return f"a certificate of `{self.ca}`" + (f" with {names}" if names else "")


def _common_host(one: tuple[HostPattern, ...], other: tuple[HostPattern, ...]) -> str | None:
    """Return a host that both take, "" where neither asks, None where there is none."""
    if not one and not other:
        return ""
    for pattern in sorted((*one, *other), key=lambda each: each.rank):
        name = pattern.sample()
        if all(not patterns or any(each.matches(name) for each in patterns) for patterns in (one, other)):
            return name
    return None
