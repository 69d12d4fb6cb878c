"""What has a name is found by it, with the lines that belong to it and no other."""

from __future__ import annotations

import pytest

from parclose.policy.named import KINDS, named, names
from parclose.policy.schema import PolicySpec
from tests.policy.showing import opened


@pytest.mark.parametrize(
    ("wanted", "kind", "where", "lines"),
    [
        (
            "parked",
            "segment",
            "team.yaml:31",
            [
                "parked:",
                '  mode: "off"',
                "  match: {paths: [/v1/z], clients: [web]}",
                '  routes: {"GET /v1/z": a:read}',
            ],
        ),
        (
            "pages",
            "route set",
            "team.yaml:8",
            [
                "pages:",
                '  "GET /v1/pages": public',
                '  "read /v1/x/**": {cost: 2}',
                '  "any /v1/y": {roles: {all: [admin]}, about: both}',
            ],
        ),
        (
            "default",
            "profile",
            "policy.yaml:20",
            ["default:", "  max_body: 1MiB", "  limits: {day: daily, steady: {key: ip, rate: 1/s}}"],
        ),
        ("daily", "limit", "policy.yaml:18", ["daily: {key: subject|ip, rate: 100/h}"]),
        ("a:read", "scope", "policy.yaml:14", ["scopes: {a:read: {}, a:write: {}, b:read: {}}"]),
        (
            "mine",
            "profile",
            "team.yaml:2",
            [
                "mine:",
                "  network: {deny: [lab]}",
                "  scopes: {read: a:read, write: {all: [a:write, b:read]}}",
                "  route_sets: [pages]",
            ],
        ),
    ],
)
def test_lines(wanted: str, kind: str, where: str, lines: list[str]) -> None:
    """From the key to whatever comes next, without the comment on that."""
    desk, _ = opened()
    (found,) = named(desk, wanted)
    assert (found.kind, found.where, list(found.lines)) == (kind, where, lines)


def test_one_name_for_two_things() -> None:
    """Both are found, the order is that of the kinds; the path of keys tells them apart."""
    desk, _ = opened()
    assert [each.path for each in named(desk, "office")] == ["profiles.office", "zones.office"]
    assert [each.kind for each in named(desk, "zones.office")] == ["zone"]
    assert named(desk, "nothing") == named(desk, "zones") == ()
    assert names(desk).count("office") == 1


def test_every_section_of_named_things_is_known() -> None:
    """A section that a later hand adds has its kind."""
    mappings = {name for name, field in PolicySpec.model_fields.items() if "dict[" in str(field.annotation)}
    assert mappings == {section for section, _ in KINDS} - {"geo.sets"}
