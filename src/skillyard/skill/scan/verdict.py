"""From findings to a verdict and a score. Both are computed from the findings alone, by what stands here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from skillyard.skill.scan.finding import Category, Finding, Severity

CERTAIN = 0.9
LIKELY = 0.6


class Verdict(StrEnum):
    """In this order from good to bad. Flagged: installed only with consent. Fail: not handed out."""

    PASS = "pass"  # noqa: S105
    PASS_WITH_NOTES = "pass_with_notes"  # noqa: S105
    FLAGGED = "flagged"
    FAIL = "fail"


# How many points of ten each part of a skill can earn, and what a finding takes of them.
POINTS = {
    Category.INSTRUCTIONS: 2.0,
    Category.CODE: 2.0,
    Category.HIDDEN: 1.5,
    Category.PERSISTENCE: 1.0,
    Category.DEPENDENCIES: 1.0,
    Category.PACKAGE: 1.0,
    Category.SECRETS: 1.0,
    Category.PERMISSIONS: 0.5,
}
_LOST = {
    Severity.CRITICAL: 1.0,
    Severity.HIGH: 0.75,
    Severity.MEDIUM: 0.3,
    Severity.LOW: 0.1,
    Severity.INFO: 0.0,
}
_MOST = {
    Verdict.PASS: 10.0,
    Verdict.PASS_WITH_NOTES: 10.0,
    Verdict.FLAGGED: 5.0,
    Verdict.FAIL: 2.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePart:
    """One named part of the score; `points` of `most` were earned. What could not be measured earns nothing."""

    name: str
    points: float
    most: float
    measured: bool

    def show(self) -> dict[str, Any]:
        return {"name": self.name, "points": self.points, "most": self.most, "measured": self.measured}


def decide_verdict(findings: Iterable[Finding]) -> Verdict:
    """The worst that any single finding calls for."""
    return worst(called_for(finding.severity, finding.confidence) for finding in findings)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Pass when there are none."""
    return max(verdicts, key=list(Verdict).index, default=Verdict.PASS)


def called_for(severity: Severity, confidence: float) -> Verdict:
    """What one finding makes of a skill by itself."""
    if severity is Severity.CRITICAL and confidence >= CERTAIN:
        return Verdict.FAIL
    if severity in (Severity.CRITICAL, Severity.HIGH) and confidence >= LIKELY:
        return Verdict.FLAGGED
    return Verdict.PASS if severity is Severity.INFO else Verdict.PASS_WITH_NOTES


def decide_score(
    findings: Iterable[Finding], unmeasured: Collection[Category], verdict: Verdict
) -> tuple[float, list[ScorePart]]:
    """0 to 10 with one decimal, and the parts it is the sum of. A bad verdict caps it: 5 if flagged, 2 if failed."""
    lost = dict.fromkeys(POINTS, 0.0)
    for finding in findings:
        lost[finding.rule.category] += _LOST[finding.severity] * finding.confidence
    parts = [
        ScorePart(
            name=category.value,
            points=0.0 if category in unmeasured else round(most * max(0.0, 1.0 - lost[category]), 2),
            most=most,
            measured=category not in unmeasured,
        )
        for category, most in POINTS.items()
    ]
    return round(min(sum(part.points for part in parts), _MOST[verdict]), 1), parts
