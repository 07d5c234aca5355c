"""The declaration of a skill against what its scripts need."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.permissions import NO_PERMISSIONS, Grant, Permissions, added
from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Category, Finding, Owasp, Rule, Severity
from skillyard.skill.scan.flow.context import hosts_in, is_shady
from skillyard.skill.scan.flow.model import Sink, Source
from skillyard.skill.scan.flow.package import Analysis, analysis_of
from skillyard.skill.scan.flow.places import kind_of_path
from skillyard.skill.scan.needs import needs_of
from skillyard.skill.scan.subject import Subject

_FILE = "SKILL.md"
_HARMLESS = frozenset({Source.DOWNLOAD, Source.DECODED})


def _rule(what: str, severity: Severity, confidence: float, title: str, why: str, advice: str) -> Rule:
    return Rule(
        id=f"permissions.{what}", category=Category.PERMISSIONS, owasp=Owasp.OVER_PRIVILEGED_SKILLS, severity=severity,
        confidence=confidence, title=title, why=why, advice=advice,
    )  # fmt: skip


_HOST = _rule(
    "undeclared-host", Severity.MEDIUM, 0.7, "A host is contacted that is not declared",
    "Who installs the skill was told which hosts it talks to; this one was left out.",
    "Add the host to permissions.network.outbound, or remove the call.",
)  # fmt: skip
_PROGRAM = _rule(
    "undeclared-programs", Severity.MEDIUM, 0.7, "Programs are started, and that is not declared",
    "Another program can do all that the user can; the declaration says that none is started.",
    "Declare permissions.subprocess, or do without.",
)  # fmt: skip
_PATH = _rule(
    "undeclared-path", Severity.MEDIUM, 0.6, "Files outside the declaration are read or written",
    "Who installs the skill was told which files it touches; these were left out.",
    "Add the path to permissions.filesystem, or leave the file alone.",
)  # fmt: skip
_VARIABLE = _rule(
    "undeclared-variable", Severity.LOW, 0.7, "An environment variable is read that is not declared",
    "Variables often hold keys; the declaration names those that the skill reads.",
    "Add the name to permissions.environment.",
)  # fmt: skip
_NOTHING_DECLARED = _rule(
    "not-declared", Severity.INFO, 0.9, "The skill declares no permissions",
    "Nobody can tell before the installation what its scripts reach.",
    "Declare what the scripts need; the evidence lists it.",
)  # fmt: skip
_RULE_OF_KIND = {
    "network_outbound": _HOST, "filesystem_read": _PATH, "filesystem_write": _PATH, "subprocess": _PROGRAM,
    "environment": _VARIABLE,
}  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    """Every need that the declaration does not cover; one hint when nothing is declared at all."""
    needs = needs_of(subject)
    declared = subject.manifest.permissions if subject.manifest is not None else NO_PERMISSIONS
    gaps = added(declared, needs)
    if not gaps:
        return
    if declared == NO_PERMISSIONS:
        yield _NOTHING_DECLARED.at(_FILE, 0, "; ".join(needs.describe()))
        return
    analysis = analysis_of(subject)
    for grant in gaps:
        yield _gap(grant, declared, analysis)


def _gap(grant: Grant, declared: Permissions, analysis: Analysis) -> Finding:
    rule = _RULE_OF_KIND[grant.kind]
    severity = rule.severity
    if rule is _HOST and (is_shady(grant.value) or _takes_secrets(grant.value, analysis)):
        severity = Severity.HIGH
    elif rule is _PATH:
        source = kind_of_path(grant.value)
        severity = Severity.HIGH if source not in (None, Source.ENV_FILE, Source.DOCUMENTS) else Severity.LOW
    return rule.at(_FILE, 0, f"scripts {grant.text}; declared: {', '.join(declared.describe())}", severity=severity)


def _takes_secrets(host: str, analysis: Analysis) -> bool:
    """Whether data of the user reaches a host that nobody was told of."""
    return any(
        flow.sink is Sink.NETWORK
        and host in hosts_in(flow.texts)
        and {taint.source for taint in flow.taints} - _HARMLESS
        for flow in analysis.trace.flows
    )


FAMILY = Family(name="permissions", rules=(_HOST, _PROGRAM, _PATH, _VARIABLE, _NOTHING_DECLARED), check=check)
