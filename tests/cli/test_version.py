"""`parclose version`."""

from __future__ import annotations

from parclose import __version__
from tests.cli.kit import run


def test_it_names_what_it_stands_on() -> None:
    """A report of a fault can name the versions that matter."""
    words = run("version").out.split()
    assert words[:2] == ["parclose", __version__]
    assert words[2::2] == ["mitmproxy", "python"]
