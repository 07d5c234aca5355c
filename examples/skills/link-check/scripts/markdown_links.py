"""Links and anchors of one Markdown text, as CommonMark and GitHub see them. Touches no files."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"[ \t]*(?:>[ \t]*|(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BACKTICKS = re.compile(r"\\`|`+")
_TARGET = r"(<[^<>\n]*>|[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)"
_INLINE = re.compile(rf"(?<!\\)\]\(\s*{_TARGET}(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)")
_DEFINITION = re.compile(r"^ {0,3}\[([^\^\]\n][^\]\n]*)\]:[ \t]*\n?[ \t]*(<[^<>\n]*>|\S+)", re.MULTILINE)
_REFERENCE = re.compile(r"(?<![\w\]\\])\[([^\[\]\n]+)\]\[([^\[\]\n]*)\]")
_TAG = re.compile(r"<[A-Za-z][^<>]*>")
_ADDRESS = re.compile(r"\b(?:href|src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:id|name)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ATX = re.compile(r" {0,3}#{1,6}(?:[ \t]+(.*))?$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_NO_TITLE = re.compile(r"\s*(?:$|[#>|]|```|~~~|(?:[-*+]|\d{1,9}[.)])\s)")
_OWN_ANCHOR = re.compile(r"[ \t]*\{#([^\s}]+)\}[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a link points, as written, and its line from 1. `is_undefined`: a reference that has no definition."""

    target: str
    line: int
    is_undefined: bool = False


def links(text: str) -> list[Link]:
    """All links, images, definitions and HTML addresses outside code and comments, in the order of the lines."""
    prose = _without_spans(without_blocks(text))
    found = [(match.start(1), match[1]) for match in _INLINE.finditer(prose)]
    found += [(match.start(2), match[2]) for match in _DEFINITION.finditer(prose)]
    for tag in _TAG.finditer(prose):
        found += [
            (tag.start() + one.start(), html.unescape(one[1] or one[2] or "")) for one in _ADDRESS.finditer(tag[0])
        ]
    lines = _Lines(prose)
    linked = [Link(target=target.strip("<>"), line=lines.at(place)) for place, target in found]
    return sorted([*linked, *_undefined(prose, lines)], key=lambda link: link.line)


def _undefined(prose: str, lines: _Lines) -> Iterator[Link]:
    defined = {_label(match[1]) for match in _DEFINITION.finditer(prose)}
    for match in _REFERENCE.finditer(prose):
        label = match[2] or match[1]
        if _label(label) not in defined and not label.startswith("^"):
            yield Link(target=label, line=lines.at(match.start()), is_undefined=True)


def _label(text: str) -> str:
    return " ".join(text.casefold().split())


def anchors(text: str) -> frozenset[str]:
    """What `#fragment` may name: headings as GitHub spells them, `{#own}` anchors, and HTML ids and names."""
    prose = without_blocks(text)
    found = {one[1] or one[2] or "" for tag in _TAG.findall(_without_spans(prose)) for one in _NAMED.finditer(tag)}
    seen: dict[str, int] = {}
    for title in _headings(prose):
        if own := _OWN_ANCHOR.search(title):
            found.add(own[1])
            title = title[: own.start()]
        slug = unique = heading_anchor(title)
        while unique in seen:
            seen[slug] += 1
            unique = f"{slug}-{seen[slug]}"
        seen[unique] = 0
    return frozenset(found | seen.keys())


def _headings(prose: str) -> Iterator[str]:
    before = ""
    for line in prose.splitlines():
        if match := _ATX.match(line):
            yield re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", match[1] or "").strip()
        elif _UNDERLINE.match(line) and not _NO_TITLE.match(before):
            yield before.strip()
        before = line


def heading_anchor(title: str) -> str:
    """A heading as an anchor: markup away, lower case, punctuation away, blanks as hyphens (GitHub's way)."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", title)
    text = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", text)
    text = html.unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", text))
    text = re.sub(r"(?<!\w)_+|_+(?!\w)", "", text).strip().lower()
    return "".join("-" if letter == " " else letter for letter in text if letter in " -" or _is_word(letter))


def _is_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc", "Pc")


def without_blocks(text: str) -> str:
    """The text with fenced code, indented code and comments blanked out; every line keeps its number."""
    kept: list[str] = []
    fence, in_list, after_blank, in_code = "", False, True, False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        is_blank = not line.strip()
        if fence or mark:
            kept.append("")
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        else:
            is_indented = line.startswith(("    ", "\t"))
            in_list = bool(_ITEM.match(line)) or (in_list and (is_blank or is_indented or not after_blank))
            in_code = is_indented and not in_list and (after_blank or in_code) and not is_blank
            kept.append("" if in_code else line)
        after_blank = is_blank
    return _COMMENT.sub(_blanked, "\n".join(kept))


def _without_spans(prose: str) -> str:
    """The text with inline code blanked out. A span ends at the next run of as many backticks in its paragraph."""
    return "".join(map(_without_spans_of, re.split(r"(\n[ \t]*\n)", prose)))


def _without_spans_of(paragraph: str) -> str:
    runs = [run for run in _BACKTICKS.finditer(paragraph) if not run[0].startswith("\\")]
    parts, done, number = [], 0, 0
    while number < len(runs):
        run = runs[number]
        end = next((at for at in range(number + 1, len(runs)) if runs[at][0] == run[0]), None)
        if end is not None:
            parts += [paragraph[done : run.start()], _blank(paragraph[run.start() : runs[end].end()])]
            done, number = runs[end].end(), end
        number += 1
    return "".join([*parts, paragraph[done:]])


def _blanked(match: re.Match[str]) -> str:
    return _blank(match[0])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


class _Lines:
    """Line numbers of places in a text."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def at(self, place: int) -> int:
        return bisect_left(self._ends, place) + 1
