"""What a scan says: the same bytes give the same report, to the byte, wherever it is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from skillyard.skill.permissions import Permissions
from skillyard.skill.scan.finding import Finding
from skillyard.skill.scan.verdict import ScorePart, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`engine` and `rules` name the version and the hash of what looked; `digest` what was looked at.

    `needs` is what the content needs as far as it can be told without running it; `unread` are the files that were
    not read whole.
    """

    engine: str
    rules: str
    digest: str
    verdict: Verdict
    score: float
    parts: tuple[ScorePart, ...]
    findings: tuple[Finding, ...]
    needs: Permissions
    unread: tuple[str, ...]

    def show(self) -> dict[str, Any]:
        """The plain value of it all."""
        return {
            "engine": self.engine,
            "rules": self.rules,
            "digest": self.digest,
            "verdict": self.verdict.value,
            "score": self.score,
            "score_parts": [part.show() for part in self.parts],
            "findings": [finding.show() for finding in self.findings],
            "needs": self.needs.show(),
            "unread": list(self.unread),
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON, UTF-8: keys sorted, no spaces."""
        return json.dumps(self.show(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
