"""Bounds of a JSON value from outside, whatever it is for: depth, size, numbers and text that everybody can read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from skillyard.skill.reading import Place, shorten

MAX_DEPTH = 32
MAX_VALUES = 100_000
MAX_CHARS = 1 << 20
_MIN_INTEGER = -(2**63)
_MAX_INTEGER = 2**64 - 1


def check_json(
    value: object,
    place: Place,
    *,
    max_depth: int = MAX_DEPTH,
    max_values: int = MAX_VALUES,
    max_chars: int = MAX_CHARS,
) -> bool:
    """Whether the value is JSON within bounds; else one fault is noted. `max_chars` bounds all texts together."""
    try:
        _measure(value, max_depth=max_depth, max_values=max_values, max_chars=max_chars)
    except _NotWithin as error:
        place.refuse(error.code, f"{place} {error.why}", error.hint)
        return False
    return True


class _NotWithin(Exception):
    def __init__(self, code: str, why: str, hint: str) -> None:
        self.code = code
        self.why = why
        self.hint = hint


def _measure(value: object, *, max_depth: int, max_values: int, max_chars: int) -> None:
    """Level by level, since foreign values may be nested deeper than calls can be."""
    level = [value]
    depth = values = chars = 0
    while level:
        depth += 1
        values += len(level)
        chars += sum(_count_chars(item) for item in level)
        if depth > max_depth:
            raise _NotWithin("too_deep", f"is nested more than {max_depth} levels deep", "make it flatter")
        if values > max_values:
            raise _NotWithin("too_large", f"has more than {max_values} values", "send less at once")
        if chars > max_chars:
            raise _NotWithin("too_large", f"has more than {max_chars} characters of text", "send less at once")
        for item in level:
            if why := _fault_of(item):
                raise _NotWithin("not_json", why, "send plain JSON")
        level = [child for item in level for child in _children(item)]


def pointer(path: Iterable[str | int]) -> str:
    """Where in a value something is, as a JSON pointer (RFC 6901): empty for the whole."""
    keys = (str(key).replace("~", "~0").replace("/", "~1") for key in path)
    return shorten("".join(f"/{key}" for key in keys), 200)


def _children(item: object) -> Iterable[object]:
    if isinstance(item, Mapping):
        return item.values()
    return item if isinstance(item, list) else ()


def _count_chars(item: object) -> int:
    if isinstance(item, Mapping):
        return sum(len(key) for key in item if isinstance(key, str))
    return len(item) if isinstance(item, str) else 0


def _fault_of(item: object) -> str | None:
    if item is None or isinstance(item, bool):
        return None
    if isinstance(item, int):
        return None if _MIN_INTEGER <= item <= _MAX_INTEGER else "has an integer of more than 64 bits"
    if isinstance(item, float):
        return None if math.isfinite(item) else "has a number that is not finite"
    if isinstance(item, str):
        return None if _is_unicode(item) else "has half of a surrogate pair in a text"
    if isinstance(item, Mapping):
        return None if all(isinstance(key, str) and _is_unicode(key) for key in item) else "has a key that is not text"
    return None if isinstance(item, list) else f"has a value of the type {type(item).__name__}"


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
