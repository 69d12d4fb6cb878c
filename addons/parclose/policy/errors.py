"""What is wrong with a policy, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

LINE_SHOWN = 110  # characters of a source line that are printed; an editor's width, and a terminal's
SURE = 0.75  # likeness from which a name is taken for a slip of another, and may be corrected unasked
CLEARER_BY = 0.08  # and how much the second best must fall behind
LONGEST_MEANT = 200  # characters of a name for which a near one is looked for; comparing is quadratic


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: a stable `id`, a place (`line` and `column` count from 1), and a way out.

    `severity` is `E` (blocks loading), `W` or `I`. `key` is the path of keys (`segments.web.match.clients[0]`).
    `message` says what is wrong; `found` and `expected` are the bare values; `fix` says what to write instead.
    `source` is the line of the file, `width` how many of its characters are meant. `allowed` is the reason written
    beside it for which a warning or advice is not to be counted. `meant` is what can safely be written in place of
    `found`, where that is clear.
    """

    id: str
    file: str
    line: int
    column: int
    message: str
    severity: str = "E"
    key: str = ""
    found: str = ""
    expected: str = ""
    fix: str = ""
    source: str = ""
    width: int = 1
    allowed: str = ""
    meant: str = ""

    @property
    def blocks(self) -> bool:
        """Whether a policy with it is not taken up."""
        return self.severity == "E"

    @property
    def where(self) -> str:
        """`file:line`, as verdicts and reports quote it."""
        return f"{self.file}:{self.line}"

    def render(self) -> str:
        """Return the finding for people: its place, its id, the line with a caret, and the fix under it."""
        head = f"{self.file}:{self.line}:{self.column}  {self.id}  {self.message}"
        fix = self.fix
        if not self.source.strip():
            return f"{head}\n       | {fix}" if fix else head
        shown, start = _window(self.source, self.column - 1)
        room = max(1, min(self.width, len(shown) - start))
        caret = " " * start + "^" * room
        return f"{head}\n{self.line:5d} | {shown}\n      | {caret} {fix}".rstrip()

    def to_json(self) -> dict[str, object]:
        """Return the finding as plain values, for reports that machines read."""
        return {
            "id": self.id,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "message": self.message,
            "found": self.found,
            "expected": self.expected,
            "fix": self.fix,
            "allowed": self.allowed,
        }


def _window(line: str, at: int) -> tuple[str, int]:
    """Return the part of a long line around `at`, and where `at` is in it; tabs count as one blank."""
    line = "".join(char if char.isprintable() else " " for char in line.rstrip())
    if len(line) <= LINE_SHOWN:
        return line, min(at, len(line))
    first = max(0, min(at - LINE_SHOWN // 2, len(line) - LINE_SHOWN))
    part = line[first : first + LINE_SHOWN]
    if first:
        part = "..." + part[3:]
    if first + LINE_SHOWN < len(line):
        part = part[:-3] + "..."
    return part, max(0, min(at - first, LINE_SHOWN))


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings by file, line, column and id, each once."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda item: (item.file, item.line, item.column, item.id, item.message)))


class PolicyError(Exception):
    """The author's mistakes, all of them: `findings`, in the order of the files."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = ordered(findings)
        super().__init__(self.render())

    def render(self) -> str:
        """Return all findings for people, one after the other."""
        return "\n".join(finding.render() for finding in self.findings)

    def to_json(self) -> list[dict[str, object]]:
        """Return all findings as plain values."""
        return [finding.to_json() for finding in self.findings]


class ScalarError(ValueError):
    """One piece of text does not mean what its field needs; the caller knows where it stands.

    `id` is the finding's id, `expected` the form that is wanted, `fix` what to write instead, `meant` the text that
    can safely be written in its place.
    """

    def __init__(
        self, message: str, *, fix: str = "", id: str = "TYP002", expected: str = "", meant: str = ""  # noqa: A002
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.id = id
        self.message = message
        self.fix = fix
        self.expected = expected
        self.meant = meant


def unmistakable(name: str, known: Iterable[str]) -> str:
    """Return the only known name that `name` can have been meant to be, or "" where there is room for doubt."""
    if len(name) > LONGEST_MEANT:
        return ""
    pool = sorted(known)
    close = get_close_matches(name, pool, n=2, cutoff=SURE)
    if not close or close[0] == name:
        return ""
    best, *others = (SequenceMatcher(None, each, name).ratio() for each in close)
    return "" if others and best - others[0] < CLEARER_BY else close[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that `name` was most likely meant to be, or ""."""
    if len(name) > LONGEST_MEANT:
        return ""
    pool = sorted(known)
    close = get_close_matches(name, pool, n=1, cutoff=0.6)
    if close:
        return close[0]
    folded = {item.casefold(): item for item in pool}
    return folded.get(name.casefold(), "")
