"""What the audit leaves out, and that it says so."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.audit.record import corpus_line
from parclose.audit.redact import Redactor
from parclose.policy.model import Audit
from tests.audit.walks import allowed, full_walk


def redactor(key: bytes = b"key", **fields: Any) -> Redactor:
    """Return a redactor of these settings."""
    return Redactor(Audit(**fields), key)


@pytest.mark.parametrize(
    ("way", "address", "kept"),
    [
        ("full", "203.0.113.10", "203.0.113.10"),
        ("full", "anything", "anything"),
        ("/24", "203.0.113.10", "203.0.113.0/24"),
        ("/24", "::ffff:203.0.113.10", "203.0.113.0/24"),
        ("/24", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("/24", "fe80::1%eth0", "fe80::/48"),
        ("/24", "203.0.113.10:4711", "redacted"),
        ("/24", "", ""),
        ("hash", "", ""),
    ],
)
def test_an_address_is_kept_whole_cut_or_not_at_all(way: str, address: str, kept: str) -> None:
    """What is no address may hold one, so nothing of it is kept."""
    assert redactor(redact_ip=way).address(address) == kept


def test_a_hash_is_stable_and_needs_its_key() -> None:
    """One caller stays one caller; who does not hold the key cannot try the four billion addresses."""
    one, two = redactor(redact_ip="hash"), redactor(b"other", redact_ip="hash")
    assert one.address("203.0.113.10") == one.address("203.0.113.10")
    assert len({one.address("203.0.113.10"), one.address("203.0.113.11"), two.address("203.0.113.10")}) == 3
    assert one.address("203.0.113.10").startswith("h:")


@pytest.mark.parametrize("way", ["/24", "hash"])
def test_a_redacted_address_is_nowhere_in_the_line(way: str) -> None:
    """Not as the client's, not as the peer's, not in the header; and the line says that it was cut."""
    walk = full_walk(peer="203.0.113.77", forwarded=("203.0.113.10",))
    line = corpus_line(walk, allowed(walk), redactor(redact_ip=way))
    assert "203.0.113.10" not in str(line)
    assert "203.0.113.77" not in str(line)
    assert line["redacted"] == ["ip", "xff"]


@pytest.mark.parametrize(
    ("fields", "facts", "marks"),
    [
        ({"redact_headers": ("User-Agent",)}, {}, ["user_agent"]),
        ({"redact_headers": ("origin",)}, {"origin": "https://shop.example"}, ["origin"]),
        ({"redact_headers": ("x-forwarded-for",)}, {"forwarded": ("203.0.113.9",)}, ["xff"]),
        ({"redact_query": ("email",)}, {"query_keys": ("page", "email")}, ["query"]),
        ({"redact_headers": ("x-other",)}, {"origin": "https://shop.example"}, None),
        ({}, {"origin": "https://shop.example"}, None),
    ],
)
def test_private_headers_and_query_names_are_marked(fields: Any, facts: Any, marks: list[str] | None) -> None:
    """The mark shows that there was one; what was in it is not kept."""
    walk = full_walk(**facts)
    line = corpus_line(walk, allowed(walk), redactor(**fields))
    assert line.get("redacted") == marks
    if marks == ["query"]:
        assert line["query"] == ["page", "redacted"]
    elif marks and marks != ["xff"]:
        assert line[marks[0]] == "redacted"
