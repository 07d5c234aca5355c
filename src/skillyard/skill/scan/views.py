"""Every readable text in the files of a skill, as written and as it reads once made readable."""

from __future__ import annotations

from skillyard.skill.scan.subject import Kind, Part, ScanFile, View

_PROSE = frozenset({Kind.MARKDOWN, Kind.TEXT, Kind.HTML})


def views_of(files: tuple[ScanFile, ...]) -> tuple[View, ...]:
    """The views of all files, in the order of the files."""
    return tuple(_as_written(file, file.text) for file in files if file.text is not None)


def _as_written(file: ScanFile, text: str) -> View:
    starts = [0]
    while (end := text.find("\n", starts[-1])) >= 0:
        starts.append(end + 1)
    part = Part.PROSE if file.kind in _PROSE else Part.CODE
    lines = tuple(range(1, len(starts) + 1))
    return View(file=file.path, kind=file.kind, part=part, text=text, starts=tuple(starts), lines=lines)
