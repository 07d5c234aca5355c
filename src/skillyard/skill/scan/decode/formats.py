"""Takes texts out of formats that wrap them: JSON and YAML values, notebooks, HTML, SVG, comments of scripts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from skillyard.skill.scan.decode.literals import literals_in
from skillyard.skill.scan.decode.markdown import blanked
from skillyard.skill.scan.decode.passage import Lines, Passage
from skillyard.skill.scan.subject import Kind, Part

_FEWEST_WORDS = 4
_OPENING = re.compile(r"<(script|style)\b[^<>]{0,500}>", re.IGNORECASE)
_CLOSING = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_HANDLER = re.compile(r"\son[a-z]{3,30}\s*=\s*(?:\"([^\"<>]{1,8000})\"|'([^'<>]{1,8000})')", re.IGNORECASE)
_SCRIPT_URL = re.compile(r"(?:href|src)\s*=\s*[\"']\s*javascript:([^\"'<>]{1,8000})", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]{0,4000}>")
_HASH_COMMENTS = re.compile(r"(?:^[ \t]*#[^\n]*\n?)+", re.MULTILINE)
_SLASH_COMMENTS = re.compile(r"(?:^[ \t]*//[^\n]*\n?)+", re.MULTILINE)
_DOCSTRING = re.compile(r'"""(.*?)"""' r"|'''(.*?)'''", re.DOTALL)
_MARKS = re.compile(r"^[ \t]*(?:#+!?|//+|/\*+|\*+/?)[ \t]?", re.MULTILINE)


def long_strings(text: str, *, templates: bool = False) -> list[Passage]:
    """The string literals of JSON or code that read like sentences, with their escapes undone."""
    lines = Lines(text)
    found = []
    for literal in literals_in(text, templates=templates):
        said = literal.text
        if said.count(" ") >= _FEWEST_WORDS - 1 or (not said.isascii() and len(said) > 12):
            found.append(Passage(lines.at(literal.start), _unescaped(said), is_verbatim=False))
    return found


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')


def comments_of(text: str, kind: Kind) -> list[Passage]:
    """The comments of a script, and in Python its long strings, without their marks."""
    pattern = _SLASH_COMMENTS if kind is Kind.JAVASCRIPT else _HASH_COMMENTS
    found = [(match.start(), match[0]) for match in pattern.finditer(text)]
    if kind is Kind.JAVASCRIPT:
        found += _block_comments(text)
    elif kind is Kind.PYTHON:
        found += [(match.start(), match[1] or match[2] or "") for match in _DOCSTRING.finditer(text)]
    lines = Lines(text)
    return [Passage(lines.at(start), _MARKS.sub("", comment)) for start, comment in sorted(found)]


def _block_comments(text: str) -> Iterator[tuple[int, str]]:
    start = text.find("/*")
    while start >= 0 and (end := text.find("*/", start + 2)) >= 0:
        yield start, text[start:end]
        start = text.find("/*", end + 2)


def cells_of(text: str) -> Iterator[tuple[Kind, Part, Passage]]:
    """The cells of a notebook and what they put out. Raises ValueError or RecursionError when it is not one."""
    notebook: Any = json.loads(text)
    cells = notebook.get("cells", []) if isinstance(notebook, dict) else []
    lines = Lines(text)
    position = 0
    for cell in cells if isinstance(cells, list) else []:
        if not isinstance(cell, dict):
            continue
        source = _joined(cell.get("source"))
        mark = json.dumps(source[:40].split("\n")[0], ensure_ascii=False)[1:-1]
        position = max(position, text.find(mark, position)) if mark else position
        is_code = cell.get("cell_type") == "code"
        place = (Kind.PYTHON, Part.CODE) if is_code else (Kind.MARKDOWN, Part.PROSE)
        yield *place, Passage(lines.at(position), source, is_verbatim=False)
        for said in _outputs(cell):
            yield Kind.TEXT, Part.PROSE, Passage(lines.at(position), said, is_verbatim=False)


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            data = output.get("data")
            shown = data if isinstance(data, dict) else {}
            yield _joined(output.get("text"))
            yield _joined(shown.get("text/html"))
            yield _joined(shown.get("text/markdown"))


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def scripts_of(text: str) -> list[Passage]:
    """What HTML or SVG would run: script elements, handlers of events, `javascript:` addresses."""
    lines = Lines(text)
    found = [(start, text[start:end]) for name, start, end in _raw_elements(text) if name == "script"]
    found += [(match.start(), html.unescape(match[1] or match[2])) for match in _HANDLER.finditer(text)]
    found += [(match.start(), html.unescape(match[1])) for match in _SCRIPT_URL.finditer(text)]
    return [Passage(lines.at(start), script) for start, script in sorted(found)]


def words_of(text: str) -> str:
    """What HTML or SVG shows as text, at the places where it stands."""
    bare = blanked(text, [(start, end) for _, start, end in _raw_elements(text)])
    return blanked(bare, [tag.span() for tag in _ANY_TAG.finditer(bare)])


def _raw_elements(text: str) -> Iterator[tuple[str, int, int]]:
    """The insides of scripts and styles; of one that is not closed, all that follows."""
    opening = _OPENING.search(text)
    while opening:
        name = opening[1].lower()
        closing = _CLOSING[name].search(text, opening.end())
        end = closing.start() if closing else len(text)
        yield name, opening.end(), end
        opening = _OPENING.search(text, end)
