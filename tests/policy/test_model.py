"""The whole policy as a value: which listener a connection belongs to, and what holds where nothing is written."""

from __future__ import annotations

import dataclasses

import pytest

from parclose.policy.model import Admission, Audit, Geo, Listener, Paths, Policy, Settings
from parclose.policy.surface import SurfaceIndex
from parclose.policy.zones import build_zones

EDGE = Listener(name="edge", kind="reverse", port=8443)
OUT = Listener(name="out", kind="forward", port=3128)
REST = Listener(name="rest", kind="reverse")


def policy(*listeners: Listener) -> Policy:
    """Return a policy that only has listeners."""
    return Policy(
        name="shop", revision="0" * 12, path="policy.yaml", files=("policy.yaml",),
        settings=Settings(listeners=listeners), zones=build_zones(()), surfaces=SurfaceIndex(), segments={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("listeners", "port", "kind", "expected"),
    [
        ((EDGE, OUT), 8443, "reverse", "edge"),
        ((EDGE, OUT), 3128, "forward", "out"),
        ((EDGE, OUT), 8442, "reverse", "reverse"),
        ((EDGE, OUT), 8444, "reverse", "reverse"),
        ((EDGE, OUT), 8080, "forward", "forward"),
        ((EDGE, REST), 8443, "reverse", "edge"),
        ((REST, EDGE), 8443, "reverse", "edge"),
        ((EDGE, REST), 80, "reverse", "rest"),
        ((EDGE, REST), 80, "forward", "forward"),
        ((), 80, "reverse", "reverse"),
    ],
)
def test_a_connection_has_one_listener(listeners: tuple[Listener, ...], port: int, kind: str, expected: str) -> None:
    """The one of its port, else the one of its kind without a port, else one that only bears the kind's name."""
    found = policy(*listeners).listener_at(port, kind)
    assert found.name == expected
    assert expected in {each.name for each in listeners} or (found.kind, found.port) == (kind, None)


def test_the_defaults_are_the_strict_ones() -> None:
    """Paths that could be read in two ways are refused, the audit is kept before the effect, unknown places denied."""
    assert Paths() == Paths(normalize="strict", trailing_slash="same", case="sensitive", divergence="reject")
    assert (Audit().durability, Audit().on_failure) == ("process", "deny")
    assert (Admission().max_path_segments, Admission().max_uri_bytes) == (64, 8192)
    assert Geo(country_db="c.mmdb").on_unknown == "deny"
    made = policy()
    assert (made.settings.sni, made.settings.admin_host, made.settings.reload.require_tests) == (
        "match", "127.0.0.1", "pass",
    )  # fmt: skip


def test_a_policy_is_replaced_whole() -> None:
    """What a decision reads cannot be changed under it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy().name = "other"  # type: ignore[misc]
