"""Scan a folder or an archive on this machine, as the registry would."""

from __future__ import annotations

from pathlib import Path

from skillyard.sdk.errors import SdkError, from_skill_error
from skillyard.skill.archive import open_safely, read_folder
from skillyard.skill.faults import SkillError
from skillyard.skill.scan.engine import scan
from skillyard.skill.scan.report import Report


def scan_path(path: Path) -> Report:
    """Raises SdkError for what is no skill."""
    try:
        if path.is_dir():
            return scan(read_folder(path))
        with path.open("rb") as archive:
            return scan(open_safely(archive))
    except SkillError as error:
        message = f"{path} cannot be scanned: it is no skill that could be published."
        raise from_skill_error(error, code="skill_refused", message=message) from error
    except OSError as error:
        hint = "Name a skill's folder, or its archive."
        raise SdkError(f"{path} cannot be read: {error.strerror}.", code="not_readable", hint=hint) from error
