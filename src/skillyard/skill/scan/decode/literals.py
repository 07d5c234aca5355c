"""Reads the strings in code: escapes undone, pieces joined, and constants of one file put together with another's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skillyard.skill.scan.decode.encoded import Layer, from_base64
from skillyard.skill.scan.matching import Patterns

_QUOTES = re.compile(r"\\.|[\"'`\n]", re.DOTALL)
_LONGEST_TEMPLATE = 20_000
_JOINT = re.compile(r"\s*(?:[+.,]|\\\n|<<|\|\||&)?\s*(?:\(\s*)?(?:[a-zA-Z]{0,2})?")
_CONSTANT = re.compile(
    r"^[ \t]*(?:export[ \t]+|const[ \t]+|let[ \t]+|var[ \t]+|final[ \t]+)*([A-Za-z_]\w{0,60})[ \t]*(?::[^=\n]{0,40})?"
    r"=[ \t]*[\"'`]([^\"'`\n\\]{4,20000})[\"'`]",
    re.MULTILINE,
)
_SUM = re.compile(r"\b[A-Za-z_][\w.]{0,80}(?:[ \t]*\+[ \t]*[A-Za-z_][\w.]{0,80}){1,20}")
_TELLING = Patterns(
    {
        "call": r"\b(?:eval|exec|system|popen|spawn|child_process|subprocess|__import__|base64|b64decode|atob)\b",
        "command": r"\b(?:curl|wget|bash|powershell|invoke-)|/bin/sh|/dev/tcp",
        "address": r"https?://|\.ssh|\.aws|\.env\b|id_rsa",
        "words": r"\bignore\b|\binstructions?\b|\bdo not tell\b",
    }
)
_MOST_LITERALS = 20_000
_MOST_PIECES = 64
_MOST_SUMS = 40


@dataclass(frozen=True, slots=True)
class Literal:
    """A string between its quotes, at `start:end` with them; escapes as written."""

    start: int
    end: int
    text: str


def literals_in(text: str, *, templates: bool) -> Iterator[Literal]:
    """The strings in code, in one pass; with `templates` also those between backquotes, which may go over lines."""
    if '"' not in text and "'" not in text and "`" not in text:
        return
    opened = ""
    start = count = 0
    for mark in _QUOTES.finditer(text):
        char = mark[0]
        if char == opened:
            yield Literal(start, mark.end(), text[start + 1 : mark.start()])
            opened = ""
            count += 1
            if count >= _MOST_LITERALS:
                return
        elif opened:
            if (char == "\n" and opened != "`") or mark.start() - start > _LONGEST_TEMPLATE:
                opened = ""
        elif char in "\"'" or (char == "`" and templates):
            opened, start = char, mark.start()


def joined_literals(text: str) -> Iterator[Layer]:
    """Strings that stand beside each other in code, as one, where that says more than any of them."""
    if '"' not in text and "'" not in text:
        return
    pieces: list[str] = []
    start = end = 0
    for literal in literals_in(text, templates=False):
        if pieces and (literal.start - end > 40 or not _JOINT.fullmatch(text, end, literal.start)):
            yield from _if_telling(pieces, start)
            pieces = []
        if not pieces:
            start = literal.start
        pieces.append(literal.text)
        end = literal.end
    yield from _if_telling(pieces, start)


def _if_telling(pieces: list[str], start: int) -> Iterator[Layer]:
    if len(pieces) < 2:
        return
    whole = "".join(pieces[: _MOST_PIECES * 16])
    if len(whole) > 20 * len(pieces) and not from_base64_whole(whole):
        return
    said = set(_TELLING.present(whole)) - set(_TELLING.present("\n".join(pieces)))
    if said or from_base64_whole(whole):
        yield Layer("joined literals", start, whole)


def from_base64_whole(text: str) -> str | None:
    """What `text` is as base64, if all of it could be."""
    return from_base64(text) if len(text) >= 16 and re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", text) else None


def joined_constants(texts: Iterable[str]) -> list[str]:
    """What sums of constants come to, each constant wherever in the package it stands, and what they hold in base64."""
    texts = list(texts)
    constants = {name: value for text in texts for name, value in _CONSTANT.findall(text)}
    if len(constants) < 2:
        return []
    wholes = []
    for text in texts:
        for match in list(_SUM.finditer(text))[:_MOST_SUMS]:
            names = [name.strip().rpartition(".")[2] for name in match[0].split("+")]
            if all(name in constants for name in names):
                wholes.append("".join(constants[name] for name in names))
    chunks = [value for value in constants.values() if re.fullmatch(r"[A-Za-z0-9+/_-]{12,}={0,2}", value)]
    if len(chunks) > 1:
        wholes.append("".join(chunks))
    return list(dict.fromkeys(wholes))
