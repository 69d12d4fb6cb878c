"""How commands speak: if these fail, a pipe gets colours, or a machine gets prose."""

from __future__ import annotations

import json

import pytest

from parclose.cli.output import Exit, show, show_json, show_raw


def test_the_codes_are_those_that_are_documented() -> None:
    """CI goes by the numbers."""
    assert {code.name: int(code) for code in Exit} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "INVALID": 3,
        "CHANGED": 4,
        "DENIED": 5,
    }


def test_text_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """No colours but on a terminal, no markup, no wrapping, whatever the text holds."""
    text = "FAIL  [bold]x[/bold] :smile: " + "y" * 200
    show(text)
    show(text, error=True)
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{text}\n", f"{text}\n")


def test_a_report_names_its_form(capsys: pytest.CaptureFixture[str]) -> None:
    """One object, with the name of its schema."""
    show_json({"exit": 0, "name": "ü\x1b"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"schema": "parclose.report/1", "exit": 0, "name": "ü\x1b"}
    assert out.isascii()


def test_a_document_ends_in_one_line_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Whether it brings its own or not."""
    show_raw("<a/>")
    show_raw("<b/>\n")
    assert capsys.readouterr().out == "<a/>\n<b/>\n"
