"""What other readers of YAML misunderstand: if these fail, a country becomes false, or every word gets quotes."""

from __future__ import annotations

import pytest
import yaml

from parclose.policy.risky import is_risky, quoted

RISKY = ["NO", "no", "on", "Off", "YES", "1.10", "0600", "007", "12:30", "1:30:00", "::1", "2001:db8::/32", ":x", "1e3"]
RISKY += [".5", "1_000", "0x1F", "0b11", "0o17", "+5", ".inf", "-.INF", ".NaN", "True", "FALSE", "Null", "1."]
PLAIN = ["orders:read", "8443", "0", "-7", "true", "false", "null", "~", "5/s", "30s", "2027-01-31", "10.0.0.0/8", "v1"]
PLAIN += [
    "y",
    "n",
    "north",
    "on-call",
    "1.2.3",
    "198.51.100.77/32",
    "100MiB",
    "2%",
    "sha256:abc",
    "a.b",
    "https://x.example",
]


@pytest.mark.parametrize("text", RISKY)
def test_it_is_put_in_quotes(text: str) -> None:
    """And in quotes every reader reads the same text."""
    assert is_risky(text)
    assert yaml.safe_load(quoted(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_it_stays_plain(text: str) -> None:
    """Words, names, and what is meant as a number or truth value."""
    assert not is_risky(text)


def test_a_number_in_claims_is_one() -> None:
    """There quotes would make it text, which no token holds; what is no number of JSON is text either way."""
    assert not is_risky("1.10", may_be_number=True)
    assert is_risky("0600", may_be_number=True)
    assert is_risky("NO", may_be_number=True)


def test_quotes_escape_what_ends_them() -> None:
    """A quote and a backslash inside."""
    assert yaml.safe_load(quoted('a"b\\c')) == 'a"b\\c'
