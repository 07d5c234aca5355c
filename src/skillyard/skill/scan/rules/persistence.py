"""What stays behind, or changes how agents and machines behave once the skill is gone."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Finding
from skillyard.skill.scan.persistence.catalog import RULES
from skillyard.skill.scan.persistence.configured import findings_in_configuration
from skillyard.skill.scan.persistence.shipped import findings_in_files
from skillyard.skill.scan.persistence.written import findings_in_texts
from skillyard.skill.scan.subject import Subject
from skillyard.skill.scan.topic import topic_of


def check(subject: Subject) -> Iterator[Finding]:
    """Look at texts, at configuration and at files that run by themselves."""
    topic = topic_of(subject)
    yield from findings_in_texts(subject, topic)
    yield from findings_in_configuration(subject, topic)
    yield from findings_in_files(subject)


FAMILY = Family(name="persistence", rules=RULES, check=check)
