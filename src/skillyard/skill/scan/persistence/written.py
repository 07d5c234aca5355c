"""Finds what scripts write, and what texts ask to write, to places that are read or run again later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.persistence.judge import Writing, judge
from skillyard.skill.scan.persistence.places import PATTERNS, PLACES
from skillyard.skill.scan.subject import Kind, Part, Subject, View
from skillyard.skill.scan.topic import Topic

_MAX_STATEMENT_CHARS = 4000
_MAX_BLOCK_LINES = 40
_LINES_TO_BLOCK = 4
_MOST_HITS = 20
_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})
_DOCUMENTS = frozenset({Kind.MARKDOWN, Kind.TEXT, Kind.HTML, Kind.NOTEBOOK})
_FENCE = re.compile(r"[ \t>]{0,8}(?:```|~~~)")

_WRITES_IN_CODE = re.compile(
    r">>?\s*[\"'$~/.\w{]|\btee\b|\bcp\b|\bmv\b|\bln\b|\binstall\s|\brsync\b|write|append|dump\(|copy|symlink|rename|"
    r"Add-Content|Set-Content|Out-File|New-Item|sed\s+-i|open\([^)\n]{0,200}['\"][aw]|\bgit\s+config\b|\bcrontab\b|"
    r"enable\b|launchctl|schtasks|Register-|\breg\s+add\b|SetValue|KEY_SET|\balias\b|config\s+set|config\s+--|"
    r"\bsources\s+-|\bexport\b|PermitRoot|@reboot|\(\)\s*\{|--add",
    re.IGNORECASE,
)
_WRITES_FAR_OFF = re.compile(
    r"\.write(?:_text|_bytes|File|FileSync|lines)?\(|open\([^)\n]{0,200}['\"][aw]|appendFile|json\.dump\(|shutil\.copy|"
    r"Add-Content|Set-Content|Out-File",
    re.IGNORECASE,
)
_ASKS_TO_WRITE = re.compile(
    r"\b(?:add|append|merge|write|copy|put|paste|insert|install|place|save|store|update|modify|edit|overwrite|replace|"
    r"symlink|register|configure|create|enable|prepend|record|persist|set)\b",
    re.IGNORECASE,
)


def findings_in_texts(subject: Subject, topic: Topic) -> Iterator[Finding]:
    """One finding for each place that a text writes to, or asks to write to.

    A script that names the place in one line and writes in another is met only when it is bad.
    """
    for view in subject.views:
        for writing, is_here in _writings(view, subject):
            severity, confidence = judge(writing, subject, topic)
            if is_here or severity in (Severity.HIGH, Severity.CRITICAL):
                yield writing.place.rule.at(
                    view.file,
                    view.line_at(writing.position),
                    writing.statement,
                    severity=severity,
                    confidence=confidence,
                    via=view.via,
                )


def _writings(view: View, subject: Subject) -> Iterator[tuple[Writing, bool]]:
    hits = list(PATTERNS.find(view.text, most=_MOST_HITS))
    if not hits:
        return
    is_document = subject.by_path[view.file].kind in _DOCUMENTS
    is_script = view.part is Part.CODE and view.kind in _SCRIPTS and not is_document
    writes_somewhere = is_script and _WRITES_FAR_OFF.search(view.text) is not None
    for hit in hits:
        start = hit.start + len(hit.text) - len(hit.text.lstrip())
        statement = _statement_at(view.text, start)
        is_here = bool(_WRITES_IN_CODE.search(statement) or (not is_script and _ASKS_TO_WRITE.search(statement)))
        if is_here or writes_somewhere:
            block = _block_after(subject, view, start) if is_document else ""
            yield Writing(PLACES[hit.name], view, start, statement, block, is_script), is_here


def _block_after(subject: Subject, view: View, position: int) -> str:
    """The fenced block that a line of a document leads to, as in "add this to the file:"."""
    lines = (subject.by_path[view.file].text or "").split("\n")
    first = view.line_at(position)
    opening = next(
        (at for at in range(first, first + _LINES_TO_BLOCK) if at < len(lines) and _FENCE.match(lines[at])), 0
    )
    if not opening:
        return ""
    block = lines[opening + 1 : opening + 1 + _MAX_BLOCK_LINES]
    closing = next((at for at, line in enumerate(block) if _FENCE.match(line)), len(block))
    return "\n".join(block[:closing])[:_MAX_STATEMENT_CHARS]


def _statement_at(text: str, position: int) -> str:
    """The line at `position` with the lines that continue it, and the text that a here-document feeds it."""
    first = max(0, position - _MAX_STATEMENT_CHARS)
    last = position + _MAX_STATEMENT_CHARS
    start = text.rfind("\n", first, position) + 1 or first
    while start > first + 1 and text[start - 2] == "\\":
        start = text.rfind("\n", first, start - 1) + 1 or first
    end = _end_of_line(text, position, last)
    while end < last and text[end - 1] == "\\":
        end = _end_of_line(text, end + 1, last)
    if here := re.search(r"<<-?\s*['\"]?(\w{1,40})", text[start:end]):
        closing = text.find(f"\n{here[1]}", end, end + _MAX_STATEMENT_CHARS)
        end = closing if closing >= 0 else end
    return text[start:end]


def _end_of_line(text: str, position: int, last: int) -> int:
    end = text.find("\n", position, last)
    return last if end < 0 else end
