"""What else would be fetched: names, indexes, addresses, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

from skillyard.skill.scan.dependencies import catalog
from skillyard.skill.scan.dependencies.declared import declared_in
from skillyard.skill.scan.dependencies.dependency import Dependency, Trust, is_pinned, trust_in
from skillyard.skill.scan.dependencies.installed import installed_in
from skillyard.skill.scan.dependencies.near_names import imitated_by
from skillyard.skill.scan.dependencies.practices import lifecycle_findings, practice_findings
from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.subject import Subject
from skillyard.skill.scan.topic import Topic, topic_of


def check(subject: Subject) -> Iterator[Finding]:
    """Judge each dependency by its name and its address, then how things are fetched."""
    topic = topic_of(subject)
    for dependency in (*declared_in(subject), *installed_in(subject)):
        yield from _judge(dependency, topic)
    yield from lifecycle_findings(subject)
    yield from practice_findings(subject, topic)


def _judge(dependency: Dependency, topic: Topic) -> Iterator[Finding]:
    if dependency.address:
        yield from _judge_address(dependency, topic)
    elif dependency.name and dependency.ecosystem in ("pypi", "npm"):
        original = imitated_by(dependency.name, cast(Literal["pypi", "npm"], dependency.ecosystem))
        if original:
            evidence = f"{dependency.name} is almost {original}: {dependency.text}"
            severity = Severity.MEDIUM if topic.is_security and dependency.is_shown else Severity.HIGH
            yield catalog.NEAR_NAME.at(
                dependency.file, dependency.line, evidence, severity=severity, via=dependency.via
            )


def _judge_address(dependency: Dependency, topic: Topic) -> Iterator[Finding]:
    trust = trust_in(dependency.address)
    rule = catalog.INDEX_OPTION if dependency.is_index else catalog.DIRECT_ADDRESS
    if trust in (Trust.LOCAL, Trust.VENDOR):
        return
    severity, confidence = Severity.LOW, 0.4 if is_pinned(dependency.address) else 0.6
    if trust is Trust.STORE:
        severity = Severity.MEDIUM
    elif trust in (Trust.UNKNOWN, Trust.SUSPICIOUS):
        severity, confidence = Severity.HIGH, 0.65 if dependency.is_shown else 0.75
        if topic.is_security and dependency.is_shown:
            severity = Severity.MEDIUM
    yield rule.at(
        dependency.file, dependency.line, dependency.text, severity=severity, confidence=confidence, via=dependency.via
    )


FAMILY = Family(name="dependencies", rules=catalog.RULES, check=check)
