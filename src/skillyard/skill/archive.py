"""Archives of skills: open one that nobody vouches for, pack one reproducibly. The formats are left to others."""

from __future__ import annotations

from typing import BinaryIO, Literal

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.files import Intake, SkillFiles, skill_files
from skillyard.skill.folder import read_folder, write_files
from skillyard.skill.gzip_format import GZIP_MAGIC
from skillyard.skill.limits import DEFAULT_LIMITS, Limits
from skillyard.skill.paths import check_path
from skillyard.skill.tar_format import read_tar_gz, tar_gz_bytes
from skillyard.skill.zip_format import read_zip, zip_bytes
from skillyard.skill.zip_records import END_MAGIC, LOCAL_MAGIC

__all__ = ["Limits", "SkillFiles", "open_safely", "pack", "read_folder", "skill_files", "write_files"]

_OTHER_FORMATS = {
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"MZ": "a Windows program",
    b"\x7fELF": "a program",
    b"---": "the SKILL.md alone",
}


def open_safely(source: bytes | BinaryIO, *, limits: Limits = DEFAULT_LIMITS) -> SkillFiles:
    """The files of a zip or tar.gz, told apart by their first bytes. Paths are relative to SKILL.md's folder.

    Raises SkillError with all faults found. Left out are folders without files, and what macOS adds on its own:
    `__MACOSX/`, `.DS_Store` and `._name`.
    """
    data = source if isinstance(source, bytes) else source.read(limits.max_archive_bytes + 1)
    intake = Intake(limits, packed_bytes=len(data))
    if len(data) > limits.max_archive_bytes:
        intake.stop("too_large", f"the archive has more than {limits.max_archive_bytes} bytes", "leave out files")
    if data.startswith((LOCAL_MAGIC, END_MAGIC)):
        read_zip(data, intake)
    elif data.startswith(GZIP_MAGIC):
        read_tar_gz(data, intake)
    else:
        intake.stop("not_an_archive", f"this is {_what_it_is(data)}", "send a zip or a tar.gz")
    return intake.files()


def pack(
    files: SkillFiles,
    *,
    format: Literal["zip", "tar.gz"] = "zip",
    top_folder: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """An archive of `files`, inside `top_folder` if one is named; the same tree gives the same bytes everywhere.

    Raises SkillError when the archive would be refused by `open_safely`, or a path does not fit into a tar.
    """
    prefix = f"{top_folder}/" if top_folder else ""
    faults = [fault for entry in files.entries for fault in check_path(f"{prefix}{entry.path}", limits=limits)]
    if faults:
        raise SkillError(faults)
    packed = zip_bytes(files, prefix) if format == "zip" else tar_gz_bytes(files, prefix)
    if len(packed) > limits.max_archive_bytes:
        raise SkillError([_too_large(len(packed), limits)])
    return packed


def _what_it_is(data: bytes) -> str:
    if data[257:262] == b"ustar":
        return "a tar that is not compressed with gzip"
    if LOCAL_MAGIC in data[: 64 * 1024]:
        return "a zip with data in front of it"
    return next((what for magic, what in _OTHER_FORMATS.items() if data.startswith(magic)), "no archive")


def _too_large(size_bytes: int, limits: Limits) -> Fault:
    return Fault(
        code="too_large",
        message=f"the archive would have {size_bytes} bytes, {limits.max_archive_bytes} are allowed",
        hint="leave out files, for example with a .skillyardignore",
    )
