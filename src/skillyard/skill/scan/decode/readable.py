"""Tells text from bytes that are none, and guesses what language a decoded text is in."""

from __future__ import annotations

import re
import zlib

from skillyard.skill.scan.subject import Kind

MAX_INFLATED_BYTES = 64 << 10
_MOST_UNREADABLE = 0.05
_HINTS = (
    (Kind.POWERSHELL, r"(?i)\biex\b|\biwr\b|invoke-|new-object|\$env:|-encodedcommand|powershell"),
    (
        Kind.JAVASCRIPT,
        r"\brequire\(|child_process|\bprocess\.env|\bfunction\s?\(|=>\s?[{(]|\b(?:const|let|var) \w+\s?="
        r"|\bfetch\(|<script|document\.",
    ),
    (
        Kind.PYTHON,
        r"(?m)^#!.*python|^[ \t]*(?:import \w|from \w+ import|def \w+\()"
        r"|\b(?:os\.system|subprocess\.|exec\(|eval\(|__import__)",
    ),
    (
        Kind.SHELL,
        r"^#!|\b(?:curl|wget|bash|sudo|chmod|nohup|eval|ncat|nc|sh|rm) +[-/~.\w$'\"]|\|\s?(?:ba|z)?sh\b|/dev/tcp/",
    ),
)
_HINTS_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _HINTS)


def readable_text(data: bytes, *, fewest: int = 8) -> str | None:
    """The text in `data`, unpacked if it is gzip or zlib; None for what is no text or shorter than `fewest`."""
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"\x78" and data[1:2] in b"\x01\x5e\x9c\xda"):
        data = inflated(data) or data
    for encoding in ("utf-8", "utf-16-le") if b"\0" in data[:64] else ("utf-8",):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(text) >= fewest and is_readable(text):
            return text
    return None


def is_readable(text: str) -> bool:
    """Whether nearly all of `text` can be shown, and letters are in it."""
    sample = text[:4096]
    bad = sum(not (char.isprintable() or char in "\n\r\t") for char in sample)
    return bad <= _MOST_UNREADABLE * len(sample) and any(char.isalpha() for char in sample)


def inflated(data: bytes) -> bytes | None:
    """At most 64 KiB of what gzip or zlib packed; None when it is neither."""
    try:
        return zlib.decompressobj(47).decompress(data, MAX_INFLATED_BYTES)
    except zlib.error:
        return None


def language_of(text: str) -> Kind:
    """The language that a decoded text looks like; TEXT for prose and what cannot be told."""
    sample = text[:4096]
    return next((kind for kind, hint in _HINTS_COMPILED if hint.search(sample)), Kind.TEXT)
