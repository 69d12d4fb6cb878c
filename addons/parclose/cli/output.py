"""How commands speak: to people at 80 columns, in colour on a terminal alone; to machines in one JSON object."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import IntEnum, StrEnum

from rich.console import Console
from rich.text import Text

SCHEMA = "parclose.report/1"
STYLES = (("FAIL", "bold red"), ("DENY", "bold red"), ("ALLOW", "bold green"))


class Exit(IntEnum):
    """What the exit codes mean. Source: the table of commands in the policy language, section 5.2."""

    OK = 0
    FAILED = 1  # findings at the failing level, failed checks, too little coverage
    USAGE = 2
    INVALID = 3  # the policy, or what it names, cannot be used
    CHANGED = 4  # recorded traffic would get other verdicts
    DENIED = 5


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


class JsonOrText(StrEnum):
    """How a report without cases is written."""

    TEXT = "text"
    JSON = "json"


def show(text: str, *, error: bool = False) -> None:
    """Print text as it is; on a terminal, the words that matter are coloured."""
    console = Console(stderr=error, soft_wrap=True, highlight=False, markup=False, emoji=False)
    styled = Text(text)
    for word, style in STYLES:
        styled.highlight_regex(rf"(?m)^\s*(?:\d+\w? \w+ +)?{word}\b", style)
    console.print(styled)


def show_json(report: Mapping[str, object]) -> None:
    """Print one report as one JSON object."""
    sys.stdout.write(json.dumps({"schema": SCHEMA, **report}, indent=2, ensure_ascii=True, default=str) + "\n")


def show_raw(text: str) -> None:
    """Print a document of its own form, such as XML."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
