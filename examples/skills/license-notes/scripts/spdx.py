"""Licence names and SPDX licence expressions (SPDX specification 2.3, annex D): which name means which, and whether
an expression leaves a choice without certain licences."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

ALIASES = Path(__file__).absolute().parents[1] / "assets" / "spdx-aliases.json"

_TOKEN = re.compile(r"\s*([()]|[\w.+:-]+)")
_NAME = re.compile(r"[\w.:-]+\+?")
_OPERATORS = frozenset({"AND", "OR", "WITH", "(", ")"})


def identifier(name: str) -> str | None:
    """The SPDX identifier that a spelling stands for, None when it is not known to mean exactly one."""
    known = _aliases()
    return known.get(name.strip().casefold()) or (name.strip() if name.strip() in known.values() else None)


@functools.cache
def _aliases() -> dict[str, str]:
    read: dict[str, str] = json.loads(ALIASES.read_text(encoding="utf-8"))
    return read


def must_avoid(licence: str, patterns: Sequence[str]) -> bool:
    """Whether no choice that the expression leaves is free of the `patterns` (identifiers or globs).

    `GPL-3.0` also means its `-only` and `-or-later` forms. Text that is no expression counts when it holds one."""
    try:
        return _Expression(licence, patterns).must_avoid()
    except ValueError:
        return any(_is_meant(word, patterns) for word in re.findall(r"[\w.+-]+", licence))


def _is_meant(name: str, patterns: Sequence[str]) -> bool:
    plain = re.sub(r"(?:-only|-or-later|\+)$", "", name).casefold()
    return any(fnmatchcase(one, pattern.casefold()) for pattern in patterns for one in (name.casefold(), plain))


class _Expression:
    """A recursive descent over one expression. Raises ValueError for text that is none."""

    def __init__(self, text: str, patterns: Sequence[str]) -> None:
        self.patterns = patterns
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != "".join(text.split()) or len(self.tokens) > 200:
            raise ValueError(text)

    def must_avoid(self) -> bool:
        result = self._any_of()
        if self.tokens:
            raise ValueError(self.tokens)
        return result

    def _any_of(self) -> bool:
        results = [self._all_of()]
        while self._take("OR"):
            results.append(self._all_of())
        return all(results)

    def _all_of(self) -> bool:
        results = [self._one()]
        while self._take("AND"):
            results.append(self._one())
        return any(results)

    def _one(self) -> bool:
        if self._take("("):
            result = self._any_of()
            if not self._take(")"):
                raise ValueError(self.tokens)
            return result
        name = self._name()
        if self._take("WITH"):
            self._name()
        return _is_meant(name, self.patterns)

    def _take(self, token: str) -> bool:
        if self.tokens and self.tokens[0].upper() == token:
            self.tokens.pop(0)
            return True
        return False

    def _name(self) -> str:
        if not self.tokens or self.tokens[0].upper() in _OPERATORS or not _NAME.fullmatch(self.tokens[0]):
            raise ValueError(self.tokens)
        name: str = self.tokens.pop(0)
        return name
