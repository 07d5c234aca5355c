"""Looks at what lies inside archives, pickles and data files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import Danger, danger_of, hostile_line
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.package.archives import MAX_BYTES, Member, UnreadableError, members_of
from skillyard.skill.scan.package.documents import office_findings
from skillyard.skill.scan.package.formats import Format, is_office
from skillyard.skill.scan.package.pickles import MAX_OPCODES, calls_in
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
    }
)
_SURE_PICKLE_SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill"})
_BEGINS_AS_PICKLE = re.compile(rb"\x80[\x02-\x05]|[(\]}]?c[\w.]{1,60}\n[\w.]{1,60}\n|\(i[\w.]{1,60}\n")
_USED = (
    r"(?:pip[0-9.]*\s+install|uv\s+pip\s+install|npm\s+i(?:nstall)?|unzip|tar\s+-?\w*x|7z\s+x|"
    r"java\s+-jar|extract|unpack|zipimport|sys\.path|gem\s+install)[^\n]{0,160}"
)
_TEXT_SUFFIXES = frozenset(
    {".txt", ".csv", ".tsv", ".log", ".dat", ".json", ".xml", ".cfg", ".conf", ".ini", ".tmpl", ".css"}
)
_RUN = (
    r"\b(?:(?:ba|z|da|k)?sh|source|python[0-9.]*|node|perl)\s[^\n|;]{{0,80}}{name}|"
    r"\b(?:cat|tail|head|sed|cut|dd|tr)\s[^\n|]{{0,80}}{name}[^\n]{{0,80}}\|\s*(?:(?:ba|z|da)?sh|python[0-9.]*|node)\b"
)
_READABLE_RUN = re.compile(rb"[\t\n\r\x20-\x7e]{24,}")
_MOST_READ_BYTES = 1 << 20
_NUMPY = b"\x93NUMPY"
_LARGE_BYTES = 8 << 20
_MOST_UNPACKED_BYTES = 16 << 20
_MOST_OPCODES = 400_000
_ARCHIVES = frozenset({Format.ZIP, Format.TAR, Format.COMPRESSED})


class Contents:
    """Looks into the files of one skill, and no further than is good for one scan of them all."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._bytes_left = _MOST_UNPACKED_BYTES
        self._opcodes_left = _MOST_OPCODES

    def findings(self, file: ScanFile, kind: Format) -> Iterator[Finding]:
        """What lies inside archives, pickles and data files."""
        if kind is Format.SEALED:
            yield _not_looked_into(file, "of a kind that is not looked into")
        elif kind in _ARCHIVES:
            yield from self._archive(file)
        yield from self._pickle(file, kind)
        if kind is Format.TEXT:
            yield from _script_under_other_name(file, self._subject)
        else:
            yield from _hidden_script(file, kind)

    def _archive(self, file: ScanFile) -> Iterator[Finding]:
        if self._bytes_left <= 0:
            yield _not_looked_into(file, "beyond the bytes that are unpacked for one skill")
            return
        try:
            members = members_of(file.data, min(MAX_BYTES, self._bytes_left))
        except UnreadableError as error:
            yield catalog.NESTED_ARCHIVE.at(file.path, 0, f"cannot be read: {error}", severity=Severity.MEDIUM)
            return
        self._bytes_left -= sum(len(member.head) for member in members)
        if is_office(file.suffix):
            yield from office_findings(file, members)
        else:
            yield from self._members(file, members)

    def _members(self, file: ScanFile, members: list[Member]) -> Iterator[Finding]:
        at = catalog.NESTED_ARCHIVE.at
        if any(member.is_encrypted for member in members):
            yield at(file.path, 0, "encrypted: nobody can look into it", severity=Severity.HIGH, confidence=0.8)
        for member in members:
            if member.name.endswith(".pkl"):
                yield from self._calls(file, member.head, f"{member.name} ")
            elif member.is_program:
                yield at(file.path, 0, f"it holds a program: {member.name}", severity=Severity.HIGH, confidence=0.7)
            elif member.is_archive and not is_office(f".{member.name.rpartition('.')[2].lower()}"):
                yield at(file.path, 0, f"an archive in it: {member.name}", severity=Severity.HIGH, confidence=0.6)
            elif _is_hostile(member):
                evidence = f"hostile code in {member.name or 'it'}"
                yield at(file.path, 0, evidence, severity=Severity.HIGH, confidence=0.85)
        yield _listing(file, members, is_used=_is_used(file, self._subject))

    def _pickle(self, file: ScanFile, kind: Format) -> Iterator[Finding]:
        if file.data.startswith(_NUMPY):
            yield from self._calls(file, _objects_in_array(file.data), "an object in it ")
        begins = _BEGINS_AS_PICKLE.match(file.data) and (file.suffix in _PICKLE_SUFFIXES or file.text is None)
        if kind is Format.PICKLE or begins:
            is_sure = kind is Format.PICKLE or file.suffix in _SURE_PICKLE_SUFFIXES
            yield from self._calls(file, file.data, "", is_sure=is_sure)

    def _calls(self, file: ScanFile, data: bytes, prefix: str, *, is_sure: bool = False) -> Iterator[Finding]:
        """What a pickle would call when it is loaded."""
        calls = calls_in(data, min(MAX_OPCODES, self._opcodes_left))
        self._opcodes_left -= calls.opcodes
        at = catalog.PICKLE.at
        if calls.dangerous:
            evidence = f"{prefix}calls {', '.join(calls.dangerous)} when it is loaded"
            yield at(file.path, 0, evidence, severity=Severity.CRITICAL, confidence=0.9)
        elif is_sure and calls.opcodes >= min(MAX_OPCODES, self._opcodes_left):
            yield at(file.path, 0, "too long to be read to its end", severity=Severity.HIGH, confidence=0.6)
        elif is_sure:
            yield at(file.path, 0, "a pickle that names nothing dangerous")


def _objects_in_array(data: bytes) -> bytes:
    """What follows the header of a NumPy file, which is a pickle when its elements are objects (NEP 1)."""
    size_bytes = 2 if data[6:7] == b"\1" else 4
    end = 8 + size_bytes + int.from_bytes(data[8 : 8 + size_bytes], "little")
    return data[end:] if b"|O" in data[:end] else b""


def _is_hostile(member: Member) -> bool:
    """By the whole of what is code, and by the lines of every other text."""
    text = member.head.decode("latin-1")
    if member.is_code:
        return danger_of(text) is Danger.HOSTILE
    return b"\0" not in member.head[:1024] and hostile_line(text) is not None


def _not_looked_into(file: ScanFile, why: str) -> Finding:
    return catalog.NESTED_ARCHIVE.at(file.path, 0, why, severity=Severity.HIGH, confidence=0.65)


def _listing(file: ScanFile, members: list[Member], *, is_used: bool) -> Finding:
    code = [member.name for member in members if member.is_code]
    at = catalog.NESTED_ARCHIVE.at
    if code and is_used:
        evidence = f"code that the skill has unpacked: {', '.join(code[:4])}"
        return at(file.path, 0, evidence, severity=Severity.HIGH, confidence=0.6)
    if code:
        return at(file.path, 0, f"{len(code)} files of code: {', '.join(code[:4])}", severity=Severity.MEDIUM)
    names = ", ".join(member.name or "one without a name" for member in members[:4])
    return at(file.path, 0, f"{len(members)} files: {names}")


def _is_used(file: ScanFile, subject: Subject) -> bool:
    pattern = re.compile(rf"{_USED}{re.escape(file.name)}", re.IGNORECASE)
    return any(file.name in view.text and pattern.search(view.text) for view in subject.views)


def _script_under_other_name(file: ScanFile, subject: Subject) -> Iterator[Finding]:
    """Commands in a file that is named like a text or like data, and that the skill has run."""
    text = file.text or ""
    if file.suffix not in _TEXT_SUFFIXES or not (text.startswith("#!") or hostile_line(text)):
        return
    run = re.compile(_RUN.format(name=re.escape(file.name)))
    if any(file.name in view.text and run.search(view.text) for view in subject.views):
        yield catalog.HIDDEN_SCRIPT.at(file.path, 1, text[:200])


def _hidden_script(file: ScanFile, kind: Format) -> Iterator[Finding]:
    """Commands in a file that is no text and of no known format, or behind the bytes that make it look like one."""
    if kind not in (Format.UNKNOWN, Format.DATA, Format.PICKLE):
        return
    runs = [run.decode("ascii") for run in _READABLE_RUN.findall(file.data[:_MOST_READ_BYTES])]
    script = next((run for run in runs if "#!/" in run[:80]), "") if kind is Format.UNKNOWN else ""
    hostile = hostile_line("\n".join(runs))
    if hostile and not script:
        severity = Severity.CRITICAL if kind is Format.UNKNOWN else Severity.HIGH
        yield catalog.HIDDEN_SCRIPT.at(file.path, 0, hostile[1], severity=severity, confidence=0.8)
    elif script:
        yield catalog.HIDDEN_SCRIPT.at(file.path, 0, script, severity=Severity.HIGH, confidence=0.8)
    elif kind is Format.UNKNOWN:
        severity = Severity.MEDIUM if len(file.data) > _LARGE_BYTES else Severity.LOW
        yield catalog.UNREAD.at(file.path, 0, f"{len(file.data)} bytes of an unknown kind", severity=severity)
