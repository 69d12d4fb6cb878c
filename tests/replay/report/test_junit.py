"""JUnit XML: if these fail, CI shows green for what failed, or nothing at all."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from parclose.replay.drift import compare_recorded
from parclose.replay.order import judge_all
from parclose.replay.report.junit import Case, render, suite
from parclose.stores.world import OfflineWorld
from tests.replay.kit import TEXT, policy, recorded


def test_cases_pass_fail_or_are_skipped() -> None:
    """The sums of a suite are those of its cases; file and line are there where they are known."""
    root = ET.fromstring(
        suite(
            "demo",
            [
                Case(group="shop", name="one"),
                Case(group="shop", name="two", failure="want allow got 403", file="policy.yaml", line="7"),
                Case(group="shop", name="three", skipped="maybe"),
            ],
        )
    )
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")
    two = root[1]
    assert (two.get("classname"), two.get("file"), two.get("line")) == ("shop", "policy.yaml", "7")
    assert [child.tag for case in root for child in case] == ["failure", "skipped"]


def test_what_xml_cannot_hold_does_not_break_it() -> None:
    """Quotes, angle brackets and control characters of a caller stay inside their attribute."""
    root = ET.fromstring(suite('a"b', [Case(group="<g>", name="x\x00\x1b&\"'", failure="]]>")]))
    assert root[0].get("name") == "x��&\"'"


def test_a_replay_is_a_suite() -> None:
    """Each difference is a failed case, each `maybe` a skipped one."""
    other = policy(TEXT.replace('"GET /orders": orders:read', '"GET /orders": orders:write'))
    records = [*recorded()[:5], replace(recorded()[0], doubt="gone")]
    root = ET.fromstring(render(compare_recorded(judge_all(other, records, OfflineWorld().of)), "p"))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "3", "1")
