"""The answers of `who` for people."""

from __future__ import annotations

from itertools import groupby

from parclose.analysis.who import UNTOLD, Admission, Reach
from parclose.policy.requests import RequestPattern

WIDTH = 80


def tell_who(asked: RequestPattern, found: list[Admission], standing: list[str]) -> str:
    """Return who can, each route with what it asks; the last line says that nobody else can."""
    lines: list[str] = []
    for each in found:
        head = f"segment {each.segment}   route {each.route}"
        lines.append(f"{head:<{WIDTH - 6}} {each.where}")
        lines += [f"  {word:<9} {text}" for word, text in each.lines]
    others = [name for name in standing if name not in {each.segment for each in found}]
    if not standing:
        lines.append(f"nobody: no segment stands where `{asked}` goes")
    elif not found:
        lines.append(f"nobody: {_names(others)} {_stand(others)} there, and {_take(others)} none of these requests")
    elif others:
        lines.append(f"nobody else: {_names(others)} {_stand(others)} there too, but {_take(others)} none of these")
    else:
        lines.append("nobody else: no other segment has this surface")
    return "\n".join(lines)


def tell_reach(name: str, found: list[Reach]) -> str:
    """Return what one caller gets at each route, by segment."""
    mine = [each for each in found if not each.taken_by]
    can = sum(each.outcome == "allow" for each in mine)
    lines = [f"{name} can {can} of {len(found)} route{'' if len(found) == 1 else 's'}"]
    for segment, rows in groupby(found, key=lambda each: each.segment):
        lines.append(f"segment {segment}")
        for each in rows:
            said = f"(taken by {each.taken_by})" if each.taken_by else each.outcome
            lines.append(
                f"  {said:<28} {each.route}" + (f"   needs {each.needs}" if each.needs and not each.taken_by else "")
            )
    if any(each.outcome == UNTOLD for each in found):
        lines.append(
            "? cannot be told: the persona has no `country`, and there is no database; or no request gets there"
        )
    return "\n".join(lines)


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _stand(names: list[str]) -> str:
    return "stands" if len(names) == 1 else "stand"


def _take(names: list[str]) -> str:
    return "takes" if len(names) == 1 else "take"
