"""Which program runs a script of a skill. Whether it may run, and where, is left to others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from skillyard.skill.digest import FileEntry
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.paths import shown

PROGRAMS: Mapping[str, str] = MappingProxyType(
    {".py": "python", ".js": "node", ".mjs": "node", ".cjs": "node", ".sh": "sh", ".bash": "bash"}
)
_USUAL_FOLDER = "scripts"
_MOUNTED_AT = "/skill"


def list_scripts(files: Iterable[FileEntry]) -> list[FileEntry]:
    """Those of the files that can be run, in the order of their paths."""
    return sorted((file for file in files if _program_of(file)), key=lambda file: file.path)


def find_script(files: Iterable[FileEntry], wanted: str) -> FileEntry:
    """The file meant by `extract.py` or `scripts/extract.py`: as it is named, else in the folder `scripts`.

    Raises SkillError when there is none, or it is nothing that can be run.
    """
    by_path = {file.path: file for file in files}
    found = by_path.get(wanted) or by_path.get(f"{_USUAL_FOLDER}/{wanted}")
    names = ", ".join(file.path for file in list_scripts(by_path.values())[:10]) or "none"
    if found is None:
        raise _refused("no_script", f"there is no file {shown(wanted)}", f"it has {names}")
    if _program_of(found) is None:
        hint = f"name a script ({names}), or set its executable bit and its first line"
        raise _refused("not_a_script", f"{shown(found.path)} is no script", hint)
    return found


def command_of(script: FileEntry, arguments: Iterable[str]) -> tuple[str, ...]:
    """The program and its arguments, inside the sandbox."""
    place = f"{_MOUNTED_AT}/{script.path}"
    program = _program_of(script)
    return (place, *arguments) if program in (None, place) else (str(program), place, *arguments)


def _program_of(file: FileEntry) -> str | None:
    """By its ending; an executable file is its own program."""
    dot = file.path.rfind(".")
    program = PROGRAMS.get(file.path[dot:].lower()) if dot > file.path.rfind("/") else None
    return program or (f"{_MOUNTED_AT}/{file.path}" if file.executable else None)


def _refused(code: str, message: str, hint: str) -> SkillError:
    return SkillError([Fault(code=code, message=message, hint=hint)])
