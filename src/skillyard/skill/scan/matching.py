"""Patterns that match in linear time, whatever the text: RE2 (https://github.com/google/re2) behind one class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import re2

_SET_BYTES = 16 << 20  # a set begins its cache anew when it is full, and finds nothing if that is too small for it
_PATTERN_BYTES = 4 << 20  # a pattern goes on without a cache


@dataclass(frozen=True, slots=True)
class Hit:
    """A named pattern at `start:end` of a text, with its groups by name."""

    name: str
    start: int
    end: int
    text: str
    groups: Mapping[str, str | None]


def _options(memory_bytes: int) -> re2.Options:
    options = re2.Options()
    options.max_mem = memory_bytes
    options.log_errors = False
    return options


class Patterns:
    """Named patterns in RE2's syntax (no look-around, no back-references), matched without regard to case.

    One pass over a text tells which patterns are in it at all; only those are then located.
    """

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._names = tuple(patterns)
        self._set = re2.Set.SearchSet(_options(_SET_BYTES))
        for text in patterns.values():
            self._set.Add(f"(?i){text}")
        self._set.Compile()
        options = _options(_PATTERN_BYTES)
        self._compiled = [re2.compile(f"(?i){text}", options) for text in patterns.values()]

    def present(self, text: str) -> list[str]:
        """The names of the patterns that occur in `text`, in the order they were given."""
        return [self._names[index] for index in sorted(self._set.Match(text) or ())]

    def find(self, text: str, *, most: int = 50) -> Iterator[Hit]:
        """Every place of every pattern, at most `most` of each, pattern by pattern."""
        for index in sorted(self._set.Match(text) or ()):
            for number, match in enumerate(self._compiled[index].finditer(text)):
                if number >= most:
                    break
                yield Hit(self._names[index], match.start(), match.end(), match.group(), match.groupdict())
