"""From values to places on an axis: round ticks, linear scales, and short spellings of numbers."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_UNITS = ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))  # from, divided by, shown


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map of `low`..`high` onto pixels; the two ends may run downwards."""

    low: float
    high: float
    start_px: float
    end_px: float

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self.start_px + (value - self.low) / (self.high - self.low) * (self.end_px - self.start_px)


def ticks(low: float, high: float, *, wanted: int = 5) -> list[float]:
    """Evenly spaced round numbers from at most `low` to at least `high`, about `wanted` of them."""
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(count * step, 12) for count in range(first, last + 1)]


def short(*values: float) -> list[str]:
    """Numbers in few characters and all in the same unit: 950, 0.25, 12k, 3.5M."""
    largest = max(map(abs, values))
    size, unit = next(((size, unit) for least, size, unit in _UNITS if largest >= least), (1.0, ""))
    return [f"{value / size:.4g}{unit if value else ''}".replace("-", "\u2212") for value in values]


def full(value: float) -> str:
    """A number in full, with thousands separators and at most four decimals."""
    return f"{value:,.4f}".rstrip("0").rstrip(".").replace("-", "\u2212")


def positions(labels: Sequence[str]) -> list[float]:
    """Where labels stand on a line's axis: numbers and ISO dates to scale, all else (or disordered) evenly."""
    for read in (float, _day):
        try:
            places = [read(label) for label in labels]
        except ValueError:
            continue
        if all(map(math.isfinite, places)) and all(left < right for left, right in itertools.pairwise(places)):
            return places
    return [float(number) for number in range(len(labels))]


def _day(label: str) -> float:
    month_only = f"{label}-01" if len(label) == len("2026-01") else label
    moment = datetime.datetime.fromisoformat(month_only)
    if moment.tzinfo:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return (moment - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)
