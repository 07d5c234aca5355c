"""All SQL of the registry, by noun. Who may do it, and what else must happen with it, is decided by the operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_MOST_AT_ONCE = 512


def batches(values: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Marks and values for `IN (…)`, a part at a time; padded, so that there are few different statements."""
    for start in range(0, len(values), _MOST_AT_ONCE):
        part = list(values[start : start + _MOST_AT_ONCE])
        part += part[-1:] * ((1 << (len(part) - 1).bit_length()) - len(part))
        yield ", ".join("?" * len(part)), part
