"""All that is to be known of an archive, in one call that can be made in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from skillyard.skill.archive import Limits, open_safely
from skillyard.skill.digest import FileEntry
from skillyard.skill.executable import Executable, find_executable
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
    executable: Executable | None = None


def open_and_scan(data: bytes, limits: Limits) -> Opened | tuple[Fault, ...]:
    """What is in an archive, or the faults of one that cannot be opened."""
    try:
        files = open_safely(data, limits=limits)
    except SkillError as error:
        return error.faults
    said = read_manifest(files)
    executable, faults = find_executable(files)
    return Opened(
        digest=files.digest,
        files=files.entries,
        said=replace(said, faults=(*said.faults, *faults)),
        report=scan(files),
        executable=executable,
    )
