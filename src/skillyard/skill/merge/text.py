"""Merge three texts by lines, as diff3 does (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007).

How lines end, and whether the last one does, are merged by themselves: who changes only that is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from skillyard.skill.merge.lines import Lines, match_lines
from skillyard.skill.merge.model import OURS, THEIRS, Three, Work, pick

Value = TypeVar("Value")

_CRLF, _LF = b"\r\n", b"\n"
_OPENING, _BETWEEN, _CLOSING = f"<<<<<<< {OURS}".encode(), b"=======", f">>>>>>> {THEIRS}".encode()


@dataclass(frozen=True, slots=True)
class MergedLines:
    """`conflicts`: for each, the field that it is in; None for one in plain text."""

    lines: list[bytes]
    conflicts: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class MergedText:
    content: bytes
    conflicts: tuple[str | None, ...]


LineMerge = Callable[[Lines, Lines, Lines, Work], MergedLines]


def merge_text(base: bytes, ours: bytes, theirs: bytes, work: Work, merge: LineMerge | None = None) -> MergedText:
    """Merge by lines; `merge`: by something that knows more of them."""
    sides, line_end = Three(base, ours, theirs), _LF
    if not any(map(_is_mixed, sides)):
        line_end = _pick_known(sides.map(_line_end)) or _LF
        sides = sides.map(lambda side: side.replace(_CRLF, _LF))
    merged = (merge or merge_lines)(*sides.map(_split), work)
    is_ended = _pick_known(sides.map(_is_ended))
    content = _LF.join(merged.lines) + (_LF if is_ended and merged.lines else b"")
    return MergedText(content if line_end == _LF else content.replace(_LF, line_end), merged.conflicts)


def merge_lines(base: Lines, ours: Lines, theirs: Lines, work: Work) -> MergedLines:
    """By diff3: what only one side changed is taken from it."""
    merged: list[bytes] = []
    conflicts = 0
    for part in _parts(base, ours, theirs, work):
        chosen = pick(*part)
        conflicts += chosen is None
        merged += mark(part[1], part[2]) if chosen is None else chosen
    return MergedLines(merged, (None,) * conflicts)


def mark(ours: Lines, theirs: Lines) -> list[bytes]:
    """Both sides between markers; what they begin and end with in common stands outside."""
    most = min(len(ours), len(theirs))
    start = next((i for i in range(most) if ours[i] != theirs[i]), most)
    most -= start
    end = next((i for i in range(most) if ours[-1 - i] != theirs[-1 - i]), most)
    between = [*ours[start : len(ours) - end], _BETWEEN, *theirs[start : len(theirs) - end]]
    return [*ours[:start], _OPENING, *between, _CLOSING, *ours[len(ours) - end :]]


def _parts(base: Lines, ours: Lines, theirs: Lines, work: Work) -> Iterator[tuple[Lines, Lines, Lines]]:
    """Parts of the three that correspond: single lines that are the same in all, and what is between those."""
    in_ours, in_theirs = dict(match_lines(base, ours, work)), dict(match_lines(base, theirs, work))
    stable = [(at, in_ours[at], in_theirs[at]) for at in in_ours if at in in_theirs]
    at_base = at_ours = at_theirs = 0
    for b, o, t in [*stable, (len(base), len(ours), len(theirs))]:
        if (b, o, t) != (at_base, at_ours, at_theirs):
            yield base[at_base:b], ours[at_ours:o], theirs[at_theirs:t]
        line = base[b : b + 1]
        yield line, line, line
        at_base, at_ours, at_theirs = b + 1, o + 1, t + 1


def _is_mixed(text: bytes) -> bool:
    return 0 < text.count(_CRLF) < text.count(_LF)


def _line_end(text: bytes) -> bytes | None:
    """None for a text without any; not for a mixed one."""
    return _CRLF if _CRLF in text else _LF if _LF in text else None


def _is_ended(text: bytes) -> bool | None:
    """Whether the last line is; None for a text without lines."""
    return text.endswith(_LF) if text else None


def _pick_known(sides: Three[Value | None]) -> Value | None:
    """A side that says nothing says what the base says, and a base that says nothing what the first side says."""
    known = next((value for value in sides if value is not None), None)
    return pick(*sides.map(lambda value: known if value is None else value))


def _split(text: bytes) -> list[bytes]:
    return text.removesuffix(_LF).split(_LF) if text else []
