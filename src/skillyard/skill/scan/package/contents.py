"""Looks at what lies inside archives, pickles and data files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import Danger, danger_of
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.package.archives import Member, UnreadableError, members_of
from skillyard.skill.scan.package.documents import office_findings
from skillyard.skill.scan.package.formats import Format, is_office
from skillyard.skill.scan.package.pickles import dangerous_names
from skillyard.skill.scan.subject import ScanFile, Subject

_PICKLE_SUFFIXES = frozenset(
    {
        ".pkl",
        ".pickle",
        ".p",
        ".joblib",
        ".sav",
        ".pt",
        ".pth",
        ".ckpt",
        ".bin",
        ".dat",
        ".model",
        ".data",
        ".dill",
        ".db",
        ".cache",
    }
)
_SURE_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill"})
_BEGINS_AS_PICKLE = re.compile(rb"\x80[\x02-\x05]|[(\]}]?c[\w.]{1,60}\n[\w.]{1,60}\n|\(i[\w.]{1,60}\n")
_USED = (
    r"(?:pip[0-9.]*\s+install|uv\s+pip\s+install|npm\s+i(?:nstall)?|unzip|tar\s+-?\w*x|7z\s+x|"
    r"java\s+-jar|extract|unpack|zipimport|sys\.path|gem\s+install)[^\n]{0,160}"
)
_LONGEST_PREFIX_BYTES = 4096
_READABLE_RUN = re.compile(rb"[\t\n\r\x20-\x7e]{24,}")
_MOST_READ_BYTES = 1 << 20
_LARGE_BYTES = 8 << 20


def archive_findings(file: ScanFile, kind: Format, subject: Subject) -> Iterator[Finding]:
    """What an archive holds, and whether the skill has it unpacked or installed."""
    if kind is Format.SEALED:
        yield catalog.NESTED_ARCHIVE.at(
            file.path, 0, "of a kind that is not looked into", severity=Severity.HIGH, confidence=0.65
        )
        return
    try:
        members = members_of(file.data)
    except UnreadableError as error:
        yield catalog.NESTED_ARCHIVE.at(file.path, 0, f"cannot be read: {error}", severity=Severity.MEDIUM)
        return
    if is_office(file.suffix):
        yield from office_findings(file, members)
    else:
        yield from _judge_members(file, members, subject)


def _judge_members(file: ScanFile, members: list[Member], subject: Subject) -> Iterator[Finding]:
    at = catalog.NESTED_ARCHIVE.at
    if any(member.is_encrypted for member in members):
        yield at(file.path, 0, "encrypted: nobody can look into it", severity=Severity.HIGH, confidence=0.8)
    for member in members:
        if member.name.endswith(".pkl") and (names := _names_called(member.head)):
            yield catalog.PICKLE.at(
                file.path, 0, f"{member.name} calls {names}", severity=Severity.CRITICAL, confidence=0.9
            )
        elif member.is_program:
            yield at(file.path, 0, f"it holds a program: {member.name}", severity=Severity.HIGH, confidence=0.7)
        elif member.is_code and danger_of(member.head.decode("latin-1")) is Danger.HOSTILE:
            yield at(file.path, 0, f"hostile code in {member.name}", severity=Severity.HIGH, confidence=0.85)
    code = [member.name for member in members if member.is_code]
    if code and _is_used(file, subject):
        yield at(
            file.path,
            0,
            f"code that the skill has unpacked: {', '.join(code[:4])}",
            severity=Severity.HIGH,
            confidence=0.6,
        )
    elif code:
        yield at(file.path, 0, f"{len(code)} files of code: {', '.join(code[:4])}", severity=Severity.MEDIUM)
    elif members:
        yield at(file.path, 0, f"{len(members)} files: {', '.join(member.name for member in members[:4])}")


def _is_used(file: ScanFile, subject: Subject) -> bool:
    pattern = re.compile(rf"{_USED}{re.escape(file.name)}", re.IGNORECASE)
    return any(file.name in view.text and pattern.search(view.text) for view in subject.views)


def pickle_findings(file: ScanFile, kind: Format) -> Iterator[Finding]:
    """What a pickle would call when it is loaded."""
    begins = _BEGINS_AS_PICKLE.match(file.data)
    if kind is not Format.PICKLE and not (begins and (file.suffix in _PICKLE_SUFFIXES or file.text is None)):
        return
    if names := _names_called(file.data):
        yield catalog.PICKLE.at(file.path, 0, f"loading it calls {names}", severity=Severity.CRITICAL, confidence=0.9)
    elif kind is Format.PICKLE or file.suffix in _SURE_PICKLE_SUFFIXES:
        yield catalog.PICKLE.at(file.path, 0, "a pickle that names nothing dangerous")


def _names_called(data: bytes) -> str:
    """Empty for what is no pickle, too. A pickle that breaks off runs up to there, so what was read counts."""
    try:
        return ", ".join(dangerous_names(data))
    except (ValueError, LookupError, OverflowError, MemoryError):
        return ""


def hidden_script_findings(file: ScanFile, kind: Format) -> Iterator[Finding]:
    """Commands in a file that is no text and of no known format, or behind the bytes that make it look like one."""
    if kind not in (Format.UNKNOWN, Format.DATA, Format.PICKLE):
        return
    for run in _READABLE_RUN.findall(file.data[:_MOST_READ_BYTES]):
        text = run.decode("ascii")
        is_script = "#!/" in text[:80]
        if danger_of(text) is Danger.HOSTILE or (is_script and kind is Format.UNKNOWN):
            severity = Severity.CRITICAL if kind is Format.UNKNOWN and not is_script else Severity.HIGH
            yield catalog.HIDDEN_SCRIPT.at(file.path, 0, text, severity=severity, confidence=0.8)
            return
    if kind is Format.UNKNOWN:
        severity = Severity.MEDIUM if len(file.data) > _LARGE_BYTES else Severity.LOW
        yield catalog.UNREAD.at(file.path, 0, f"{len(file.data)} bytes of an unknown kind", severity=severity)
