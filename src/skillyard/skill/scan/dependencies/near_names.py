"""Tells names that imitate a popular package: one letter more, less, other or swapped, or other separators."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Literal

from skillyard.skill.scan.known import folded

Ecosystem = Literal["pypi", "npm"]
_SHORTEST = 5
_SURE_FROM = 6
_MAX_CHARS = 60
_SEPARATORS = re.compile(r"[-_.]+")
_SUFFIXES = frozenset("0123456789s")
_LOOK_ALIKES = {frozenset(pair) for pair in ("0o", "1l", "1i", "il", "5s", "uv", "mn", "sz", "vw", "ck", "iy")}


def imitated_by(name: str, ecosystem: Ecosystem) -> str | None:
    """The popular package whose name `name` is almost, and is not; None for honest and for unusual names alike."""
    popular, real, by_part, squeezed = _names(ecosystem)
    if not name.isascii():
        name = _normal(folded(name), ecosystem)
        return name if name in popular else None
    name = _normal(name, ecosystem)
    if name.startswith("@") or name in popular or name in real or not _SHORTEST - 1 <= len(name) <= _MAX_CHARS:
        return None
    same = squeezed.get(_SEPARATORS.sub("", name))
    if same:
        return same
    candidates = {original for part in _parts(name) for original in by_part.get(part, ())}
    return next((original for original in sorted(candidates) if _imitates(name, original)), None)


def _imitates(name: str, original: str) -> bool:
    """Names one edit apart; of short names only the edits that eyes miss, and never a mere number or plural."""
    if not _is_one_edit(name, original):
        return False
    if len(name) != len(original):
        longer, shorter = sorted((name, original), key=len, reverse=True)
        if longer[:-1] == shorter and longer[-1] in _SUFFIXES:
            return longer[-1] == "s" and len(original) > _SURE_FROM
    elif name[:-1] == original[:-1] and name[-1].isdigit():
        return False
    if len(original) >= _SURE_FROM:
        return True
    return sorted(name) == sorted(original) or _is_look_alike(name, original)


def _is_look_alike(name: str, original: str) -> bool:
    if len(name) != len(original):
        return len(set(name)) == len(set(original)) and len(name) > len(original)  # a letter doubled
    return all(a == b or frozenset((a, b)) in _LOOK_ALIKES for a, b in zip(name, original, strict=True))


def _is_one_edit(name: str, original: str) -> bool:
    """Whether the Damerau-Levenshtein distance (optimal string alignment) is one."""
    if name == original or abs(len(name) - len(original)) > 1:
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(name, original, strict=False)) if a != b), min(len(name), len(original))
    )
    rest, other = name[start:], original[start:]
    if len(rest) == len(other):
        return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
    return rest[1:] == other or rest == other[1:]


def _normal(name: str, ecosystem: Ecosystem) -> str:
    """PEP 503 for PyPI, where `a_b`, `a.b` and `a-b` are one name."""
    return _SEPARATORS.sub("-", name.lower()) if ecosystem == "pypi" else name.lower()


def _parts(name: str) -> set[str]:
    """The name, and all that is left of it when one letter is taken away: names one edit apart share one."""
    return {name} | {name[:at] + name[at + 1 :] for at in range(len(name))}


@cache
def _names(
    ecosystem: Ecosystem,
) -> tuple[frozenset[str], frozenset[str], dict[str, list[str]], dict[str, str]]:
    text = resources.files("skillyard.skill.scan.dependencies").joinpath("popular_names.toml").read_text()
    lists: dict[str, str] = tomllib.loads(text)
    popular = frozenset(lists[ecosystem].split())
    by_part: dict[str, list[str]] = {}
    for name in sorted(popular):
        for part in sorted(_parts(name)):
            by_part.setdefault(part, []).append(name)
    squeezed = {_SEPARATORS.sub("", name): name for name in sorted(popular) if len(name) >= _SURE_FROM}
    return popular, frozenset(lists[f"{ecosystem}_real"].split()), by_part, squeezed
