"""Finds images whose address is to carry data: showing them is a request."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.finding import Severity
from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.subject import View

_DATA = (
    r"conversation|chat|history|context|session|secret|env|prompt|base64|b64|summary|token|passw|credential|key|"
    r"user|data|message|query|content|output|input|answer|question|memory|file"
)
_IMAGES = Patterns(
    {
        "markdown": rf"!\[[^\]\n]{{0,200}}\]\(\s*(?P<url>https?://[^\s)]{{3,300}}[?&/=][^\n)]{{0,80}}[<\[{{$%(][^\n)]{{0,80}}(?:{_DATA})[^\n)]{{0,200}})",
        "html": rf"<img\b[^>\n]{{0,200}}src\s*=\s*[\"']?(?P<url>https?://[^\s>\"']{{3,300}}[?&/=][^\n>]{{0,80}}[<\[{{$%(][^\n>]{{0,80}}(?:{_DATA})[^\n]{{0,200}})",
        "told": (
            r"(?:image|picture|pixel|badge|img|icon|logo)\b[^\n]{0,160}(?P<url>https?://[^\s]{3,300}[?&][\w-]{1,30}=)"
            r"[^\n]{0,120}\b(?:conversation|chat history|session|secrets?|env(?:ironment)? var|api key|token|password|"
            r"base64|url-?encoded|user'?s (?:data|message|question|input|prompt))"
        ),
    }
)
_HARMLESS = (
    "img.shields.io",
    "shields.io",
    "badge.fury.io",
    "quickchart.io",
    "mermaid.ink",
    "placehold.co",
    "via.placeholder.com",
)
_TELLING = (
    "conversation",
    "chat",
    "history",
    "session",
    "secret",
    "env",
    "prompt",
    "base64",
    "b64",
    "passw",
    "credential",
    "memory",
)


def beacons_in(view: View) -> Iterator[tuple[int, str, Severity]]:
    """Where such images stand, with what shows them and how grave they are."""
    if "http" not in view.text:
        return
    for hit in _IMAGES.find(view.text, most=10):
        url = hit.groups.get("url") or ""
        host = host_of(url)
        if is_local_host(host) or host in _HARMLESS or is_known_installer(url):
            continue
        carries = hit.name == "told" or any(word in hit.text[hit.text.find("http") :].lower() for word in _TELLING)
        if view.is_disguised and carries:
            yield hit.start, hit.text, Severity.CRITICAL
        else:
            yield hit.start, hit.text, Severity.HIGH if carries else Severity.LOW
