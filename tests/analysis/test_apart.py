"""Places that only one of two policies takes: an address or a country on each side, exact where zones begin and end."""

from __future__ import annotations

import pytest

from parclose.analysis.apart import Apart
from tests.analysis.kit import cell, policy


@pytest.mark.parametrize(
    ("change", "addresses", "countries"),
    [
        (("allow: [vpn]", "allow: [vpn]"), set(), set()),
        (("allow: [vpn]", "allow: [vpn, office]"), {"198.51.100.0"}, set()),
        (("allow: [vpn]", "allow: [office]"), {"198.51.100.0", "10.20.0.0"}, set()),
        # The zone keeps its name, and grows by one prefix.
        (("vpn: [10.20.0.0/16", "vpn: [10.20.0.0/15"), {"10.21.0.0"}, set()),
        (("vpn: [10.20.0.0/16", "vpn: [10.20.128.0/17"), {"10.20.0.0"}, set()),
        (("deny_geo: [nordic]", "deny_geo: [nordic, DE]"), set(), {"DE"}),
        (("deny_geo: [nordic]", "allow_geo: [DK, DE]"), set(), {"AD", "DK"}),
    ],
)
def test_what_only_one_takes(change: tuple[str, str], addresses: set[str], countries: set[str]) -> None:
    """Each side gives one; nothing where both take the same."""
    old, new = policy(), policy(change)
    apart = Apart(old, new)
    cells = cell(old, "read /**"), cell(new, "read /**")
    assert set(apart.addresses(*cells)) == addresses
    assert set(apart.countries(*cells)) == countries
