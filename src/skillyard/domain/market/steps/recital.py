"""Whether an answer gives away the text that it was made with."""

from __future__ import annotations

from typing import Any

_SECRET_CHARS = 40  # a shorter text says nothing that would not be said anyway
_PASSAGE_CHARS = 60
_PARTS = 4


def recites(instructions: str, value: Any) -> bool:
    """Whether a JSON value holds a good part of the instructions word for word; spaces and case do not count.

    A model can be talked into anything: this catches the plain copy only. A short passage, such as a closing line that
    the answer is to have, is no copy.
    """
    text = _plain(instructions)
    if len(text) < _SECRET_CHARS:
        return False
    size = max(_PASSAGE_CHARS, len(text) // _PARTS)
    said = _plain(" ".join(_texts(value)))
    pieces = [text[start : start + size] for start in range(0, max(1, len(text) - size + 1), size)]
    return any(piece in said for piece in pieces)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _texts(value: Any) -> list[str]:
    """Every text in it; a value nests no deeper than JSON that was read."""
    if isinstance(value, str):
        return [value]
    items = value if isinstance(value, list) else [*value, *value.values()] if isinstance(value, dict) else ()
    return [text for item in items for text in _texts(item)]
