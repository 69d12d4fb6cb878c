"""Everything that is read for one policy, and everything that is found wrong with it; all YAML passes here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import PurePosixPath
from posixpath import normpath

from parclose.policy.allow import reason_on
from parclose.policy.catalog import severity
from parclose.policy.errors import Finding, PolicyError, ordered
from parclose.policy.nodes import Mark, Node, Text, walk
from parclose.policy.reader import Reader
from parclose.policy.tree_cache import TreeCache

# A policy of 1,000 segments with 50 routes each is 3 MB. What is larger is no policy that anybody has written.
MOST_BYTES = 32 << 20
MOST_FINDINGS = 200  # errors; a file of another kind would give one for each line
MOST_ADVICE = 5_000  # warnings and advice: a few for each of a thousand segments
MOST_SAID = 1_000  # characters of one sentence, which quotes what it is about: a value may be the whole file
CLEAR_TEXT = "KEY001"  # the finding about a secret in clear text


type ListFiles = Callable[[str, str], Iterable[str]]


class TooMuchToSay(Exception):
    """More findings than anybody reads; the rest is not looked for."""


@dataclass(slots=True)
class Source:
    """Everything that is read for one policy, and everything that is found wrong with it.

    Names of files are from the policy's folder, with `/`. `read` is the only way to the world, and `list_files`, which
    is handed a folder and a pattern and returns the names, from that folder, of the files that are meant.
    """

    path: str
    read: Callable[[str], bytes]
    list_files: ListFiles | None = None
    cache: TreeCache | None = None
    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, Node] = field(default_factory=dict)

    def report(
        self, id: str, mark: Mark, message: str, *, found: str = "", expected: str = "", fix: str = "",  # noqa: A002
        width: int = 1, key: str = "", bad: str = "", meant: str = "",
    ) -> None:  # fmt: skip
        """Keep one finding; `bad` is its severity where that is another than the catalogue's.

        `meant` is what can safely be written in place of `found`.

        Raises:
            TooMuchToSay: there are more than anybody reads.
        """
        # What a secret stands in is not repeated: findings reach terminals, logs and reports.
        lines = [] if id == CLEAR_TEXT else self.texts.get(mark.file, [])
        line = lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""
        bad = bad or severity(id)
        self.findings.append(
            Finding(
                id=id, severity=bad, file=mark.file, line=mark.line, column=mark.column, message=_one_line(message),
                found="" if id == CLEAR_TEXT else found[:MOST_SAID], expected=expected[:MOST_SAID], fix=_one_line(fix),
                width=width, key=key,
                source=line, allowed="" if bad == "E" else reason_on(line, id), meant=meant,
            )
        )  # fmt: skip
        if len(self.findings) >= MOST_FINDINGS:
            blocking = sum(finding.blocks for finding in self.findings)
            if blocking >= MOST_FINDINGS or len(self.findings) - blocking >= MOST_ADVICE:
                raise TooMuchToSay

    @property
    def folder(self) -> PurePosixPath:
        """The folder of the policy file, as it was handed in."""
        return PurePosixPath(self.path).parent

    @property
    def main(self) -> str:
        """The policy file's own name."""
        return PurePosixPath(self.path).name

    def resolve(self, text: Text, *, absolute: bool = False, id: str = "REF005") -> str | None:  # noqa: A002
        """Return the path of a file that the policy names, or None after it was reported.

        It is relative to the policy's folder and stays inside; with `absolute` it may also begin with `/`, if the
        policy file itself says so: an included file never reaches out of the folder.
        """
        absolute = absolute and text.mark.file == self.main
        rooted = text.startswith("/")  # `//x` too, whose first part is `//`
        if rooted and absolute and "\0" not in text:
            return str(PurePosixPath(text))
        depth = 0
        for part in PurePosixPath(text).parts:
            depth += -1 if part == ".." else 1
            if depth < 0 or rooted:
                break
        else:
            if text.strip("./") and "\0" not in text:
                return str(self.folder / text)
        self.report(
            id, text.mark, f"file `{text}` is not inside the policy's folder", found=str(text), width=len(text),
            fix="write a path relative to the policy file, without `..`",
        )  # fmt: skip
        return None

    def fetch(self, text: Text, *, absolute: bool = False) -> bytes | None:
        """Return the content of a file that the policy names, or None after it was reported."""
        path = self.resolve(text, absolute=absolute)
        if path is None:
            return None
        return self._read(path, str(PurePosixPath(text)), text.mark, len(text))

    def include(self, text: Text, file: str) -> Node:
        """Return the tree of an included file that `text` names, or None after something was reported."""
        content = self._read(str(self.folder / file), file, text.mark, len(text))
        return None if content is None else self.tree(file, content)

    def listed(self, text: Text) -> list[str] | None:
        """Return the names of the files that a pattern means, the policy file aside; None after it was reported."""
        try:
            if self.list_files is None:
                raise OSError(0, "patterns cannot be listed here")
            names = {normpath(name) for name in self.list_files(str(self.folder), normpath(text))}
        except OSError as error:
            self.report(
                "REF005", text.mark, f"files `{text}`: {(error.strerror or 'cannot be listed').lower()}",
                found=str(text), width=len(text), fix="name each file, or make the folder readable",
            )  # fmt: skip
            return None
        return sorted(names - {self.main})

    def open(self) -> Node:
        """Return the tree of the policy file itself, or None after something was reported."""
        content = self._read(self.path, self.main, Mark(self.main, 1, 1), 1)
        return None if content is None else self.tree(self.main, content)

    def _read(self, path: str, file: str, mark: Mark, width: int) -> bytes | None:
        if file not in self.contents:
            try:
                content = self.read(path)
            except OSError as error:
                reason = (error.strerror or "cannot be read").lower()
                self.report(
                    "REF005", mark, f"file `{file}`: {reason}", found=file, width=width,
                    fix="create it, correct the path, or make it readable",
                )  # fmt: skip
                return None
            if sum(map(len, self.contents.values())) + len(content) > MOST_BYTES:
                self.report(
                    "REF005", mark, f"file `{file}`: the policy is larger than {MOST_BYTES >> 20} MiB",
                    width=width, fix="split it, or write prefixes instead of single addresses",
                )  # fmt: skip
                return None
            self.contents[file] = content
        return self.contents[file]

    @property
    def revision(self) -> str:
        """12 hexadecimal digits over everything that was read, names included."""
        digest = sha256()
        for file in sorted(self.contents):
            digest.update(sha256(file.encode()).digest() + sha256(self.contents[file]).digest())
        return digest.hexdigest()[:12]

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of everything that was read, as they were handed to `read`; the policy file first."""
        others = sorted(file for file in self.contents if file != self.main)
        return (self.path, *(str(self.folder / file) for file in others))

    @property
    def blocked(self) -> bool:
        """Whether something was found that the policy cannot be taken up with."""
        return any(finding.blocks for finding in self.findings)

    def placed(self) -> tuple[Finding, ...]:
        """Return all findings in the order of the files, each with its path of keys."""
        paths: dict[Mark, str] = {}
        for file in {finding.file for finding in self.findings}:
            for path, mark in walk(self.trees.get(file)):
                paths.setdefault(mark, path)
        return ordered(
            replace(finding, key=finding.key or paths.get(Mark(finding.file, finding.line, finding.column), ""))
            for finding in self.findings
        )

    def error(self) -> PolicyError:
        """Return the findings that the policy cannot be taken up with."""
        return PolicyError(finding for finding in self.placed() if finding.blocks)

    def tree(self, file: str, content: bytes) -> Node:
        """Return the tree of a YAML file, or None after something was reported."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start]
            mark = Mark(file, before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1)
            self.report("YML001", mark, "the file is not UTF-8", fix="save it as UTF-8")
            return None
        self.texts[file] = re.split("\r\n|\r|\n", text)
        known = len(self.findings)
        kept = None if self.cache is None else self.cache.find(file, content)
        if kept is not None:
            self.trees[file] = kept
            return kept
        root = Reader(file, text, self.report).read()
        if root is None and len(self.findings) == known:
            self.report(
                "TYP002", Mark(file, 1, 1), "the file is empty", fix="write at least `version: 1` and `segments`"
            )
        self.trees[file] = root
        if self.cache is not None and root is not None and len(self.findings) == known:
            self.cache.keep(file, content, root)
        return root


def _one_line(text: str) -> str:
    if len(text) > MOST_SAID:
        text = f"{text[: MOST_SAID - 3]}..."
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
