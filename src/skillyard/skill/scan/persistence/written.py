"""Finds what scripts write, and what texts ask to write, to places that are read or run again later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.persistence.judge import Writing, judge
from skillyard.skill.scan.persistence.places import PATTERNS, PLACES
from skillyard.skill.scan.subject import Kind, Part, Subject, View
from skillyard.skill.scan.topic import Topic

_MAX_STATEMENT_CHARS = 4000
_MAX_BLOCK_LINES = 40
_LINES_TO_BLOCK = 4
_MOST_HITS_PER_VIEW = 60
_MOST_WRITINGS = 1000
_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})
_DOCUMENTS = frozenset({Kind.MARKDOWN, Kind.TEXT, Kind.HTML, Kind.NOTEBOOK})
_FENCE = re.compile(r"[ \t>]{0,8}(?:```|~~~)")

_WRITES_IN_CODE = re.compile(
    r">>?\s*[\"'$~/.\w{]|\btee\b|\bcp\b|\bmv\b|\bln\b|\binstall\s|\brsync\b|write|append|dump\(|copy|symlink|rename|"
    r"Add-Content|Set-Content|Out-File|(?:New|Set)-Item|sed\s+-i|open\([^)\n]{0,200}['\"][aw]|\bgit\s+config\b|\bcrontab\b|"
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


class Lines:
    """The lines of files, split once."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._split: dict[str, list[str]] = {}

    def of(self, path: str) -> list[str]:
        if path not in self._split:
            self._split[path] = (self._subject.by_path[path].text or "").split("\n")
        return self._split[path]


def findings_in_texts(subject: Subject, topic: Topic) -> Iterator[Finding]:
    """One finding for each place that a text writes to, or asks to write to.

    A script that names the place in one line and writes in another is met only when it is bad.
    """
    lines = Lines(subject)
    writings = (found for view in subject.views for found in _writings(view, subject, lines))
    for writing, is_here in islice(writings, _MOST_WRITINGS):
        severity, confidence = judge(writing, subject, topic)
        if is_here or severity in (Severity.HIGH, Severity.CRITICAL):
            yield writing.place.rule.at(
                writing.view.file,
                writing.view.line_at(writing.position),
                writing.statement,
                severity=severity,
                confidence=confidence,
                via=writing.view.via,
            )


def _writings(view: View, subject: Subject, lines: Lines) -> Iterator[tuple[Writing, bool]]:
    hits = list(PATTERNS.find(view.text, most=_MOST_HITS_PER_VIEW))
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
            block = _block_after(lines.of(view.file), view.line_at(start)) if is_document else ""
            yield Writing(PLACES[hit.name], view, start, statement, block, is_script), is_here


def _block_after(lines: list[str], line: int) -> str:
    """The fenced block that a line of a document, counted from 1, leads to, as in "add this to the file:"."""
    nearby = range(line, min(line + _LINES_TO_BLOCK, len(lines)))
    opening = next((at for at in nearby if _FENCE.match(lines[at])), None)
    if opening is None:
        return ""
    block = lines[opening + 1 : opening + 1 + _MAX_BLOCK_LINES]
    closing = next((at for at, text in enumerate(block) if _FENCE.match(text)), len(block))
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
