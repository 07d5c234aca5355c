"""What a rule says when it speaks: a rule is described once, a finding says where it was met."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_EVIDENCE_CHARS = 200


class Severity(StrEnum):
    """How bad it is if it is meant as it looks."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Category(StrEnum):
    """What a finding is about; the audit score has one part for each."""

    HIDDEN = "hidden"  # content that a person does not see and a machine does
    INSTRUCTIONS = "instructions"  # prose that turns the agent against its user
    CODE = "code"  # what scripts do
    PERSISTENCE = "persistence"  # what stays behind, or changes how agents and machines behave
    DEPENDENCIES = "dependencies"  # what else would be fetched
    PACKAGE = "package"  # the files themselves
    SECRETS = "secrets"  # credentials left in the files
    PERMISSIONS = "permissions"  # the declaration against what the content needs


class Owasp(StrEnum):
    """OWASP Agentic Skills Top 10 (https://owasp.org/www-project-agentic-skills-top-10/, v1)."""

    MALICIOUS_SKILLS = "AST01"
    SUPPLY_CHAIN_COMPROMISE = "AST02"
    OVER_PRIVILEGED_SKILLS = "AST03"
    INSECURE_METADATA = "AST04"
    UNTRUSTED_EXTERNAL_INSTRUCTIONS = "AST05"
    WEAK_ISOLATION = "AST06"
    UPDATE_DRIFT = "AST07"
    POOR_SCANNING = "AST08"
    NO_GOVERNANCE = "AST09"
    CROSS_PLATFORM_REUSE = "AST10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`id` is `family.what`, and never changes its meaning. `why`: why it matters. `advice`: what to do next."""

    id: str
    category: Category
    owasp: Owasp
    severity: Severity
    confidence: float
    title: str
    why: str
    advice: str

    def at(
        self,
        file: str,
        line: int,
        evidence: str,
        *,
        severity: Severity | None = None,
        confidence: float | None = None,
        via: tuple[str, ...] = (),
    ) -> Finding:
        """A finding in `line` (from 1; 0 for the file as a whole) of `file`; `via`: how its text was made readable."""
        return Finding(
            rule=self,
            severity=severity or self.severity,
            confidence=self.confidence if confidence is None else confidence,
            file=file,
            line=line,
            evidence=written_out(evidence),
            via=via,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule met in one place. `evidence` is one line, with invisible characters written out."""

    rule: Rule
    severity: Severity
    confidence: float
    file: str
    line: int
    evidence: str
    via: tuple[str, ...] = ()

    def show(self) -> dict[str, Any]:
        """The plain value that stands in reports."""
        return {
            "rule": self.rule.id,
            "category": self.rule.category.value,
            "owasp": self.rule.owasp.value,
            "severity": self.severity.value,
            "confidence": round(self.confidence, 2),
            "title": self.rule.title,
            "file": self.file,
            "line": self.line or None,
            "evidence": self.evidence,
            "via": list(self.via),
            "why": self.rule.why,
            "advice": self.rule.advice,
        }


def written_out(text: str) -> str:
    """One line that can be shown anywhere: what is not seen becomes `<U+200B>`, what is long is cut."""
    line = " ".join(text.split())
    shown = "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in line[:MAX_EVIDENCE_CHARS])
    return shown if len(line) <= MAX_EVIDENCE_CHARS and len(shown) <= 2 * MAX_EVIDENCE_CHARS else f"{shown[:400]}…"
