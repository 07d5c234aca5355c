"""Makes subjects out of texts and bytes, for rules that are asked alone."""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.skill.files import skill_files
from skillyard.skill.limits import Limits
from skillyard.skill.manifest import read_manifest
from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Finding
from skillyard.skill.scan.kinds import kind_of, read_text
from skillyard.skill.scan.subject import ScanFile, Subject
from skillyard.skill.scan.views import views_of

SKILL = "---\nname: sample\ndescription: Helps with everyday project chores.\n---\n\n# Sample\n\nDoes a chore.\n"


def skill_md(body: str, description: str = "Helps with everyday project chores.") -> str:
    return f"---\nname: sample\ndescription: {description}\n---\n\n# Sample\n\n{body}\n"


def subject(contents: Mapping[str, str | bytes]) -> Subject:
    """With a SKILL.md added when none is given."""
    encoded = {path: data.encode() if isinstance(data, str) else data for path, data in contents.items()}
    files = skill_files({"SKILL.md": SKILL.encode()} | encoded, limits=Limits(max_ratio=10_000))
    looked_at = []
    for entry in files.entries:
        data = files.read(entry.path)
        text = read_text(data)
        looked_at.append(
            ScanFile(path=entry.path, data=data, kind=kind_of(entry.path, text), executable=entry.executable, text=text)
        )
    return Subject(files=tuple(looked_at), manifest=read_manifest(files).manifest, views=views_of(tuple(looked_at)))


def found(family: Family, contents: Mapping[str, str | bytes]) -> list[Finding]:
    return list(family.check(subject(contents)))


def worst(family: Family, contents: Mapping[str, str | bytes]) -> dict[str, str]:
    """The gravest severity that each rule calls for."""
    order = ["critical", "high", "medium", "low", "info"]
    graded: dict[str, str] = {}
    for finding in sorted(found(family, contents), key=lambda one: -order.index(one.severity.value)):
        graded[finding.rule.id] = finding.severity.value
    return graded
