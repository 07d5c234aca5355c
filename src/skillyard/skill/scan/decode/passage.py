"""A run of text and the line it comes from, and how several of them become one view."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from skillyard.skill.scan.subject import Kind, Part, View

MAX_VIEW_CHARS = 1 << 20
_GAP = "\n\n"
_LINE_FEED = re.compile("\n")


@dataclass(frozen=True, slots=True)
class Passage:
    """`text` begins in `line` of its file; `is_verbatim` tells that its line feeds are the file's too."""

    line: int
    text: str
    is_verbatim: bool = True


def view_of(file: str, kind: Kind, part: Part, passages: Iterable[Passage], via: tuple[str, ...] = ()) -> View | None:
    """One view of passages in their order, set apart by blank lines; None when there is nothing to read in them."""
    texts: list[str] = []
    starts: list[int] = []
    lines: list[int] = []
    position = 0
    for passage in passages:
        if position >= MAX_VIEW_CHARS or not passage.text.strip():
            continue
        text = passage.text[: MAX_VIEW_CHARS - position]
        starts.append(position)
        lines.append(passage.line)
        if passage.is_verbatim:
            _add_lines(text, passage.line, position, starts, lines)
        texts.append(text)
        position += len(text) + len(_GAP)
    if not texts:
        return None
    return View(
        file=file, kind=kind, part=part, text=_GAP.join(texts), via=via, starts=tuple(starts), lines=tuple(lines)
    )


def _add_lines(text: str, line: int, position: int, starts: list[int], lines: list[int]) -> None:
    begins = [position + end.end() for end in _LINE_FEED.finditer(text)]
    starts += begins
    lines += range(line + 1, line + 1 + len(begins))


class Lines:
    """The line, from 1, of any position in a text. Asked in rising order it reads the text once."""

    def __init__(self, text: str, first: int = 1) -> None:
        self._text = text
        self._line = first
        self._position = 0

    def at(self, position: int) -> int:
        if position >= self._position:
            self._line += self._text.count("\n", self._position, position)
        else:
            self._line -= self._text.count("\n", position, self._position)
        self._position = position
        return self._line
