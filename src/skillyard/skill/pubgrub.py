"""Candidates as PubGrub sees them: the releases of a name are numbered from best to worst, ranges are sets of numbers.

npm's rule for pre-releases makes ranges of versions not contiguous; sets of numbers do not mind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from nab_resolver.ranges import Range as Numbers
from nab_resolver.resolver import BaseProvider

from skillyard.skill.versions import Range


class NumberedCandidates(Protocol):
    def matches(self, name: str, text: str) -> tuple[int, ...]: ...

    def entry(self, name: str) -> Any: ...

    def candidate(self, name: str, number: int) -> Any: ...


def indices(numbers: Sequence[int]) -> Numbers[int]:
    """A set of numbers, as the few runs that it consists of."""
    found: Numbers[int] = Numbers.empty()
    begin = 0
    for place, number in enumerate(numbers):
        if place + 1 == len(numbers) or numbers[place + 1] != number + 1:
            found = found | Numbers.between(numbers[begin], number + 1)
            begin = place + 1
    return found


class CatalogProvider(BaseProvider[str, int]):
    """Answers PubGrub's questions from the catalog."""

    def __init__(self, catalog: NumberedCandidates) -> None:
        self._catalog = catalog
        self._needs: dict[tuple[str, int], Mapping[str, Numbers[int]]] = {}

    def choose_version(self, package: str, version_range: Any) -> int | None:
        entry = self._catalog.entry(package)
        count = len(entry.candidates) if entry else 0
        return next((number for number in range(count) if number in version_range), None)

    def has_satisfying_version(self, package: str, version_range: Any) -> bool:
        return self.choose_version(package, version_range) is not None

    def get_dependencies(self, package: str, version: int) -> Mapping[str, Numbers[int]]:
        key = (package, version)
        if key not in self._needs:
            needed = self._catalog.candidate(package, version).dependencies
            self._needs[key] = {name: self._admitted(name, text) for name, text in sorted(needed.items())}
        return self._needs[key]

    def prioritize(
        self,
        package: str,
        version_range: Any,
        conflict_counts: Mapping[str, int],
        culprit_counts: Mapping[str, int] | None = None,
    ) -> tuple[int, int, str]:
        """Names with more conflicts first, then those with fewer ways left, then by name."""
        del culprit_counts
        entry = self._catalog.entry(package)
        ways = sum(number in version_range for number in range(len(entry.candidates))) if entry else 0
        return -conflict_counts.get(package, 0), ways, package

    def widen_decision(self, package: str, version: int) -> None:
        del package, version

    def _admitted(self, name: str, text: str) -> Numbers[int]:
        Range.parse(text)
        return indices(self._catalog.matches(name, text))
