"""Tells the parts of a Markdown file apart: front matter, fenced code, and the prose that is left."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from skillyard.skill.scan.decode.passage import Passage
from skillyard.skill.scan.subject import Kind

_FRONT = re.compile(r"\ufeff?---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(
    r"^[ \t>]{0,12}(?:[-*+] |\d{1,3}[.)] )?[ \t]{0,8}(`{3,}|~{3,})[ \t]*([^\s`{]*)[^\n`]*$", re.MULTILINE
)
_SEEN = re.compile(r"[^\n]+")
_LANGUAGES = {
    Kind.SHELL: "sh bash shell zsh console terminal shell-session shellsession fish ksh sh-session dockerfile",
    Kind.PYTHON: "py python python3 pycon ipython",
    Kind.JAVASCRIPT: "js javascript ts typescript jsx tsx mjs node",
    Kind.POWERSHELL: "ps1 powershell pwsh bat cmd batch ps",
    Kind.JSON: "json jsonc json5 jsonl",
    Kind.YAML: "yaml yml",
    Kind.TOML: "toml ini cfg conf",
    Kind.HTML: "html htm xhtml",
    Kind.SVG: "svg",
    Kind.MARKDOWN: "md markdown mdx",
    Kind.TEXT: "text txt plain plaintext prompt log output xml diff csv mermaid",
}
_KIND_OF_LANGUAGE = {name: kind for kind, names in _LANGUAGES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block. `kind` by its language; TEXT when it names none, CODE when nobody here reads that language."""

    kind: Kind
    passage: Passage


@dataclass(frozen=True, slots=True)
class Markdown:
    """`body`: the file at its full length, with front matter and fenced blocks blanked out, so that places stay."""

    body: str
    front: Passage | None
    fences: tuple[Fence, ...]


def split_markdown(text: str) -> Markdown:
    """The parts of `text`. A fence that is never closed goes to the end, as renderers have it."""
    front = _FRONT.match(text)
    spans = [(0, front.end())] if front else []
    fences = []
    opening: re.Match[str] | None = None
    line, counted = 1, 0
    for mark in _FENCE.finditer(text, front.end() if front else 0):
        if opening is None:
            opening = mark
        elif mark[1].startswith(opening[1]) and not mark[2]:
            line, counted = line + text.count("\n", counted, opening.end() + 1), opening.end() + 1
            fences.append(_fence(opening, text[opening.end() + 1 : mark.start()], line))
            spans.append((opening.start(), mark.end()))
            opening = None
    if opening is not None:
        line += text.count("\n", counted, opening.end() + 1)
        fences.append(_fence(opening, text[opening.end() + 1 :], line))
        spans.append((opening.start(), len(text)))
    passage = Passage(2, front[1]) if front else None
    return Markdown(body=blanked(text, spans), front=passage, fences=tuple(fences))


def blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` at the same length with spaces instead of what is in `spans`, which are in order; line feeds stay."""
    pieces = []
    done = 0
    for start, end in spans:
        if end <= done:
            continue
        start = max(start, done)
        pieces += [text[done:start], _SEEN.sub(lambda seen: " " * len(seen[0]), text[start:end])]
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _fence(opening: re.Match[str], text: str, line: int) -> Fence:
    language = opening[2].lower().strip("{}.")
    kind = _KIND_OF_LANGUAGE.get(language, Kind.CODE) if language else Kind.TEXT
    return Fence(kind, Passage(line, text))
