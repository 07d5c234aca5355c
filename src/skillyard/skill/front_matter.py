"""The YAML block at the top of SKILL.md: read without trust, in bounds, with the line of every key.

All scalars are text as written: an unquoted 1.10 stays "1.10". Anchors, aliases, tags, merge keys and duplicate keys
are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from skillyard.skill.faults import Fault, SkillError

MOST_BYTES = 64 * 1024
MOST_DEPTH = 8
MOST_NODES = 2000
_FENCE = "---"
_TAGS_OF_SCALARS = (None, "!")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """`values`: nested dicts and lists of text. `lines`: the line in the file of each top-level key and of
    `metadata.…` keys. `body`: what follows the block."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]
    body: str


def parse_front_matter(text: str, *, file: str = "SKILL.md") -> FrontMatter:
    """Read the block. A byte order mark is ignored, CRLF counts as LF. Raises SkillError."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        raise _refused("no_front_matter", "there is no front matter", "Begin the file with a line `---`.", file, 1)
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if end is None:
        hint = "Close the front matter with a line `---`."
        raise _refused("open_front_matter", "the front matter does not end", hint, file, 1)
    block = "\n".join(lines[1:end])
    if len(block.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        message = f"the front matter is larger than {MOST_BYTES} bytes"
        raise _refused("too_large", message, "Move long text below it.", file, 1)
    values, key_lines = _Reader(block, file).read()
    return FrontMatter(values=values, lines=key_lines, body="\n".join(lines[end + 1 :]).strip("\n"))


class _Reader:
    """Builds plain values from YAML events, so that nothing is ever expanded or constructed by the library."""

    def __init__(self, block: str, file: str) -> None:
        self._block = block
        self._file = file
        self._nodes = 0
        self._lines: dict[str, int] = {}

    def read(self) -> tuple[Mapping[str, Any], dict[str, int]]:
        try:
            events = iter(yaml.parse(self._block, Loader=yaml.SafeLoader))
            value = self._document(events)
        except yaml.YAMLError as error:
            raise self._yaml_fault(error) from error
        except RecursionError as error:
            raise self._refuse("too_deep", "the front matter is nested too deeply", 1) from error
        if not isinstance(value, Mapping):
            raise self._refuse("bad_front_matter", "the front matter is not a list of `key: value`", 1)
        return value, self._lines

    def _document(self, events: Iterator[yaml.Event]) -> Any:
        value: Any = {}
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse("bad_front_matter", "the front matter holds two documents", self._line(event))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, events, depth=1, path="")
        return value

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], *, depth: int, path: str) -> Any:
        self._check(event, depth)
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, depth, path)
        return self._map(events, depth, path)

    def _list(self, events: Iterator[yaml.Event], depth: int, path: str) -> list[Any]:
        items = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, events, depth=depth + 1, path=f"{path}[]"))
        return items

    def _map(self, events: Iterator[yaml.Event], depth: int, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            self._check(event, depth)
            if not isinstance(event, yaml.ScalarEvent) or event.value == "<<":
                raise self._refuse("bad_key", "a key is not plain text", self._line(event))
            key = f"{path}.{event.value}".lstrip(".")
            if event.value in found:
                raise self._refuse("duplicate_key", f"{key} is given twice", self._line(event))
            self._lines[key] = self._line(event)
            found[event.value] = self._value(next(events), events, depth=depth + 1, path=key)
        return found

    def _check(self, event: yaml.Event, depth: int) -> None:
        self._nodes += 1
        line = self._line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refuse("yaml_alias", "anchors and aliases are not allowed", line)
        if getattr(event, "tag", None) not in _TAGS_OF_SCALARS:
            raise self._refuse("yaml_tag", "tags such as !!python are not allowed", line)
        if depth > MOST_DEPTH:
            raise self._refuse("too_deep", f"nested more than {MOST_DEPTH} levels deep", line)
        if self._nodes > MOST_NODES:
            raise self._refuse("too_large", f"more than {MOST_NODES} values", line)

    def _line(self, event: yaml.Event) -> int:
        return event.start_mark.line + 2 if event.start_mark else 1

    def _refuse(self, code: str, message: str, line: int) -> SkillError:
        return _refused(code, message, "Write plain `key: value` lines.", self._file, line)

    def _yaml_fault(self, error: yaml.YAMLError) -> SkillError:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        line = mark.line + 2 if mark else 1
        hint = "Quote text that holds `: `, `#` or quotes."
        return _refused("bad_yaml", f"the front matter is not YAML: {problem}", hint, self._file, line)


def _refused(code: str, message: str, hint: str, file: str, line: int) -> SkillError:
    return SkillError([Fault(code=code, message=message, hint=hint, file=file, line=line)])
