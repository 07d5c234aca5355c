"""Every readable text in the files of a skill, as written and as it reads once made readable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from skillyard.skill.scan.decode.concealed import Hidden, far_away_in, hidden_in
from skillyard.skill.scan.decode.encoded import Layer, layers_in
from skillyard.skill.scan.decode.formats import cells_of, comments_of, long_strings, scripts_of, words_of
from skillyard.skill.scan.decode.invisible import alphabet_of, invisible_in
from skillyard.skill.scan.decode.literals import joined_constants, joined_literals
from skillyard.skill.scan.decode.markdown import blanked, split_markdown
from skillyard.skill.scan.decode.normalised import normalised_lines
from skillyard.skill.scan.decode.passage import MAX_VIEW_CHARS, Lines, Passage, view_of
from skillyard.skill.scan.decode.readable import language_of
from skillyard.skill.scan.subject import Kind, Part, ScanFile, View

MAX_DEPTH = 3
MAX_DECODED_CHARS = 256 << 10
MAX_DECODED_VIEWS = 200

_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})
_VALUES = frozenset({Kind.JSON, Kind.YAML, Kind.TOML})
_MARKED_UP = frozenset({Kind.HTML, Kind.SVG})


@dataclass(slots=True)
class _Budget:
    """What may still be decoded of one release, and what was, so that nothing is read twice."""

    chars: int = MAX_DECODED_CHARS
    views: int = MAX_DECODED_VIEWS
    seen: set[str] = field(default_factory=set)

    def allows(self, text: str) -> bool:
        if text in self.seen or self.views <= 0 or self.chars < len(text):
            return False
        self.seen.add(text)
        self.views -= 1
        self.chars -= len(text)
        return True


def views_of(files: tuple[ScanFile, ...]) -> tuple[View, ...]:
    """The views of all files, in the order of the files: as written first, then what is concealed, then decoded.

    At most three layers deep, and at most 256 Ki characters and 200 views decoded in all.
    """
    budget = _Budget()
    found: list[View | None] = []
    for file in files:
        if file.text is not None:
            found += _written(file, file.text)
            found += _unseen(file, file.text)
            found += _decoded(file, file.text, budget)
    found += _put_together(files, budget)
    return tuple(view for view in found if view is not None)


def _written(file: ScanFile, text: str) -> Iterator[View | None]:
    via = ("utf-16",) if _is_wide(file) else ()
    hidden = hidden_in(text) if file.kind in _MARKED_UP else far_away_in(text)
    if file.kind is Kind.MARKDOWN:
        yield from _markdown(file, text, via)
        return
    if file.kind is Kind.TEXT:
        shown = blanked(text, [(part.start, part.end) for part in hidden])
        yield view_of(file.path, file.kind, Part.PROSE, [Passage(1, shown)], via)
    elif file.kind in (Kind.HTML, Kind.SVG):
        shown = words_of(blanked(text, [(part.start, part.end) for part in hidden]))
        yield view_of(file.path, file.kind, Part.PROSE, [Passage(1, shown)], via)
        yield view_of(file.path, Kind.JAVASCRIPT, Part.CODE, scripts_of(text), via)
    elif file.kind is Kind.NOTEBOOK:
        yield from _notebook(file, text)
    elif file.kind in _VALUES:
        yield view_of(file.path, file.kind, Part.VALUE, [Passage(1, text)], via)
        if file.kind is Kind.JSON and "\\" in text:
            yield view_of(file.path, Kind.TEXT, Part.VALUE, long_strings(text), via)
    else:
        yield view_of(file.path, file.kind, Part.CODE, [Passage(1, text)], via)
        yield view_of(file.path, file.kind, Part.COMMENT, comments_of(text, file.kind), via)
        strings = long_strings(text, templates=file.kind is Kind.JAVASCRIPT)
        yield view_of(file.path, Kind.TEXT, Part.VALUE, strings, via)
    yield from _concealed(file, text, hidden)


def _markdown(file: ScanFile, text: str, via: tuple[str, ...]) -> Iterator[View | None]:
    """What is in a fenced block is shown as it is, and hides nothing but by its distance."""
    parts = split_markdown(text)
    hidden = [*hidden_in(parts.body), *far_away_in(text)]
    unseen = sorted((part.start, part.end) for part in hidden if part.via != "alt text")
    body = blanked(parts.body, unseen)
    yield view_of(file.path, file.kind, Part.PROSE, [Passage(1, body)], via)
    if parts.front:
        yield view_of(file.path, Kind.YAML, Part.VALUE, [parts.front], via)
    for fence in parts.fences:
        yield view_of(file.path, fence.kind, Part.CODE, [fence.passage], via)
    yield from _concealed(file, text, hidden)


def _notebook(file: ScanFile, text: str) -> Iterator[View | None]:
    try:
        cells = list(cells_of(text))
    except (ValueError, RecursionError):
        yield view_of(file.path, Kind.JSON, Part.VALUE, [Passage(1, text)])
        return
    for (kind, part), group in groupby(cells, key=lambda cell: cell[:2]):
        yield view_of(file.path, kind, part, [passage for _, _, passage in group])


def _concealed(file: ScanFile, text: str, hidden: Iterable[Hidden]) -> Iterator[View | None]:
    """One view for each way of hiding."""
    lines = Lines(text)
    passages: dict[str, list[Passage]] = {}
    for part in hidden:
        passage = Passage(lines.at(part.start), part.text, part.is_verbatim)
        passages.setdefault(part.via, []).append(passage)
    for via, found in passages.items():
        yield view_of(file.path, Kind.TEXT, Part.CONCEALED, found, (via,))


def _unseen(file: ScanFile, text: str) -> Iterator[View | None]:
    alphabet = alphabet_of(text)
    if not alphabet:
        return
    lines = Lines(text)
    for run in invisible_in(text, alphabet):
        passage = Passage(lines.at(run.start), run.text, is_verbatim=False)
        yield view_of(file.path, Kind.TEXT, Part.CONCEALED, [passage], (run.via,))
    plain = normalised_lines(text, alphabet)
    part = Part.CODE if file.kind in _SCRIPTS else Part.PROSE
    yield view_of(file.path, file.kind, part, plain, ("normalised",))


def _decoded(file: ScanFile, text: str, budget: _Budget) -> Iterator[View | None]:
    lines = Lines(text)
    layers = list(layers_in(text[:MAX_VIEW_CHARS]))
    if file.kind in _SCRIPTS:
        layers += joined_literals(text[:MAX_VIEW_CHARS])
    for layer in layers:
        yield from _layer(file, layer, lines.at(layer.start), (), budget)


def _layer(file: ScanFile, layer: Layer, line: int, via: tuple[str, ...], budget: _Budget) -> Iterator[View | None]:
    """A decoded text, and what is encoded in it in turn."""
    if not budget.allows(layer.text):
        return
    via = (*via, layer.via)
    kind = language_of(layer.text)
    part = Part.PROSE if kind is Kind.TEXT else Part.CODE
    yield view_of(file.path, kind, part, [Passage(line, layer.text, is_verbatim=False)], via)
    if len(via) < MAX_DEPTH:
        for inner in layers_in(layer.text):
            yield from _layer(file, inner, line, via, budget)


def _put_together(files: tuple[ScanFile, ...], budget: _Budget) -> Iterator[View | None]:
    """Constants of the scripts of a package that are added up somewhere in it."""
    scripts = [file for file in files if file.kind in _SCRIPTS and file.text is not None]
    for whole in joined_constants(file.text[:MAX_VIEW_CHARS] for file in scripts if file.text):
        yield from _layer(scripts[0], Layer("joined constants", 0, whole), 1, (), budget)


def _is_wide(file: ScanFile) -> bool:
    """Whether the file is in UTF-16 or UTF-32, in which many tools see no text at all."""
    return file.data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in file.data[:64]
