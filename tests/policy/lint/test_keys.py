"""API keys that outlive their use: what is named, and what is very like it and is left alone."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.shop import DIGEST

KEYS = f'keys: [{{id: pk_a, hash: "sha256:{DIGEST}", tenant: a, expires: never}}]'


@pytest.mark.parametrize(
    ("lasts", "expected"),
    [
        ("never", [("never", "key `pk_a` never expires")]),
        ("2026-06-01", [("2026-06-01", "key `pk_a` expired on 2026-06-01")]),
        ("2026-06-02", []),
        ("2027-06-02", []),
        ("2027-06-03", [("2027-06-03", "key `pk_a` is valid for more than a year")]),
        ("2027-06-03, not_before: 2026-12-01", []),
    ],
)
def test_how_long_a_key_lasts(lasts: str, expected: object) -> None:
    """KEY003: at its last instant it has expired, a year is 366 days, counted from its beginning or from today."""
    assert found("KEY003", ("expires: never", f"expires: {lasts}")) == expected


def test_a_key_is_judged_without_a_date_too() -> None:
    """What never expires is named whatever the day; nothing else can be told."""
    assert found("KEY003", now=None) == [("never", "key `pk_a` never expires")]
    assert found("KEY003", ("expires: never", "expires: 2020-01-01"), now=None) == []


def test_a_file_of_keys_is_looked_through() -> None:
    """The place is the record's own, in its own file; and no advice to move it remains."""
    record = f'- {{id: pk_revoked, hash: "sha256:{DIGEST}", tenant: globex, expires: 2026-01-31}}\n'
    files = {"keys/partners.keys.yaml": f"# ours\n{record}"}
    rows = found(("KEY003", "KEY005"), (KEYS, "file: keys/partners.keys.yaml"), files=files)
    assert rows == [("2026-01-31", "key `pk_revoked` expired on 2026-01-31")]


def test_records_in_the_main_file_are_advised_against() -> None:
    """KEY005: keys change more often than rules, and others may read those."""
    assert found("KEY005") == [("keys", "the keys of store `partners` stand in the main file")]
