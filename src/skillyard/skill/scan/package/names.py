"""Judges files by their names: hidden ones, ones that pass for others, and ones meant for scanners."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import Danger, danger_of
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.package.formats import PROGRAMS, Format
from skillyard.skill.scan.subject import ScanFile

_DOCUMENT = r"pdf|docx?|xlsx?|pptx?|odt|rtf|jpe?g|png|gif|webp|mp[34]|mov|avi|wav|csv|epub|html?"
_RUNS = r"exe|scr|bat|cmd|com|ps1|vbs|vbe|jse|hta|msi|sh|bash|command|lnk|pif|jar|app|cpl|wsf|desktop|scpt"
_TWO_SUFFIXES = re.compile(rf".+\.(?:{_DOCUMENT})[\s_\u00a0]*\.(?:{_RUNS})", re.IGNORECASE)
_TURNED = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SPACED = re.compile(r"\S\s{4,}\.\w+$")
_MEDIA = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".webp",
        ".bmp",
        ".ico",
        ".tif",
        ".tiff",
        ".pdf",
        ".mp3",
        ".mp4",
        ".wav",
        ".ogg",
        ".woff",
        ".woff2",
        ".ttf",
        ".otf",
        ".docx",
        ".xlsx",
        ".pptx",
    ]
)
_TEXTS = frozenset(".md .txt .py .js .ts .sh .json .yaml .yml .toml .csv .html .css .xml .rst .ini .cfg".split())  # noqa: SIM905
_EXPECTED = {
    ".png": {Format.PNG}, ".jpg": {Format.JPEG}, ".jpeg": {Format.JPEG}, ".gif": {Format.GIF}, ".pdf": {Format.PDF},
}  # fmt: skip
_LIVELY = re.compile(
    r"\s*(?:#!|<\?php|<script|import \w|from \w+ import|\(?function\b|require\(|powershell|@echo off)", re.IGNORECASE
)
_GIT_FOLDER = re.compile(
    r"(?:.*/)?(?:\.git|dot_?git|_git)/(?:hooks/|config$|HEAD$|objects/).*|(?:.*/)?(?:\.git|dot_?git|"
    r"_git)/(?:config|HEAD)",
    re.IGNORECASE,
)
_TELLING_DOTFILES = frozenset(
    {".netrc", ".pgpass", ".git-credentials", ".pypirc", ".htpasswd", ".npmrc", ".env", ".boto", ".s3cfg"}
)
_SUPPRESSION_FILE = re.compile(
    r"(?:.*/)?\.(?:skillscan|skill-?scanner|scanner|semgrep|bandit|trivy|snyk|gitleaks|trufflehog|"
    r"yara|clamav|mcp-?scan)\w*ignore",
    re.IGNORECASE,
)
_SUPPRESSION_COMMENT = Patterns(
    {
        "marker": r"\b(?:skill-?scan(?:ner)?|scanner|malware-?scan)\s*[:=-]\s*"
        r"(?:ignore|disable|skip|off|safe|allow|trusted)\b",
        "linter's marker": r"noqa:\s*(?:scanner|skill)",
    }
)


def name_findings(file: ScanFile, kind: Format) -> Iterator[Finding]:
    """What the name of one file hides, or that it says another thing than the content."""
    name = file.name
    if _TWO_SUFFIXES.fullmatch(name) or _TURNED.search(file.path) or _SPACED.search(name):
        yield catalog.DISGUISED_NAME.at(file.path, 0, name)
    yield from _mismatch(file, kind)
    if _GIT_FOLDER.fullmatch(file.path):
        yield catalog.HIDDEN_FILE.at(file.path, 0, "part of a repository's inside", severity=Severity.MEDIUM)
    elif name in _TELLING_DOTFILES and file.data.strip():
        yield catalog.HIDDEN_FILE.at(file.path, 0, f"{name} with content")
    if _SUPPRESSION_FILE.fullmatch(file.path):
        yield catalog.SUPPRESSION.at(file.path, 0, name)
    for hit in _SUPPRESSION_COMMENT.find(file.text or "", most=1):
        line = (file.text or "").count("\n", 0, hit.start) + 1
        yield catalog.SUPPRESSION.at(file.path, line, hit.text)


def _mismatch(file: ScanFile, kind: Format) -> Iterator[Finding]:
    """A picture that is a program or a script; a text that is none."""
    at = catalog.TYPE_MISMATCH.at
    if file.suffix in _MEDIA:
        head = file.data[:4096].decode("latin-1")
        if kind in PROGRAMS or kind is Format.PICKLE:
            yield at(file.path, 0, f"a {kind.value}", severity=Severity.CRITICAL, confidence=0.9)
        elif kind is Format.TEXT and (_LIVELY.match(head) or danger_of(head) is Danger.HOSTILE):
            yield at(file.path, 0, f"a script: {head[:120]}")
        elif kind in (Format.ZIP, Format.TAR, Format.SEALED, Format.COMPRESSED) and file.suffix in _EXPECTED:
            yield at(file.path, 0, f"a {kind.value}")
    elif file.suffix in _TEXTS and file.text is None:
        severity, confidence = (Severity.HIGH, 0.75) if kind is not Format.UNKNOWN else (Severity.MEDIUM, 0.6)
        yield at(file.path, 0, f"no text, but {kind.value}", severity=severity, confidence=confidence)
