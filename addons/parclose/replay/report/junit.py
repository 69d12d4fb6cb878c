"""JUnit XML: one suite a policy, one case a check or a replayed request that CI can point at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from parclose.replay.drift import Drift, Kind, reason_words
from parclose.replay.report.text import request_words

# What XML 1.0 cannot hold, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case; `failure` "" means that it passed, `skipped` says why it was not judged."""

    group: str
    name: str
    failure: str = ""
    skipped: str = ""
    file: str = ""
    line: str = ""


def suite(name: str, cases: Sequence[Case]) -> str:
    """Return one suite as a document."""
    failed = sum(1 for case in cases if case.failure)
    skipped = sum(1 for case in cases if case.skipped)
    head = f'<testsuite name={_quoted(name)} tests="{len(cases)}" failures="{failed}" errors="0" skipped="{skipped}">'
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', head, *(_case(case) for case in cases), "</testsuite>"])


def render(drift: Drift, name: str) -> str:
    """Return a replay as a suite: each request that differs fails, each that could not be judged is skipped."""
    return suite(
        name,
        [
            Case(
                group=change.new.segment or change.base.segment or "no segment",
                name=f"{change.record.source} {request_words(change.record.facts)}",
                failure=f"{change.kind}: {reason_words(change.base)} -> {reason_words(change.new)}"
                if change.kind not in (Kind.UNCHANGED, Kind.MAYBE, Kind.UNJUDGED)
                else "",
                skipped=f"{change.kind}: {change.note}" if change.kind in (Kind.MAYBE, Kind.UNJUDGED) else "",
            )
            for change in drift.changes
        ],
    )


def _case(case: Case) -> str:
    """Return one case."""
    place = (f" file={_quoted(case.file)}" if case.file else "") + (f" line={_quoted(case.line)}" if case.line else "")
    head = f"  <testcase classname={_quoted(case.group)} name={_quoted(case.name)}{place}"
    if case.failure:
        return f"{head}><failure message={_quoted(case.failure)}/></testcase>"
    return f"{head}><skipped message={_quoted(case.skipped)}/></testcase>" if case.skipped else f"{head}/>"


def _quoted(text: str) -> str:
    """Return text as an attribute, without what XML cannot hold."""
    return quoteattr(_FORBIDDEN.sub("�", text))
