"""Security grades: the scan's verdict and score as one letter."""

from __future__ import annotations

from typing import Literal

Grade = Literal["A", "B", "C", "D", "F"]
_FAILED = "fail"
_LEAST: tuple[tuple[float, Grade], ...] = ((9.0, "A"), (8.0, "B"), (6.0, "C"))


def grade_of(verdict: str | None, score: float | None) -> Grade | None:
    """F for what failed the scan, else by its points of ten; a flagged skill has five at most. None: not scanned."""
    if verdict is None or score is None:
        return None
    if verdict == _FAILED:
        return "F"
    return next((grade for least, grade in _LEAST if score >= least), "D")
