"""Finds images whose address is to carry data: showing them is a request."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.finding import Severity
from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.subject import View

_DATA = (
    r"(?:conversation|chat|history|context|session|secret|env|prompt|base64|b64|summary|token|passw|credential|key|"
    r"user|data|message|query|content|output|input|answer|question|memory|file|subject)"
)
_NAMES = "(?-i:CONVERSATION|HISTORY|SUMMARY|CONTEXT|PROMPT|SECRET|MESSAGE|ANSWER|QUESTION|REQUEST|INPUT|MEMORY|ENV)"
_TOLD = (
    r"\b(?:conversation|chat history|session|secrets?|env(?:ironment)? var|api key|token|password|base64|url-?encoded|"
    r"user'?s (?:data|message|question|input|prompt))"
)
_IMAGES = Patterns(
    {
        "markdown": (
            r"!\[[^\]\n]{0,200}\]\(\s*(?P<url>https?://[^\s)]{3,300}[?&/=][^\n)]{0,80}[<\[{$%(][^\n)]{0,80}"
            + _DATA
            + r"[^\n)]{0,200})"
        ),
        "html": (
            r"<img\b[^>\n]{0,200}src\s*=\s*[\"']?(?P<url>https?://[^\s>\"']{3,300}[?&/=][^\n>]{0,80}[<\[{$%(][^\n>]{0,80}"
            + _DATA
            + r"[^\n]{0,200})"
        ),
        "named": (
            r"!\[[^\]\n]{0,200}\]\(\s*(?P<url>https?://[^\s)]{3,300}[?&][\w-]{1,30}=)(?-i:[A-Z_]{0,40})"
            + _NAMES
            + r"[^\n)]{0,100}\)"
        ),
        "told": (
            r"(?:image|picture|pixel|badge|img|icon|logo)\b[^\n]{0,160}(?P<url>https?://[^\s]{3,300}[?&][\w-]{1,30}=)"
            r"[^\n]{0,120}" + _TOLD
        ),
        "always": (
            r"\b(?:each|every|all|any|end) (?:of )?(?:the |your )?(?:\w+ )?"
            r"(?:answer|reply|response|message|digest|report|output|turn)"
        ),
    }
)  # fmt: skip
_HARMLESS = frozenset(
    "img.shields.io shields.io badge.fury.io quickchart.io mermaid.ink placehold.co via.placeholder.com".split()  # noqa: SIM905
)
_TELLING = ("conversation", "chat", "history", "session", "secret", "env", "prompt", "base64", "b64", "passw", "memory")
_NEAR_CHARS = 300


def beacons_in(view: View) -> Iterator[tuple[int, str, Severity]]:
    """Where such images stand, with what shows them and how grave they are."""
    if "http" not in view.text:
        return
    hits = list(_IMAGES.find(view.text, most=10))
    always = [hit.start for hit in hits if hit.name == "always"]
    for hit in hits:
        url = hit.groups.get("url") or ""
        if not url or _is_harmless(url):
            continue
        address = hit.text[hit.text.find("http") :].lower()
        carries = hit.name in ("told", "named") or any(word in address for word in _TELLING)
        if carries or any(0 <= hit.start - start < _NEAR_CHARS for start in always):
            yield hit.start, hit.text, Severity.CRITICAL if view.is_disguised else Severity.HIGH
        else:
            yield hit.start, hit.text, Severity.LOW


def _is_harmless(url: str) -> bool:
    host = host_of(url)
    return host in _HARMLESS or is_local_host(host) or is_known_installer(url)
