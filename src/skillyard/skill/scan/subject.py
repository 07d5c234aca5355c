"""What rules look at: the files of a skill, told apart by kind, with every readable text in them as views."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from skillyard.skill.manifest import Manifest


class Kind(StrEnum):
    """What a file is, by its name, its first line and its content."""

    MARKDOWN = "markdown"
    PYTHON = "python"
    SHELL = "shell"
    JAVASCRIPT = "javascript"
    POWERSHELL = "powershell"
    CODE = "code"  # of a language that no rule reads closely
    NOTEBOOK = "notebook"
    JSON = "json"
    YAML = "yaml"
    TOML = "toml"
    HTML = "html"
    SVG = "svg"
    TEXT = "text"
    BINARY = "binary"


class Part(StrEnum):
    """Where a view's text stands in its file."""

    PROSE = "prose"  # what an agent reads as instructions
    CODE = "code"  # a script, or a fenced block that is one
    COMMENT = "comment"
    VALUE = "value"  # front matter, JSON, YAML: texts that are values
    CONCEALED = "concealed"  # what a person who looks at the rendered file does not see


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One text to be matched. `via`: the steps that made it readable, such as ("base64",); empty for text as written.

    `line_offsets`: the place in `text` where each new line of the file begins, as (position, line); a decoded
    text has one entry, the line of what was decoded.
    """

    file: str
    kind: Kind
    part: Part
    text: str
    via: tuple[str, ...] = ()
    starts: tuple[int, ...] = (0,)
    lines: tuple[int, ...] = (1,)

    def line_at(self, position: int) -> int:
        """The line of the file, from 1, that the character at `position` comes from."""
        return self.lines[bisect_right(self.starts, position) - 1]

    @property
    def is_disguised(self) -> bool:
        """Whether a person who opens the file would not read this."""
        return self.part is Part.CONCEALED or bool(self.via)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFile:
    """`text` is None for what is no text."""

    path: str
    data: bytes = field(repr=False)
    kind: Kind
    executable: bool
    text: str | None = field(repr=False)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """In lower case with its dot; empty when there is none."""
        stem, dot, end = self.name.rpartition(".")
        return f".{end.lower()}" if dot and stem else ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A skill under examination. `manifest` is None when it cannot be read."""

    files: tuple[ScanFile, ...]
    manifest: Manifest | None
    views: tuple[View, ...]

    @cached_property
    def by_path(self) -> Mapping[str, ScanFile]:
        return {file.path: file for file in self.files}

    def of_kind(self, *kinds: Kind) -> list[ScanFile]:
        """Files with text, of these kinds, by path."""
        return [file for file in self.files if file.kind in kinds and file.text is not None]
