"""The files themselves: what they are behind their names, and what lies inside them."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.package.bytecode import findings_in_bytecode
from skillyard.skill.scan.package.contents import Contents
from skillyard.skill.scan.package.documents import findings_in_documents
from skillyard.skill.scan.package.formats import PROGRAMS, Format, format_of
from skillyard.skill.scan.package.names import name_findings
from skillyard.skill.scan.subject import ScanFile, Subject

_PROGRAM_SUFFIXES = frozenset({".exe", ".dll", ".so", ".dylib", ".msi", ".dmg", ".scr", ".node", ".app"})


def check(subject: Subject) -> Iterator[Finding]:
    """Look at every file by its format."""
    contents = Contents(subject)
    for file in subject.files:
        kind = format_of(file)
        yield from name_findings(file, kind)
        yield from _program(file, kind)
        yield from findings_in_documents(file, kind)
        yield from contents.findings(file, kind)
        if kind is Format.PYC:
            yield from findings_in_bytecode(file, subject)


def _program(file: ScanFile, kind: Format) -> Iterator[Finding]:
    if kind in PROGRAMS or (kind is Format.UNKNOWN and file.suffix in _PROGRAM_SUFFIXES):
        yield catalog.EXECUTABLE.at(file.path, 0, f"{kind.value}, {len(file.data)} bytes")
    elif kind is Format.JAVA:
        yield catalog.EXECUTABLE.at(file.path, 0, kind.value, severity=Severity.MEDIUM)
    elif kind is Format.WASM:
        yield catalog.EXECUTABLE.at(file.path, 0, kind.value, severity=Severity.LOW)


FAMILY = Family(name="package", rules=catalog.RULES, check=check)
