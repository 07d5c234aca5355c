"""Semantic versions (https://semver.org) and ranges of them, with the meaning that npm's `semver` package gives them.

A range is compiled once to intervals between version keys; matching is two comparisons of tuples per interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, total_ordering

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.ranges import BUILD, NUMBER, PRE, Comparator, desugar

_MAX_LENGTH = 256
_MAX_RANGE_LENGTH = 1000
_MAX_NUMBER = 2**53 - 1
_FULL = re.compile(rf"v?({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PRE}))?(?:\+{BUILD})?", re.ASCII)

PreKey = tuple[tuple[int, int, str], ...]
Key = tuple[int, int, int, PreKey]
_RELEASED: PreKey = ((2, 0, ""),)  # sorts behind every pre-release of the same numbers


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """Ordered by precedence; build metadata takes no part in order or equality."""

    key: Key = field(repr=False)
    text: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a full version such as `1.2.3-rc.1`. Raises SkillError (`bad_version`)."""
        return _parse_version(text)

    @property
    def major(self) -> int:
        return self.key[0]

    @property
    def minor(self) -> int:
        return self.key[1]

    @property
    def patch(self) -> int:
        return self.key[2]

    @property
    def prerelease(self) -> tuple[int | str, ...]:
        return tuple(name or number for _, number, name in self.key[3]) if self.is_prerelease else ()

    @property
    def build(self) -> str:
        return self.text.partition("+")[2]

    @property
    def is_prerelease(self) -> bool:
        return self.key[3] != _RELEASED

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __str__(self) -> str:
        return self.text


def is_version(text: object) -> bool:
    return isinstance(text, str) and _read_key(text) is not None


def _read_key(text: str) -> Key | None:
    match = _FULL.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    major, minor, patch = (int(part) for part in match.group(1, 2, 3))
    if max(major, minor, patch) > _MAX_NUMBER:
        return None
    pre = match[4]
    if pre is None:
        return major, minor, patch, _RELEASED
    return major, minor, patch, tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split("."))


@lru_cache(maxsize=65536)
def _parse_version(text: str) -> Version:
    key = _read_key(text)
    if key is None:
        hint = "Write three numbers and at most a pre-release: 1.4.0 or 2.0.0-rc.1."
        message = f"{_shortened(text)} is not a semantic version"
        raise SkillError([Fault(code="bad_version", message=message, hint=hint)])
    return Version(key, text.removeprefix("v"))


Bound = tuple[tuple[object, ...], int]  # (key, 0): just before it; (key, 1): just behind it
_BEGIN: Bound = ((-1,), 0)
_END: Bound = ((float("inf"),), 0)


@dataclass(frozen=True, slots=True)
class Interval:
    """Versions from `low` up to `high`; pre-releases only of the numbers in `pre` (npm's rule)."""

    low: Bound
    high: Bound
    pre: frozenset[tuple[int, int, int]]

    def contains(self, key: Key) -> bool:
        return self.low <= (key, 0) < self.high

    def intersect(self, other: Interval) -> Interval:
        return Interval(max(self.low, other.low), min(self.high, other.high), self.pre & other.pre)

    @property
    def is_empty(self) -> bool:
        return self.low >= self.high


@dataclass(frozen=True, slots=True)
class Range:
    """What a requirement such as `^1.2 || 3.x` admits. `wide` also admits every pre-release between its bounds."""

    text: str
    intervals: tuple[Interval, ...]
    wide: tuple[Interval, ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Range:
        """Compile a range (cached). Raises SkillError (`bad_range`)."""
        return _parse_range(text)

    def contains(self, version: Version, *, include_prerelease: bool = False) -> bool:
        key = version.key
        if include_prerelease:
            return any(interval.low <= (key, 0) < interval.high for interval in self.wide)
        if key[3] == _RELEASED:
            return any(interval.low <= (key, 0) < interval.high for interval in self.intervals)
        numbers = key[:3]
        return any(interval.contains(key) and numbers in interval.pre for interval in self.intervals)

    def max_satisfying(self, versions: Iterable[Version]) -> Version | None:
        """The highest of the versions that the range admits, None when it admits none of them."""
        return max((version for version in versions if self.contains(version)), default=None)

    def intersect(self, other: Range) -> Range:
        """What both admit. Its text is not a range that can be parsed again."""
        return Range(
            f"{self.text} and {other.text}",
            _intersections(self.intervals, other.intervals),
            _intersections(self.wide, other.wide),
        )

    @property
    def is_empty(self) -> bool:
        """No version can ever satisfy it."""
        return all(interval.is_empty for interval in self.intervals)

    def __str__(self) -> str:
        return self.text


def _intersections(ours: tuple[Interval, ...], theirs: tuple[Interval, ...]) -> tuple[Interval, ...]:
    both = (one.intersect(other) for one in ours for other in theirs)
    return tuple(interval for interval in both if not interval.is_empty)


@lru_cache(maxsize=16384)
def _parse_range(text: str) -> Range:
    try:
        if len(text) > _MAX_RANGE_LENGTH:
            raise ValueError(text)
        narrow = tuple(_interval(part) for part in desugar(text))
        wide = tuple(_interval(part) for part in desugar(text, include_prerelease=True))
    except ValueError as error:
        hint = "Write it as npm does: ^1.2.0, ~1.2, >=1.0.0 <3.0.0, 1.x || 2.x, or an exact version."
        message = f"{_shortened(text)} is not a version range: {_shortened(str(error))} cannot be read"
        raise SkillError([Fault(code="bad_range", message=message, hint=hint)]) from error
    return Range(text, narrow, wide)


def _interval(comparators: list[Comparator]) -> Interval:
    low, high = _BEGIN, _END
    pre: set[tuple[int, int, int]] = set()
    for operator, text in comparators:
        if not text:
            continue
        key = _read_key(text)
        if key is None:
            raise ValueError(text)
        if key[3] != _RELEASED:
            pre.add(key[:3])
        if operator in (">", ">=", ""):
            low = max(low, (key, int(operator == ">")))
        if operator in ("<", "<=", ""):
            high = min(high, (key, int(operator != "<")))
    return Interval(low, high, frozenset(pre))


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
