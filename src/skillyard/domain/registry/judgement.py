"""What follows from a scan, the reviewers' overrides and recalls: one status, for index, search and installs alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from skillyard.domain.registry.trust import Advisory, Judgement, Override, Status
from skillyard.skill.scan.finding import Severity
from skillyard.skill.scan.verdict import Verdict, called_for, worst

_MOST_REASONS = 5
_STATUS = {
    Verdict.PASS: Status.LISTED,
    Verdict.PASS_WITH_NOTES: Status.LISTED,
    Verdict.FLAGGED: Status.FLAGGED,
    Verdict.FAIL: Status.QUARANTINED,
}


def judge(report: Mapping[str, Any], overrides: Iterable[Override], advisories: Iterable[Advisory]) -> Judgement:
    """`report`: what Report.show returned; `overrides` and `advisories`: those in force for its tree of files."""
    lifted = {override.rule for override in overrides}
    counted = [finding for finding in report["findings"] if finding["rule"] not in lifted]
    status = _STATUS[worst(_calls(finding) for finding in counted)]
    reasons = [] if status is Status.LISTED else [_in_words(finding) for finding in _gravest(counted)]
    recalls = [f"recalled: {advisory.reason}" for advisory in advisories]
    if recalls:
        return Judgement(status=Status.RECALLED, reasons=tuple([*recalls, *reasons][:_MOST_REASONS]))
    return Judgement(status=status, reasons=tuple(reasons[:_MOST_REASONS]))


def rules_that_count(report: Mapping[str, Any]) -> Collection[str]:
    """The rules whose findings keep a release from being listed."""
    return {finding["rule"] for finding in _gravest(report["findings"])}


def _gravest(findings: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [finding for finding in findings if _STATUS[_calls(finding)] is not Status.LISTED]


def _calls(finding: Mapping[str, Any]) -> Verdict:
    return called_for(Severity(finding["severity"]), finding["confidence"])


def _in_words(finding: Mapping[str, Any]) -> str:
    """Without the evidence: everybody reads this, also those who have yet to buy the file that it is from."""
    line = f":{finding['line']}" if finding["line"] else ""
    where = f" in {finding['file']}{line}" if finding["file"] else ""
    return f"{finding['title']}{where} ({finding['rule']})"
