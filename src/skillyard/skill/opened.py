"""All that is to be known of an archive, in one call that can be made in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.skill.archive import Limits, open_safely
from skillyard.skill.digest import FileEntry
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.manifest import ManifestReport, read_manifest
from skillyard.skill.scan.engine import scan
from skillyard.skill.scan.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is kept of the files of an archive; their content is not."""

    digest: str
    files: tuple[FileEntry, ...]
    said: ManifestReport
    report: Report


def open_and_scan(data: bytes, limits: Limits) -> Opened | tuple[Fault, ...]:
    """What is in an archive, or the faults of one that cannot be opened."""
    try:
        files = open_safely(data, limits=limits)
    except SkillError as error:
        return error.faults
    return Opened(digest=files.digest, files=files.entries, said=read_manifest(files), report=scan(files))
