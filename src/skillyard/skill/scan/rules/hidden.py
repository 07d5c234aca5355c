"""Content that a person does not see and a machine does: invisible characters, look-alike letters, encoded orders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.decode.invisible import alphabet_of, invisible_in
from skillyard.skill.scan.decode.normalised import (
    CUT_WORD,
    DISGUISES,
    FULL_WIDTH_WORD,
    STYLED_WORD,
    mixed_words,
    read_as_latin,
)
from skillyard.skill.scan.decode.passage import Lines
from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Category, Finding, Owasp, Rule, Severity
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.subject import Kind, Part, ScanFile, Subject, View


def _rule(name: str, severity: Severity, confidence: float, title: str, why: str, advice: str) -> Rule:
    return Rule(
        id=f"hidden.{name}",
        category=Category.HIDDEN,
        owasp=Owasp.MALICIOUS_SKILLS,
        severity=severity,
        confidence=confidence,
        title=title,
        why=why,
        advice=advice,
    )


_TAGS = _rule(
    "tag-characters", Severity.HIGH, 0.9,
    "Invisible tag characters spell a text",
    "Nobody sees these characters in an editor; a language model reads them as ordinary letters.",
    "Remove the characters U+E0000 to U+E007F.",
)  # fmt: skip
_BITS = _rule(
    "zero-width-text", Severity.HIGH, 0.9,
    "Zero-width characters carry a message",
    "Zero-width characters in long runs are bits of a text that only a machine can read.",
    "Remove the zero-width characters.",
)  # fmt: skip
_SELECTORS = _rule(
    "variation-selectors", Severity.HIGH, 0.85,
    "Variation selectors carry bytes",
    "One selector after an emoji is ordinary; a row of them is a hidden message, one byte each.",
    "Remove all selectors but the one that belongs to the emoji.",
)  # fmt: skip
_BIDI = _rule(
    "bidi-override", Severity.HIGH, 0.8,
    "Control characters turn the order of letters around",
    "Readers see another order than machines do, so that code is not what it looks like (CVE-2021-42574).",
    "Remove the characters U+202A to U+202E and U+2066 to U+2069.",
)  # fmt: skip
_LETTERS = _rule(
    "look-alike-letters", Severity.HIGH, 0.7,
    "Words with letters of another script that look Latin",
    "A word that mixes scripts passes filters that look for it, and reads the same to people and models.",
    "Write the words with Latin letters throughout.",
)  # fmt: skip
_STYLED = _rule(
    "styled-command", Severity.HIGH, 0.75,
    "A command in full-width or mathematical letters",
    "Such letters pass filters, and programs or models turn them back into a command.",
    "Write the command with ordinary letters.",
)  # fmt: skip
_CUT = _rule(
    "cut-words", Severity.MEDIUM, 0.6,
    "Words cut up by characters that are not seen",
    "Invisible characters inside of words keep filters from finding them.",
    "Remove the invisible characters.",
)  # fmt: skip
_ENCODED = _rule(
    "encoded-instructions", Severity.HIGH, 0.7,
    "Encoded text that reads as instructions or commands",
    "What is encoded is not read by the people who decide whether to trust the skill.",
    "Write it in plain text, or leave it out.",
)  # fmt: skip
_FAR = _rule(
    "out-of-sight", Severity.HIGH, 0.7,
    "Text far to the right or far below",
    "Text behind long stretches of nothing is placed so that readers do not scroll to it.",
    "Move the text to where it is read, or remove it.",
)  # fmt: skip
_ELEMENT = _rule(
    "hidden-element", Severity.MEDIUM, 0.5,
    "An element that is not shown, with orders to an agent",
    "The rendered page does not show it; an agent that reads the source follows it.",
    "Show the text, or remove it.",
)  # fmt: skip
_WIDE = _rule(
    "wide-encoding", Severity.LOW, 0.6,
    "A script or document in UTF-16 or UTF-32",
    "Many tools that look for bad content see no text in such files.",
    "Save the file as UTF-8.",
)  # fmt: skip

_RULE_OF = {"tag characters": _TAGS, "zero-width bits": _BITS, "variation selectors": _SELECTORS}
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BIDI_CHARS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_OVERRIDES = re.compile("[\u202d\u202e]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})
_COMMANDS = Patterns(
    {
        "fetch": r"\b(?:curl|wget|iwr|invoke-webrequest|invoke-expression|downloadstring)\b",
        "shell": r"\|\s{0,3}(?:ba|z|da)?sh\b|\b(?:bash|sh) -c\b|/dev/tcp/|\bnc -e\b|\bmkfifo\b|\brm -rf? [~/]",
        "code": r"\bos\.system\(|\bsubprocess\.|child_process|\b(?:eval|exec)\(|__import__\(|\bpowershell\b",
        "theft": r"/\.ssh/|\bid_rsa\b|\.aws/credentials|/etc/shadow",
    }
)
_COMMAND_WORD = re.compile(
    r"\b(?:curl|wget|bash|sh|zsh|eval|exec|rm|sudo|python3?|node|nc|ncat|powershell|import|system|subprocess|chmod|"
    r"base64|ssh|scp|ignore|instructions?)\b",
    re.IGNORECASE,
)
_ORDERS = Patterns(
    {
        "agent": (
            r"\b(?:assistant|agent|claude|model|llm|ai|gpt|copilot)s?\b[^.\n]{0,80}"
            r"\b(?:must|should|shall|always|never|do not|now|will|have to|need to|instructions?)\b"
        ),
        "order": (
            r"\b(?:ignore|disregard|forget) (?:\w+ ){0,4}(?:instructions?|rules|prompts?)\b"
            r"|\bdo not (?:tell|mention|reveal)\b"
        ),
    }
)
_PROSE_WORD = re.compile(r"\b[a-z]{2,}\b", re.IGNORECASE)
_FEWEST_PROSE_WORDS = 8
_FEWEST_CUT_WORDS = 3
_MOST_PER_FILE = 5


def _check(subject: Subject) -> Iterator[Finding]:
    for file in subject.files:
        if file.text is not None and (alphabet := alphabet_of(file.text)):
            yield from _unseen(file, file.text, alphabet)
            yield from _letters(file, file.text, alphabet)
    for view in subject.views:
        yield from _encoded(view)
        yield from _out_of_sight(view, subject.by_path.get(view.file))
        yield from _wide(view)


def _wide(view: View) -> Iterator[Finding]:
    if view.via != ("utf-16",) or view.part is Part.COMMENT or view.kind not in {*_SCRIPTS, Kind.MARKDOWN}:
        return
    severity = Severity.HIGH if view.kind in _SCRIPTS and _COMMANDS.present(view.text) else Severity.LOW
    yield _WIDE.at(view.file, 1, view.text[:120], severity=severity, confidence=0.65, via=view.via)


def _unseen(file: ScanFile, text: str, alphabet: frozenset[str]) -> Iterator[Finding]:
    lines = Lines(text)
    for run in invisible_in(text, alphabet)[:_MOST_PER_FILE]:
        rule = _RULE_OF[run.via]
        line = lines.at(run.start)
        if run.text.strip():
            yield rule.at(file.path, line, f"reads: {run.text}", via=(run.via,))
        else:
            characters = f"{run.end - run.start} invisible characters that spell nothing known"
            yield rule.at(file.path, line, characters, severity=Severity.MEDIUM, confidence=0.6, via=(run.via,))
    if _BIDI_CHARS & alphabet:
        yield from _turned(file, text)


def _turned(file: ScanFile, text: str) -> Iterator[Finding]:
    """In a text of a right-to-left script such controls are ordinary, unless a program reads the text."""
    is_code = file.kind in _SCRIPTS
    for line_number, line in enumerate(text.split("\n"), 1):
        if (
            line.isascii()
            or not _BIDI_CONTROLS.search(line)
            or (_RIGHT_TO_LEFT.search(line) and not _OVERRIDES.search(line))
        ):
            continue
        if is_code:
            yield _BIDI.at(file.path, line_number, line)
        elif _OVERRIDES.search(line):
            yield _BIDI.at(file.path, line_number, line, severity=Severity.MEDIUM)


def _letters(file: ScanFile, text: str, alphabet: frozenset[str]) -> Iterator[Finding]:
    is_code = file.kind in _SCRIPTS
    lines = Lines(text)
    mixed = list(mixed_words(text, alphabet))
    words = [word for word, _ in mixed]
    if mixed:
        grave = is_code or any(_COMMAND_WORD.fullmatch(read_as_latin(word)) for word in words)
        severity, confidence = (
            (Severity.HIGH, 0.7) if grave else (Severity.MEDIUM, 0.6) if len(mixed) > 2 else (Severity.LOW, 0.4)
        )
        shown = ", ".join(f"{word} ({read_as_latin(word)})" for word in words[:6])
        yield _LETTERS.at(file.path, lines.at(mixed[0][1]), shown, severity=severity, confidence=confidence)
    if not DISGUISES & alphabet:
        return
    for pattern in (FULL_WIDTH_WORD, STYLED_WORD):
        for match in list(pattern.finditer(text))[:200]:
            plain = read_as_latin(match[0])
            if _COMMAND_WORD.fullmatch(plain):
                yield _STYLED.at(file.path, lines.at(match.start()), f"{match[0]} ({plain})")
                break
    cut = list(CUT_WORD.finditer(text))
    if len(cut) >= _FEWEST_CUT_WORDS:
        start = cut[0].start()
        yield _CUT.at(file.path, lines.at(start), f"{len(cut)} words, first {text[max(0, start - 20) : start + 20]}")


def _encoded(view: View) -> Iterator[Finding]:
    """What was decoded and is a command, or a text of some length in a document."""
    if (
        not view.via
        or view.part is Part.CONCEALED
        or view.via[-1] in ("normalised", "utf-16", "joined literals", "entities")
    ):
        return
    commands = _COMMANDS.present(view.text)
    if len(commands) > 1 or ("fetch" in commands and "://" in view.text):
        yield _ENCODED.at(view.file, view.line_at(0), view.text, severity=Severity.HIGH, confidence=0.75, via=view.via)
    elif _ORDERS.present(view.text):
        yield _ENCODED.at(view.file, view.line_at(0), view.text, via=view.via)
    elif commands:
        yield _ENCODED.at(view.file, view.line_at(0), view.text, severity=Severity.MEDIUM, confidence=0.5, via=view.via)
    elif view.via[-1] not in ("URL", "escapes") and len(_PROSE_WORD.findall(view.text[:2000])) >= _FEWEST_PROSE_WORDS:
        yield _ENCODED.at(view.file, view.line_at(0), view.text, severity=Severity.LOW, confidence=0.4, via=view.via)


def _out_of_sight(view: View, file: ScanFile | None) -> Iterator[Finding]:
    if view.part is not Part.CONCEALED:
        return
    if view.via[0] in ("far right", "far down"):
        enough = 1 if file and file.kind in _SCRIPTS else 2
        grave = bool(_ORDERS.present(view.text)) or len(_COMMANDS.present(view.text)) >= enough
        severity, confidence = (Severity.HIGH, 0.7) if grave else (Severity.INFO, 0.6)
        yield _FAR.at(view.file, view.line_at(0), view.text, severity=severity, confidence=confidence, via=view.via)
    elif view.via[0] in ("hidden element", "HTML comment", "link comment") and _ORDERS.present(view.text):
        yield _ELEMENT.at(view.file, view.line_at(0), view.text, via=view.via)


FAMILY = Family(
    name="hidden",
    rules=(_TAGS, _BITS, _SELECTORS, _BIDI, _LETTERS, _STYLED, _CUT, _ENCODED, _FAR, _ELEMENT, _WIDE),
    check=_check,
)
