"""What scripts do: data that flows from secrets to the network and from downloads to execution, and single bad acts."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Finding
from skillyard.skill.scan.flow import catalog
from skillyard.skill.scan.flow.context import Context, finding_at
from skillyard.skill.scan.flow.judge_commands import findings_of_commands, findings_of_evasion, findings_of_texts
from skillyard.skill.scan.flow.judge_flows import findings_of_flows
from skillyard.skill.scan.flow.package import Analysis, analysis_of
from skillyard.skill.scan.subject import Subject


def check(subject: Subject) -> Iterator[Finding]:
    """Follow the data of all scripts together, then judge flows, commands and what could not be followed."""
    analysis = analysis_of(subject)
    context = Context(subject=subject)
    found = [
        *findings_of_flows(context, analysis),
        *findings_of_commands(context, analysis),
        *findings_of_texts(context, analysis),
    ]
    yield from found
    yield from findings_of_evasion(context, analysis, found)
    yield from _not_followed(context, analysis)


def _not_followed(context: Context, analysis: Analysis) -> Iterator[Finding]:
    for key in dict.fromkeys(analysis.trace.too_complex):
        yield finding_at(context, catalog.TOO_COMPLEX, analysis.units[key], 1, "the work limit was reached")
    for key, error in analysis.trace.not_parsed:
        unit = analysis.units[key]
        if not unit.is_document and not unit.via:
            yield catalog.UNREADABLE.at(unit.file, 1, f"no valid {unit.kind.value}: {error}")
    for key in analysis.trace.by_pattern:
        unit = analysis.units[key]
        if not unit.is_document and not unit.via:
            yield catalog.BY_PATTERN.at(unit.file, 1, f"{len(unit.text)} characters of {unit.kind.value}")


FAMILY = Family(name="code", rules=catalog.RULES, check=check)
