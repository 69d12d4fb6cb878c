"""Host names as a policy writes them: exact, `*.suffix`, or `*`; in the one form in which hosts are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from parclose.policy.errors import ScalarError

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class HostPattern:
    """A set of hosts. `kind` is `exact`, `suffix` (one or more labels before `name`) or `all` (`name` is "")."""

    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> HostPattern:
        """Return the pattern that `text` says; it must already be in the form in which hosts are compared."""
        if text == "*":
            return cls("all", "")
        if text.startswith("*."):
            return cls("suffix", _normal(text[2:], text, "*."))
        if "*" in text:
            raise ScalarError(
                f"host `{text}`: `*` stands alone or before a dot",
                fix="write `*.example.com`, one `*` before the first dot",
                expected="a host, `*.suffix` or `*`",
            )
        return cls("exact", _normal(text, text, ""))

    @property
    def rank(self) -> tuple[int, int]:
        """How particular the pattern is; less is better: exact, then the longer suffix, then all."""
        if self.kind == "exact":
            return 0, 0
        return (1, -self.name.count(".")) if self.kind == "suffix" else (2, 0)

    def matches(self, host: str) -> bool:
        """Whether a host (lower case, A-labels, no port) is meant."""
        if self.kind == "exact":
            return host == self.name
        return self.kind == "all" or (len(host) > len(self.name) + 1 and host.endswith("." + self.name))

    def within(self, outer: HostPattern) -> bool:
        """Whether every host that is meant here is meant by `outer` too."""
        if self.kind == "exact":
            return outer.matches(self.name)
        inside = self.kind == "suffix" and outer.kind == "suffix" and f".{self.name}".endswith(f".{outer.name}")
        return outer.kind == "all" or inside

    def sample(self) -> str:
        """Return one host that is meant."""
        if self.kind == "exact":
            return self.name
        return f"x.{self.name}" if self.kind == "suffix" else "any.example"

    def __str__(self) -> str:
        """Return the pattern as a policy writes it."""
        return {"exact": self.name, "suffix": f"*.{self.name}", "all": "*"}[self.kind]


def narrow_host(one: HostPattern, other: HostPattern) -> HostPattern | None:
    """Return the pattern of exactly the hosts that both match, or None where there is none."""
    if one.kind == "all" or other.kind == "all":
        return other if one.kind == "all" else one
    if one.kind == "exact" or other.kind == "exact":
        exact, wider = (one, other) if one.kind == "exact" else (other, one)
        return exact if wider.matches(exact.name) else None
    short, long = sorted((one, other), key=lambda pattern: len(pattern.name))
    return long if long.name == short.name or long.name.endswith("." + short.name) else None


def normal_host(text: str) -> str:
    """Return the form in which hosts are compared: lower case, A-labels, no trailing dot; IPv6 without brackets.

    Raises:
        ValueError: it is no host.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        return str(IPv6Address(bare))
    host = bare.removesuffix(".").lower()
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError("not a host name")
    if re.fullmatch(r"[0-9.]+", host):
        return str(IPv4Address(host))
    return host


def _normal(text: str, whole: str, before: str) -> str:
    expected = "a host, `*.suffix` or `*`"
    try:
        host = normal_host(text)
    except (ValueError, AddressValueError, UnicodeError) as error:
        fix = "write the host alone: no scheme, port or path"
        bare = re.fullmatch(r"(?:[a-zA-Z+.-]+://)?([^/:?#\s]+)(?::[0-9]*)?(?:[/?#].*)?", text)
        if bare and bare[1] != text:
            fix = f"write the host alone: `{before}{bare[1].lower()}`"
        raise ScalarError(f"`{whole}` is no host", fix=fix, expected=expected) from error
    if host != text:
        raise ScalarError(
            f"host `{whole}` is not in normal form", fix=f"write `{before}{host}`", expected=f"{before}{host}"
        )
    return host
