"""Patterns that match in linear time, whatever the text: RE2 (https://github.com/google/re2) behind one class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import re2

_MEMORY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A named pattern at `start:end` of a text, with its groups by name."""

    name: str
    start: int
    end: int
    text: str
    groups: Mapping[str, str | None]


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    return options


class Patterns:
    """Named patterns in RE2's syntax (no look-around, no back-references), matched without regard to case.

    One pass over a text tells which patterns are in it at all; only those are then located.
    """

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._names = tuple(patterns)
        options = _options()
        self._set = re2.Set.SearchSet(options)
        for text in patterns.values():
            self._set.Add(f"(?i){text}")
        self._set.Compile()
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
