"""A skill folder on its way to the registry: checked, packed, or newly made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skillyard.sdk.errors import SdkError
from skillyard.skill.archive import SkillFiles, pack, read_folder
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.manifest import Manifest, read_manifest
from skillyard.skill.manifest import scaffold as scaffold_text
from skillyard.skill.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A folder that may be published: its files and its manifest, with what was noted on the way."""

    folder: Path
    files: SkillFiles
    manifest: Manifest
    warnings: tuple[Fault, ...]

    @property
    def name(self) -> str:
        return self.manifest.name

    def show(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.manifest.version,
            "digest": self.files.digest,
            "files": [{"path": entry.path, "size_bytes": entry.size_bytes} for entry in self.files.entries],
            "warnings": [str(fault) for fault in self.warnings],
        }


def read_package(folder: Path) -> Package:
    """Read and check a skill folder. Raises SdkError with every fault when it could not be published."""
    try:
        files = read_folder(folder)
        report = read_manifest(files)
    except SkillError as error:
        raise _refused(folder, error.faults) from error
    errors = [fault for fault in report.faults if fault.severity == "error"]
    if errors or report.manifest is None:
        raise _refused(folder, report.faults)
    warnings = tuple(fault for fault in report.faults if fault.severity == "warning")
    return Package(folder=folder, files=files, manifest=report.manifest, warnings=warnings)


def write_package(package: Package, target: Path | None = None, *, format: Literal["zip", "tar.gz"] = "zip") -> Path:
    """Pack to `target`, else to `<name>-<version>.<format>` here. The same folder always gives the same bytes."""
    version = f"-{package.manifest.version}" if package.manifest.version else ""
    target = target or Path(f"{package.name}{version}.{format}")
    target.write_bytes(pack(package.files, format=format))
    return target


def scaffold(name: str, description: str, folder: Path) -> Path:
    """Make a folder with a SKILL.md that passes every check. Refuses a bad name and a folder that has one."""
    faults = check_name(name)
    if faults:
        raise _refused(folder, tuple(faults))
    skill_md = folder / "SKILL.md"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with skill_md.open("x", encoding="utf-8") as file:
            file.write(scaffold_text(name, description))
    except FileExistsError as error:
        hint = "Choose another folder with --path."
        raise SdkError(f"{skill_md} exists already.", code="skill_exists", hint=hint) from error
    return folder


def _refused(folder: Path, faults: tuple[Fault, ...]) -> SdkError:
    count = sum(fault.severity == "error" for fault in faults)
    message = f"{folder} is not a publishable skill: {count} {'fault' if count == 1 else 'faults'}."
    return SdkError(message, code="skill_refused", hint="Mend what is listed, then try again.", faults=faults)
