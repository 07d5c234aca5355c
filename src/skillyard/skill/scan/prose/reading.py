"""A text cut into sentences, with what concepts stand in each, and in what light: denied, quoted, taught."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property

from skillyard.skill.scan.matching import Hit
from skillyard.skill.scan.prose.addresses import is_with_vendors
from skillyard.skill.scan.prose.lexicon import Language, lexicon
from skillyard.skill.scan.subject import Kind, Part, ScanFile, View

MAX_HITS = 60
MAX_WINDOW_CHARS = 1200
_PLAIN = (("*", " "), ("`", " "), ("\u2019", "'"), ("\u2018", "'"), ("\u00a0", " "), ("\u201c", '"'), ("\u201d", '"'))
_BREAK = re.compile(
    r"(?<=[^\d\s][.!?])[\"')\]*`]{0,4}\s+(?=[^a-z\s])|(?<=[^\d\s]:)[*`]{0,3}(?:\s*\n|\s+(?=[A-Z]))"
    r"|[\u3002\uff01\uff1f\u061f]|;\s|\n[ \t]*\n"
    r"|\n(?=[ \t]*(?:[-*+\u2022]\s|\d{1,3}[.)]\s|#{1,6}\s|\||>|[\"']?[\w-]{1,40}[\"']?\s?:\s))"
)
_OPENED = re.compile(r"[\"\u201c\u00ab\u300c\u300e`\u2018]")
_CLOSED = re.compile(r"[\"\u201d\u00bb\u300d\u300f`\u2019]")
_COMMAND = re.compile(
    r"\b(?:curl|wget|iwr|Invoke-WebRequest|Invoke-RestMethod|nohup|scp|base64 -d|rm -rf [~/$]) "
    r"|\bfetch\(|\brequests\.(?:post|put|get)\(|\burllib\b|\burlopen\b|\bXMLHttpRequest\b|\bsendBeacon\b"
)
_REFUSED = re.compile(
    r"\b(?:is|are|was|were|be|being|gets?)(?: \w+)? (?:refused|blocked|forbidden|prohibited|denied|rejected|disallowed|"
    r"stopped|dangerous|banned|off limits|never|not)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|cannot|can't|won't|don't|doesn't|no|nothing|without|avoid)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+|\b[\w-]+(?:\.[\w-]+)+\b")
_LONGEST_QUOTE = 400
_FEWEST_QUOTED_WORDS = 4
_TAUGHT_PATH = re.compile(
    r"(?:^|/)(?:tests?|fixtures?|evals?|examples?|payloads?|wordlists?|corpus|testdata|samples?)/", re.I
)


class Reading:
    """One view, read for concepts. `file` is where it comes from."""

    def __init__(self, view: View, file: ScanFile | None) -> None:
        self.view = view
        self.text = _plain(view.text)
        self._file = file
        self._hits: dict[str, list[tuple[Hit, Language]]] = {}
        self._windows: dict[tuple[str, int, int], bool] = {}

    @cached_property
    def languages(self) -> list[Language]:
        return lexicon().speaks(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.view.text))]

    @cached_property
    def _anchors(self) -> list[tuple[Language, frozenset[str]]]:
        return [(language, language.anchors_in(self.text)) for language in self.languages]

    @cached_property
    def anchors(self) -> frozenset[str]:
        """The concepts that recipes begin with and that stand here, in whatever language."""
        return frozenset().union(*(anchors for _, anchors in self._anchors))

    def hits(self, anchor: str) -> list[tuple[Hit, Language]]:
        """Where a concept that recipes begin with stands, by language and place."""
        if anchor not in self._hits:
            self._hits[anchor] = [
                (hit, language)
                for language, anchors in self._anchors
                if anchor in anchors
                for hit in language.find(anchor, self.text, MAX_HITS)
            ]
        return self._hits[anchor]

    def window(self, hit: Hit, reach: int) -> tuple[int, int]:
        """The bounds of the sentences from `reach` before that of `hit` to `reach` after it, within reason."""
        first = bisect_right(self._starts, hit.start) - 1
        last = max(first, bisect_right(self._starts, max(hit.start, hit.end - 1)) - 1)
        start = self._starts[max(0, first - reach)]
        end = self._starts[last + reach + 1] if last + reach + 1 < len(self._starts) else len(self.text)
        return max(start, hit.start - MAX_WINDOW_CHARS), min(end, hit.end + MAX_WINDOW_CHARS)

    def has(self, concept: str, start: int, end: int) -> bool:
        """Whether a concept stands in `start:end`."""
        if concept == "commands":
            return self._has_commands(start, end)
        key = (concept, start, end)
        if key not in self._windows:
            part = self.text[start:end]
            self._windows[key] = any(True for language in self.languages for _ in language.find(concept, part, 1))
        return self._windows[key]

    def has_any(self, concepts: Iterable[str], start: int, end: int) -> bool:
        return any(self.has(concept, start, end) for concept in concepts)

    def _has_commands(self, start: int, end: int) -> bool:
        """Whether commands that fetch, send or destroy are within a few lines of `start:end` in the file."""
        first, last = self.view.line_at(start), self.view.line_at(max(start, end - 1))
        around = "\n".join(self._lines[max(0, first - 7) : last + 6])
        return bool(_COMMAND.search(around)) and not is_with_vendors(around)

    def is_denied(self, hit: Hit, language: Language, *, loosely: bool) -> bool:
        """Whether the words before it in its sentence turn it into its opposite: "never send ..."."""
        first, last = self.window(hit, 0)
        start = max(first, hit.start - 80)
        if _REFUSED.search(self.text, hit.end, last) or (loosely and _NOT.search(self.text, first, hit.end)):
            return True
        return any(True for _ in language.find("negation", self.text[start : hit.start].rstrip(" \"'(~/.$"), 1))

    def is_quoted(self, hit: Hit) -> bool:
        """Whether it is in quotation marks or a table; a value that is one quoted text as a whole is not."""
        if self.view.part is not Part.PROSE:
            return False
        text = self.view.text
        start = text.rfind("\n", 0, hit.start) + 1
        if text[start : start + 4].lstrip().startswith("|"):
            return True
        before = text[max(start, hit.start - _LONGEST_QUOTE) : hit.start]
        after = text[hit.end : hit.end + _LONGEST_QUOTE].partition("\n")[0]
        opened, closed = len(_OPENED.findall(before)), len(_CLOSED.findall(before))
        straight = before.count('"') + before.count("`")
        is_open = (straight % 2 == 1) if straight else opened > closed
        closing = _CLOSED.search(after)
        if not (is_open and closing):
            return False
        said = _OPENED.split(before)[-1] + hit.text + after[: closing.start()]
        if closing[0] == "`" and ("/" in said or " -" in said):  # a command to run, not words that somebody said
            return False
        return not said.isascii() or len(said.split()) >= _FEWEST_QUOTED_WORDS

    def is_taught(self, hit: Hit) -> bool:
        """Whether it stands where attacks, or what is not to be done, are spoken of."""
        if _TAUGHT_PATH.search(self.view.file):
            return True
        start, end = self.window(hit, 0)
        if self.text[:start].rstrip(" \n\"'").endswith(":"):
            start = self._starts[max(0, bisect_right(self._starts, start) - 2)]
        said = _ADDRESS.sub("", self.text[start:end])
        if any(True for language in self.languages for _ in language.find("teach", said, 1)):
            return True
        heading, intro = self._lead_in(self.view.line_at(hit.start))
        return _speaks_of(heading, ("teach",)) or _speaks_of(
            f"{heading}\n{intro}" if intro else "", ("teach", "teachhead")
        )

    def _lead_in(self, line: int) -> tuple[str, str]:
        """The nearest heading above a line of the file; in a list, table or block also the line that leads into it."""
        above = self._lines[max(0, line - 41) : line - 1]
        heading = next((text for text in reversed(above) if text.startswith("#")), "")
        own = self._lines[line - 1].lstrip() if 0 < line <= len(self._lines) else ""
        in_list = own.startswith(("-", "*", "+", "|", ">")) or own[:1].isdigit()
        if not in_list and self.view.part is not Part.CODE:
            return heading, ""
        intros = (text for text in reversed(above) if text.rstrip("* ").endswith((":", "\uff1a")) and len(text) < 300)
        return heading, next(intros, heading)

    @cached_property
    def _lines(self) -> list[str]:
        return (self._file.text or "").split("\n") if self._file else []

    @property
    def is_prose_block(self) -> bool:
        """Whether it is a fenced block that holds words rather than code."""
        return self.view.part is Part.CODE and self.view.kind in (Kind.TEXT, Kind.MARKDOWN)

    def evidence(self, hit: Hit) -> str:
        """The sentence of a hit, as written, from near the hit when it is long."""
        start, end = self.window(hit, 0)
        if end - start > 200:
            start = max(start, hit.start - 80)
        return self.view.text[start:end].strip()


def _plain(text: str) -> str:
    """Without marks of emphasis and with plain quotes, character for character."""
    for mark, plain in _PLAIN:
        text = text.replace(mark, plain)
    return text


def _speaks_of(text: str, concepts: tuple[str, ...]) -> bool:
    return any(
        True for language in lexicon().speaks(text) for concept in concepts for _ in language.find(concept, text, 1)
    )
