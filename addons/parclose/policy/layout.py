"""Where the pieces of a YAML file stand: every token and comment as written, in the columns that the layout gives.

A line begins in the column of its block: mappings two blanks below what holds them, lists two below their key. A piece
that goes on over several lines moves as a whole. Blanks between pieces are one or none, before a comment two; of empty
lines one is left. Nothing is sorted, joined or broken.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

STEP = 2  # blanks for each level
_OPEN, _CLOSE = ("[", "{"), ("]", "}")


@dataclass(slots=True)
class _Block:
    """One mapping or list in block style; `inferred` for a list that stands in the column of its key."""

    is_list: bool
    old: int
    new: int
    inferred: bool = False


@dataclass(slots=True)
class _Piece:
    """One token that can be seen. `shift` is how far its block moves; `column` where it stands if it begins a line."""

    token: yaml.Token
    text: str
    line: int
    start: int
    last: int
    end: int
    column: int
    shift: int
    inside: bool
    is_block_text: bool = False


@dataclass(slots=True)
class Layout:
    """Lays one file out; `spell` returns how a plain scalar at a line and column (from 1) is written."""

    lines: list[str]
    spell: Callable[[str, int, int], str]
    blocks: list[_Block] = field(default_factory=list)
    pieces: list[_Piece] = field(default_factory=list)
    depth: int = 0
    begins_key: bool = False

    def write(self) -> str:
        """Return the file as it is laid out; its text is one that YAML can read."""
        for token in yaml.scan("\n".join(self.lines), Loader=yaml.CSafeLoader):
            self._take(token)
        return _Writer(lines=self.lines, pieces=self.pieces).write()

    def _take(self, token: yaml.Token) -> None:
        start, end = token.start_mark, token.end_mark
        if isinstance(token, yaml.BlockMappingStartToken | yaml.BlockSequenceStartToken):
            is_list = isinstance(token, yaml.BlockSequenceStartToken)
            self.blocks.append(_Block(is_list, start.column, self._below()))
        elif isinstance(token, yaml.BlockEndToken):
            self._leave_inferred()
            self.blocks.pop()
        elif isinstance(token, yaml.KeyToken) and not self.depth:
            self._leave_inferred()
            self.begins_key = start.column == end.column
        if isinstance(token, yaml.BlockEntryToken) and not self.depth:
            top = self.blocks[-1]
            if not top.is_list:
                self.blocks.append(_Block(True, start.column, top.new + STEP, inferred=True))
        if (start.line, start.column) != (end.line, end.column):
            self._see(token)

    def _leave_inferred(self) -> None:
        if self.blocks and self.blocks[-1].inferred:
            self.blocks.pop()

    def _below(self) -> int:
        """Return the column of a block that begins here."""
        if not self.blocks:
            return 0
        return self.blocks[-1].new + STEP

    def _see(self, token: yaml.Token) -> None:
        start, end = token.start_mark, token.end_mark
        top = self.blocks[-1] if self.blocks else _Block(False, 0, 0)
        marks_line = isinstance(token, yaml.BlockEntryToken | yaml.KeyToken | yaml.ValueToken) or self.begins_key
        own = isinstance(token, yaml.DocumentStartToken | yaml.DocumentEndToken | yaml.DirectiveToken)
        column = 0 if own or not self.blocks else top.new if marks_line else top.new + STEP
        closing = isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken)
        block_text = isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}
        one_line = start.line == end.line
        text = self.lines[start.line][start.column : end.column if one_line else None]
        if isinstance(token, yaml.ScalarToken) and token.plain and one_line:
            text = self.spell(text, start.line + 1, start.column + 1)
        self.pieces.append(
            _Piece(
                token, text, start.line, start.column, end.line, end.column,
                column, top.new - top.old, self.depth > 0, block_text,
            )
        )  # fmt: skip
        self.begins_key = False
        if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
            self.depth += 1
        elif closing:
            self.depth -= 1


@dataclass(slots=True)
class _Writer:
    """Puts the pieces of a file on their lines."""

    lines: list[str]
    pieces: list[_Piece]
    made: list[str] = field(default_factory=list)

    def write(self) -> str:
        """Return the text, with one line end at its end."""
        by_line: dict[int, list[_Piece]] = {}
        over: dict[int, _Piece] = {}  # the piece that goes on over a line
        for piece in self.pieces:
            by_line.setdefault(piece.line, []).append(piece)
            for line in range(piece.line + 1, piece.last + (piece.end > 0)):
                over[line] = piece
        for number in range(len(self.lines)):
            self._line(number, by_line.get(number, []), over.get(number))
        while self.made and not self.made[-1]:
            self.made.pop()
        return "\n".join(self.made) + "\n" if self.made else ""

    def _line(self, number: int, starting: list[_Piece], going_on: _Piece | None) -> None:
        line = self.lines[number]
        if going_on is not None and (number < going_on.last or going_on.is_block_text):
            self.made.append(_shifted(line, going_on.shift))
            return
        if going_on is not None:
            text, end = _shifted(line[: going_on.end], going_on.shift), going_on.end
            text += self._joined(starting, going_on)
        elif starting:
            first = starting[0]
            column = max(0, first.start + first.shift) if first.inside else first.column
            text, end = " " * column + self._joined(starting, None), 0
        elif line.strip():
            self.made.append(" " * self._column(number, line) + line.strip())
            return
        else:
            if self.made and self.made[-1]:
                self.made.append("")
            return
        if starting:
            end = starting[-1].end if starting[-1].last == number else len(line)
        comment = line[end:].strip()
        self.made.append(f"{text}  {comment}" if comment else text)

    def _joined(self, starting: list[_Piece], before: _Piece | None) -> str:
        text = ""
        for piece in starting:
            if before is not None:
                text += _between(before, piece)
            text += piece.text.rstrip() if piece.is_block_text else piece.text
            before = piece
        return text

    def _column(self, number: int, line: str) -> int:
        """Return the column of a comment that has a line for itself: that of the lines it stands with."""
        old = len(line) - len(line.lstrip())
        at = bisect_right(self.pieces, number, key=lambda piece: piece.line)
        after = self.pieces[at] if at < len(self.pieces) else None
        if after is not None and after.inside:
            return max(0, old + after.shift)
        # The first piece of the line before, and that of the line behind.
        first = bisect_left(self.pieces, self.pieces[at - 1].line, key=lambda piece: piece.line) if at else 0
        before = self.pieces[first] if at else None
        beside = next((piece for piece in (after, before) if piece is not None and piece.start == old), after or before)
        return beside.column if beside is not None else 0


def _between(before: _Piece, after: _Piece) -> str:
    """Return the blanks between two pieces of a line."""
    if isinstance(before.token, yaml.ValueToken | yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
        return " "
    if isinstance(after.token, yaml.FlowEntryToken | yaml.ValueToken) or before.text in _OPEN or after.text in _CLOSE:
        return ""
    return " "


def _shifted(line: str, shift: int) -> str:
    """Return a line moved to the right, or to the left by as many blanks as it begins with."""
    if not line or shift >= 0:
        return " " * shift + line if line else line
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(-shift, blanks) :]
