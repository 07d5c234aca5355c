"""Looks at pictures and documents: what follows their end, and what in them runs when they are opened."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import Danger, danger_of
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.package.archives import Member
from skillyard.skill.scan.package.formats import Format
from skillyard.skill.scan.subject import Kind, ScanFile

_FEWEST_BYTES_BEHIND = 16
_PROGRAM_BEHIND = re.compile(
    rb"\s*(?:#!|<\?php|<script|<html|PK\x03\x04|\x7fELF|MZ|import |curl |wget |7z\xbc\xaf|Rar!|powershell)",
    re.IGNORECASE,
)
_ZIP_END = b"PK\x05\x06"
_SVG = Patterns(
    {
        "handler": r"<[a-z:]+\b[^>]{0,900}\son(?:load|error|begin|click|mouse\w+|focus\w*|activate|end|repeat)\s*=",
        "script": r"<(?:\w+:)?(?:script|foreignObject|iframe|embed|object)\b|"
        r"(?:href|src)\s*=\s*['\"]?\s*(?:javascript:|data:text/html)",
    }
)
_ACTS = Patterns(
    {
        "acts": r"\bfetch\s*\(|XMLHttpRequest|sendBeacon|WebSocket|\beval\s*\(|document\.cookie|localStorage|"
        r"\batob\s*\(|new Function|\bimport\s*\(|location\s*=|src\s*=\s*['\"]https?:"
    }
)
_STEALS_COOKIES = Patterns(
    {"sends": r"(?:fetch\s*\(|sendBeacon\(|\.src\s*=|\.open\()[^\n]{0,200}(?:document\.cookie|localStorage\.)"}
)
_PDF_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")
_PDF_CALLS_OUT = re.compile(rb"\b(?:launchURL|submitForm|getURL|exportDataObject|app\.openDoc)\b")
_MACRO_STORAGE = "Macros".encode("utf-16-le"), "VBA".encode("utf-16-le"), "_VBA_PROJECT".encode("utf-16-le")


def findings_in_documents(file: ScanFile, kind: Format) -> Iterator[Finding]:
    """Polyglots and active content of one file."""
    if kind in (Format.PNG, Format.JPEG, Format.GIF, Format.PDF):
        yield from _behind_end(file, kind)
    if kind is Format.PDF:
        yield from _pdf(file)
    elif file.kind is Kind.HTML and file.text:
        for hit in _STEALS_COOKIES.find(file.text, most=1):
            line = _line_at(file.text, hit.start)
            yield catalog.ACTIVE_CONTENT.at(file.path, line, hit.text, severity=Severity.HIGH, confidence=0.65)
    elif file.kind is Kind.SVG and file.text:
        yield from _svg(file.path, file.text)
    elif kind is Format.OLE and any(name in file.data for name in _MACRO_STORAGE):
        yield catalog.ACTIVE_CONTENT.at(file.path, 0, "VBA macros", severity=Severity.HIGH, confidence=0.7)


def office_findings(file: ScanFile, members: list[Member]) -> Iterator[Finding]:
    """Macros and links to templates in Office files, which are zip archives."""
    for member in members:
        if member.name.lower().endswith(("vbaproject.bin", "xlmacro.bin")) or "/macrosheets/" in member.name.lower():
            yield catalog.ACTIVE_CONTENT.at(
                file.path, 0, f"macros: {member.name}", severity=Severity.HIGH, confidence=0.7
            )
        elif b"attachedTemplate" in member.head and re.search(rb"Target=\"https?://", member.head):
            yield catalog.ACTIVE_CONTENT.at(
                file.path, 0, f"template from the network: {member.name}", severity=Severity.HIGH, confidence=0.7
            )


def _behind_end(file: ScanFile, kind: Format) -> Iterator[Finding]:
    behind = file.data[_end_of(file.data, kind) :]
    if len(behind.strip(b"\0\r\n \t")) < _FEWEST_BYTES_BEHIND:
        return
    is_hostile = danger_of(behind[:4096].decode("latin-1")) is Danger.HOSTILE
    if _PROGRAM_BEHIND.match(behind) or _ZIP_END in behind[-70_000:] or is_hostile:
        evidence = f"{len(behind)} bytes behind the end: {_shown(behind)}"
        yield catalog.POLYGLOT.at(file.path, 0, evidence, severity=Severity.HIGH, confidence=0.8)
    elif kind is not Format.JPEG:  # cameras and phones add pictures and notes of their own behind a JPEG
        yield catalog.POLYGLOT.at(file.path, 0, f"{len(behind)} bytes behind the end: {_shown(behind)}")


def _end_of(data: bytes, kind: Format) -> int:
    """Where the format itself ends; the whole length where that cannot be told."""
    if kind is Format.PNG:
        return _end_of_png(data)
    if kind is Format.GIF:
        at = data.rfind(b"\0;")
        return at + 2 if at >= 0 else len(data)
    if kind is Format.PDF:
        at = data.rfind(b"%%EOF")
        return at + 5 if at >= 0 else len(data)
    at = data.rfind(b"\xff\xd9")
    return at + 2 if at >= 0 else len(data)


def _end_of_png(data: bytes) -> int:
    """Behind IEND, by the lengths of the chunks (W3C PNG, section 5.3)."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        at += 12 + length
        if name == b"IEND":
            return min(at, len(data))
    return len(data)


def _pdf(file: ScanFile) -> Iterator[Finding]:
    found = {match[0].decode() for match in _PDF_ACTIVE.finditer(file.data[: 8 << 20])}
    if found & {"/JavaScript", "/JS", "/Launch"}:
        calls_out = "/Launch" in found or _PDF_CALLS_OUT.search(file.data[: 8 << 20])
        severity = Severity.HIGH if calls_out else Severity.MEDIUM
        yield catalog.ACTIVE_CONTENT.at(file.path, 0, " ".join(sorted(found)), severity=severity, confidence=0.65)


def _svg(path: str, text: str) -> Iterator[Finding]:
    """A script that acts on its own is worse than a drawing that reacts to the pointer."""
    for hit in _SVG.find(text, most=1):
        severity, confidence = (Severity.HIGH, 0.8) if _ACTS.present(text) else (Severity.MEDIUM, 0.5)
        evidence = text[hit.start : hit.start + 200]
        line = _line_at(text, hit.start)
        yield catalog.ACTIVE_CONTENT.at(path, line, evidence, severity=severity, confidence=confidence)


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _shown(data: bytes) -> str:
    return data.strip(b"\0\r\n \t")[:60].decode("latin-1")
