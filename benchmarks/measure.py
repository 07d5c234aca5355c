"""Side by side in one run: rounds alternate between the contestants, and ratios are taken round by round."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Result:
    """The figures of one contestant, one per round."""

    name: str
    unit: str
    figures: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.figures)


def alternate(contestants: Mapping[str, Callable[[], float]], *, unit: str, rounds: int = ROUNDS) -> dict[str, Result]:
    """Run each contestant once to warm up, then `rounds` times in turn. Each call returns its figure."""
    for run in contestants.values():
        run()
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            figures[name].append(run())
    return {name: Result(name, unit, tuple(values)) for name, values in figures.items()}


def ratio(ours: Result, theirs: Result) -> float:
    """The median of the ratios round by round: what stays when the machine's speed drifts."""
    return statistics.median(a / b for a, b in zip(ours.figures, theirs.figures, strict=True))


def report(title: str, results: Mapping[str, Result], ratios: Mapping[str, tuple[float, str]]) -> None:
    """Print a table for people on stderr and one line of JSON on stdout."""
    print(f"\n{title}", file=sys.stderr)
    for result in results.values():
        low, high = min(result.figures), max(result.figures)
        print(
            f"  {result.name:<28} {result.median:>12,.2f} {result.unit}  ({low:,.2f} to {high:,.2f})", file=sys.stderr
        )
    for name, (value, target) in ratios.items():
        print(f"  {name:<28} {value:>12.2f}   target {target}", file=sys.stderr)
    line = {
        "benchmark": title,
        "results": {result.name: {"median": result.median, "unit": result.unit} for result in results.values()},
        "ratios": {name: {"value": value, "target": target} for name, (value, target) in ratios.items()},
    }
    print(json.dumps(line), flush=True)
