"""Resolve 1,000 skills with 20 versions each beside resolvelib on the same graph; and matches of ranges per second.

python -m benchmarks.resolve
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import resolvelib

from benchmarks.measure import Result, alternate, ratio, report
from skillyard.skill.resolve import Candidate, resolve
from skillyard.skill.versions import Range, Version

SKILLS, VERSIONS, NEEDS, NEAR = 1000, 20, 4, 60


def main() -> None:
    catalog = _catalog()
    results = alternate(
        {"skillyard": lambda: _ours(catalog), "resolvelib": lambda: _theirs(catalog)}, unit="s", rounds=3
    )
    faster = 1 / ratio(results["skillyard"], results["resolvelib"])
    report(f"resolve, {SKILLS} x {VERSIONS}", results, {"times faster": (faster, ">= 8, aim 100")})
    rate = Result("matches", "per second", tuple(_matches() for _ in range(5)))
    report("matches of a range", {"matches": rate}, {"per second": (rate.median, ">= 500000")})


def _catalog() -> Mapping[str, Sequence[Candidate]]:
    """Each skill needs up to four of the next sixty, in ranges that all can be satisfied."""
    chance = random.Random(4)
    catalog = {}
    for number in range(SKILLS):
        later = range(number + 1, min(SKILLS, number + NEAR))
        catalog[f"n/p{number}"] = [
            Candidate(
                version=f"1.{minor}.0",
                dependencies={
                    f"n/p{other}": f"^1.{chance.randint(0, minor)}.0"
                    for other in chance.sample(later, min(NEEDS, len(later)))
                },
            )
            for minor in range(VERSIONS)
        ]
    return catalog


class _Shelf:
    def __init__(self, catalog: Mapping[str, Sequence[Candidate]]) -> None:
        self._catalog = catalog

    def candidates(self, name: str) -> Sequence[Candidate] | None:
        return self._catalog.get(name)


def _ours(catalog: Mapping[str, Sequence[Candidate]]) -> float:
    began = time.perf_counter()
    found = resolve({"n/p0": "*"}, _Shelf(catalog))
    seconds = time.perf_counter() - began
    if len(found.versions) < SKILLS * 0.8:
        raise RuntimeError("the closure is too small to mean anything")
    return seconds


class _Provider(resolvelib.AbstractProvider[Any, Any, str]):
    """The same catalog for resolvelib, with our ranges, so that only the search differs."""

    def __init__(self, catalog: Mapping[str, Sequence[Candidate]]) -> None:
        self._catalog = catalog

    def identify(self, requirement_or_candidate: Any) -> str:
        return str(requirement_or_candidate[0])

    def get_preference(self, identifier: str, *_: Any, **__: Any) -> str:
        return identifier

    def find_matches(self, identifier: str, requirements: Any, incompatibilities: Any) -> Iterator[Any]:
        texts = [text for _, text in requirements[identifier]]
        refused = {version for _, version, _ in incompatibilities[identifier]}
        found = [
            (identifier, one.version, one.dependencies)
            for one in self._catalog[identifier]
            if one.version not in refused
            and all(Range.parse(text).contains(Version.parse(one.version)) for text in texts)
        ]
        return iter(sorted(found, key=lambda one: Version.parse(one[1]).key, reverse=True))

    def is_satisfied_by(self, requirement: Any, candidate: Any) -> bool:
        return Range.parse(requirement[1]).contains(Version.parse(candidate[1]))

    def get_dependencies(self, candidate: Any) -> list[tuple[str, str]]:
        return list(candidate[2].items())


def _theirs(catalog: Mapping[str, Sequence[Candidate]]) -> float:
    began = time.perf_counter()
    resolver: Any = resolvelib.Resolver(_Provider(catalog), resolvelib.BaseReporter())
    resolver.resolve([("n/p0", "*")], max_rounds=1_000_000)
    return time.perf_counter() - began


def _matches() -> float:
    accepted = Range.parse("^1.2.0 || 3.x")
    versions = [Version.parse(f"{a}.{b}.{c}") for a in range(5) for b in range(10) for c in range(20)]
    began = time.perf_counter()
    for _ in range(200):
        for version in versions:
            accepted.contains(version)
    return 200 * len(versions) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
