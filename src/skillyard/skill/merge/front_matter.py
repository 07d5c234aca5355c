"""Merge SKILL.md: its front matter field by field, with the text of each as it was written; the rest by lines.

Fields are found in the text by their indentation. What comes of it is read again: where the values are not those that
were chosen, the fields were not what they looked like, and the whole file is merged by lines instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from skillyard.skill.faults import SkillError
from skillyard.skill.front_matter import parse_front_matter
from skillyard.skill.merge.lines import Lines
from skillyard.skill.merge.model import Three, Work, pick
from skillyard.skill.merge.text import MergedLines, mark, merge_lines

Fields = Mapping[str, list[bytes]]
Values = Mapping[str, Any]
Path = tuple[str, ...]

_FENCE = re.compile(rb"---[ \t]*")
_KEY = re.compile(rb"""( *)("[^"\\]+"|'[^']+'|[^\s#'"\[\]{},&*!|>%@`:?-][^:#]*?)[ \t]*:(?:[ \t]|$)""")
_ANYTHING: Final = object()  # in place of a value that was merged by lines
_COMMENT = re.compile(rb" *(?:#|$)")


def merge_skill_lines(base: Lines, ours: Lines, theirs: Lines, work: Work) -> MergedLines:
    """By fields where all three have front matter that can be read, else by lines. A merge of lines whose front matter
    cannot be read any more is a conflict.
    """
    read = [_read(side) for side in (base, ours, theirs)]
    sides = [side for side in read if side is not None]
    if len(sides) < len(read):
        return merge_lines(base, ours, theirs, work)
    merged = _merge_sides(Three(*sides), work)
    if merged is not None:
        return merged
    by_lines = merge_lines(base, ours, theirs, work)
    is_broken = not by_lines.conflicts and _values(by_lines.lines) is None
    return MergedLines(mark(ours, theirs), (None,)) if is_broken else by_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the three: a fence, the fields in their order, the fence again, and the text below."""

    opening: Lines
    fields: Fields
    closing: Lines
    body: Lines
    values: Values


@dataclass(slots=True)
class _Block:
    """What fields are merged into; `values`: what it must be read as, as far as that is known."""

    lines: list[bytes] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)


def split_fields(block: Lines) -> dict[str, list[bytes]] | None:
    """The lines of each field of a map in block style, by its key; comments and blank lines belong to the field below
    them, or to the one above at the end. None for anything else.
    """
    first = next((match for line in block if (match := _KEY.match(line))), None)
    fields: dict[str, list[bytes]] = {}
    current, waiting = list[bytes](), list[bytes]()
    for line in block:
        match = _KEY.match(line)
        if match and first and match[1] == first[1]:
            key = match[2].strip(b"\"'").decode(errors="replace")
            if key in fields:
                return None
            current = fields[key] = [*waiting, line]
            waiting = []
        elif _COMMENT.match(line):
            waiting.append(line)
        else:
            current += [*waiting, line]
            waiting = []
    current += waiting
    return fields if sum(map(len, fields.values())) == len(block) else None


def _read(lines: Lines) -> _Side | None:
    end = next((at for at in range(1, len(lines)) if _FENCE.fullmatch(lines[at])), 0)
    fields, values = split_fields(lines[1:end]), _values(lines)
    if values is None or fields is None or list(fields) != list(values):
        return None
    return _Side(
        opening=lines[:1], fields=fields, closing=lines[end : end + 1], body=lines[end + 1 :], values=values
    )  # fmt: skip


def _values(lines: Lines) -> Values | None:
    try:
        return parse_front_matter(b"\n".join(lines).decode()).values
    except (SkillError, UnicodeDecodeError):
        return None


def _merge_sides(sides: Three[_Side], work: Work) -> MergedLines | None:
    """None when the result would not be read as what was chosen."""
    block = _Block()
    _merge_fields(sides.map(lambda side: side.fields), sides.map(lambda side: side.values), block, (), work)
    opening = pick(*sides.map(lambda side: side.opening)) or sides.ours.opening
    closing = pick(*sides.map(lambda side: side.closing)) or sides.ours.closing
    body = merge_lines(*sides.map(lambda side: side.body), work)
    front = [*opening, *block.lines, *closing]
    if not block.conflicts and not _is_as_chosen(_values(front), block.values):
        return None
    return MergedLines([*front, *body.lines], (*block.conflicts, *body.conflicts))


def _merge_fields(sides: Three[Fields], values: Three[Values], into: _Block, above: Path, work: Work) -> None:
    for key in _ordered(sides.ours, sides.theirs):
        texts = Three(*(side.get(key, []) for side in sides))
        chosen = pick(*texts)
        if chosen is None:
            _merge_field(texts, Three(*(side.get(key) for side in values)), into, (*above, key), work)
        elif chosen:
            into.lines += chosen
            into.values[key] = (values.ours if chosen is texts.ours else values.theirs)[key]


def _merge_field(texts: Three[list[bytes]], values: Three[Any], into: _Block, path: Path, work: Work) -> None:
    """One that both sides changed, each in its own way: a map by its fields, all else by lines."""
    inner = texts.map(_inner_fields)
    maps = values.map(lambda value: {} if value is None else value)
    if all(fields is not None for fields in inner) and all(isinstance(one, dict) for one in maps):
        heads = texts.map(_head)
        head = merge_lines(*heads, work)
        if head.conflicts:
            into.conflicts.append(".".join(path))
            into.lines += mark(texts.ours, texts.theirs)
            return
        block = _Block(lines=list(head.lines))
        _merge_fields(inner.map(lambda fields: fields or {}), maps, block, path, work)
        into.lines += block.lines
        into.values[path[-1]] = block.values
        into.conflicts += block.conflicts
        return
    merged = merge_lines(*texts, work)
    if merged.conflicts or not all(texts[1:]):
        into.conflicts.append(".".join(path))
        into.lines += mark(texts.ours, texts.theirs)
    else:
        into.lines += merged.lines
        into.values[path[-1]] = _ANYTHING


def _head(text: list[bytes]) -> list[bytes]:
    """A field's comments and the line with its key."""
    return text[: next((at + 1 for at, line in enumerate(text) if _KEY.match(line)), 0)]


def _inner_fields(text: list[bytes]) -> Fields | None:
    """Of a field that is a map; none where there is no such field."""
    return split_fields(text[len(_head(text)) :])


def _ordered(ours: Iterable[str], theirs: Iterable[str]) -> list[str]:
    """Our order; what only they have comes after what it comes after there."""
    keys, at = list(ours), 0
    for key in theirs:
        if key not in keys:
            keys.insert(at, key)
        at = keys.index(key) + 1
    return keys


def _is_as_chosen(found: Any, chosen: Any) -> bool:
    if chosen is _ANYTHING or not (isinstance(found, dict) and isinstance(chosen, dict)):
        return chosen is _ANYTHING or bool(found == chosen)
    return found.keys() == chosen.keys() and all(_is_as_chosen(found[key], chosen[key]) for key in chosen)
