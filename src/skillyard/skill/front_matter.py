"""The YAML block at the top of SKILL.md: read without trust, in bounds, with the line of every value.

All scalars are text as written: an unquoted 1.10 stays "1.10". Anchors, aliases, tags, merge keys and keys given twice
are refused, so nothing is expanded, constructed or overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import yaml

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.reading import UNREADABLE, Keys, Place, plain_lines, quoted, shorten

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
MAX_NODES = 2000
_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_MERGE_KEY = "<<"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """`values`: text, and lists and maps of it. `lines`: the line in the file of each value, by the keys to it.

    `not_text`: the keys of values without quotes that YAML takes for a number, true, false or nothing.
    `body`: what follows the block, with plain line feeds and no blank lines around it.
    """

    values: Mapping[str, Any]
    lines: Mapping[Keys, int]
    body: str
    not_text: frozenset[Keys] = frozenset()


def parse_front_matter(text: str, *, file: str = "SKILL.md") -> FrontMatter:
    """Read SKILL.md's text. Raises SkillError with every fault."""
    faults: list[Fault] = []
    front = read_front_matter(text, Place(faults=faults, file=file, lines={(): 1}))
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors or front is None:
        raise SkillError(errors)
    return front


def read_front_matter(text: str, place: Place) -> FrontMatter | None:
    """As `parse_front_matter`, but faults go to `place`; None when there is nothing that can be used."""
    text = plain_lines(text, place)
    opening = _FENCE.match(text)
    closing = _FENCE.search(text, opening.end()) if opening else None
    if opening is None:
        _refuse_missing(text, place)
        return None
    if closing is None:
        hint = "close it with a line that is only ---"
        place.refuse("open_front_matter", "the front matter that begins in line 1 does not end", hint)
        return None
    block = text[opening.end() + 1 : closing.start()]
    if not _is_readable(block, place):
        return None
    composer = _Composer(block, place)
    values, lines = composer.compose()
    if values is None:
        return None
    body = text[closing.end() :].strip("\n")
    return FrontMatter(values=values, lines=lines, body=body, not_text=frozenset(composer.not_text))


def _refuse_missing(text: str, place: Place) -> None:
    if text.lstrip().startswith("---"):
        hint = "make --- the whole of the very first line, without blank lines before it"
    else:
        hint = "begin the file with ---, name: ..., description: ..., --- on lines of their own"
    place.refuse("no_front_matter", "the file does not begin with front matter", hint)


def _is_readable(block: str, place: Place) -> bool:
    size_bytes = len(block.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_BYTES:
        message = f"the front matter has {size_bytes} bytes, {MAX_BYTES} are allowed"
        place.refuse("too_large", message, "move long texts below it")
        return False
    found = [
        (number, match[0]) for number, line in enumerate(block.split("\n"), 2) for match in UNREADABLE.finditer(line)
    ]
    for number, char in found:
        _refuse_character(char, _on_line(place, number))
    if (fence := block.find("---")) >= 0:
        message = "the reference validator of Agent Skills ends the front matter at any ---, also within a value"
        _on_line(place, block.count("\n", 0, fence) + 2).warn("inner_fence", message, "write a dash instead")
    return not found


class _Composer:
    """Builds plain values from YAML's events, so that the library neither expands nor constructs anything."""

    def __init__(self, block: str, place: Place) -> None:
        self._block = block
        self._place = place
        self._events: Iterator[Any] = yaml.parse(block, Loader=yaml.SafeLoader)
        self._nodes = 0
        self.not_text: set[Keys] = set()
        self._lines: dict[Keys, int] = {(): 1}

    def compose(self) -> tuple[Mapping[str, Any] | None, Mapping[Keys, int]]:
        """The map in the block, and the lines of its values; None instead of a map that cannot be read to its end."""
        try:
            value = self._document()
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(error)
            return None, {}
        except (yaml.YAMLError, ValueError):  # ValueError: an escape such as "\UFFFFFFFF"
            message = "the front matter is not YAML: it has characters or escapes of characters that do not exist"
            self._refuse("bad_yaml", message, "write the characters themselves", 1)
            return None, {}
        except _TooMuchError:
            return None, {}
        if not isinstance(value, dict):
            self._refuse("bad_yaml", "the front matter is not a list of keys and values", "write name: my-skill", 2)
            return None, {}
        return value, self._lines

    def _document(self) -> object:
        value: object = {}
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop("bad_yaml", "the front matter has a second document", "write one", _line(event))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, ())
        return value

    def _value(self, event: Any, keys: Keys) -> Any:
        self._check(event, keys)
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(event, keys)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, keys)
        if not isinstance(event, yaml.ScalarEvent):
            return ""
        if not _is_text(event):
            self.not_text.add(keys)
        return event.value

    def _map(self, start: Any, keys: Keys) -> dict[str, Any]:
        self._warn_of_flow_style(start)
        built: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            inner = (*keys, self._key(event, keys))
            is_repeated = inner in self._lines
            first = self._lines.setdefault(inner, _line(event))
            value = self._value(next(self._events), inner)
            if is_repeated:
                message = f"{replace(self._place, keys=inner)} is given twice, first in line {first}"
                self._refuse("duplicate_key", message, "keep one of them", _line(event))
            else:
                built[str(inner[-1])] = value
        return built

    def _key(self, event: Any, keys: Keys) -> str:
        self._check(event, keys)
        if not isinstance(event, yaml.ScalarEvent):
            self._stop("bad_key", "a key is not plain text", "write keys as words", _line(event))
        if event.value in ("", _MERGE_KEY):
            self._stop(
                "bad_key", f"{quoted(event.value)} cannot be a key", "write out what it stands for", _line(event)
            )
        return str(event.value)

    def _list(self, start: Any, keys: Keys) -> list[Any]:
        self._warn_of_flow_style(start)
        built: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            inner = (*keys, len(built))
            self._lines[inner] = _line(event)
            built.append(self._value(event, inner))
        return built

    def _check(self, event: Any, keys: Keys) -> None:
        self._nodes += 1
        line = _line(event)
        if self._nodes > MAX_NODES:
            self._stop("too_large", f"the front matter has more than {MAX_NODES} values", "leave some out", line)
        if len(keys) > MAX_DEPTH:
            self._stop("too_deep", f"the front matter is nested more than {MAX_DEPTH} levels deep", "flatten it", line)
        if isinstance(event, yaml.AliasEvent):
            self._refuse("yaml_alias", "this is an alias of another value", "write the value itself; quote a *", line)
        elif event.anchor is not None:
            self._refuse("yaml_alias", "this value has an anchor", "leave the &name out; quote an &", line)
        if getattr(event, "tag", None) is not None:
            self._refuse("yaml_tag", f"this value has the tag {shorten(event.tag)}", "leave it out; quote a !", line)
        if isinstance(event, yaml.ScalarEvent) and (found := UNREADABLE.search(event.value)):
            _refuse_character(found[0], _on_line(self._place, line))

    def _warn_of_flow_style(self, start: Any) -> None:
        if start.flow_style:
            message = "the reference validator of Agent Skills refuses [a, b] and {a: b} in front matter"
            hint = "write each entry on a line of its own, or quote the text"
            _on_line(self._place, _line(start)).warn("flow_style", message, hint)

    def _refuse_syntax(self, error: yaml.MarkedYAMLError) -> None:
        problem = shorten(error.problem or "it cannot be read", 120)
        mark, hint = error.problem_mark or error.context_mark, _hint_for(problem)
        if error.context_mark and "quoted scalar" in (error.context or ""):
            mark, hint = error.context_mark, "close the quote that begins here, or double a quote within it"
        line = mark.line + 2 if mark else 1
        self._refuse("bad_yaml", f"the front matter is not YAML: {problem}", hint, line)

    def _refuse(self, code: str, message: str, hint: str, line: int) -> None:
        _on_line(self._place, line).refuse(code, message, hint)

    def _stop(self, code: str, message: str, hint: str, line: int) -> NoReturn:
        self._refuse(code, message, hint, line)
        raise _TooMuchError


class _TooMuchError(Exception):
    """Nothing beyond this point is read; the fault is noted."""


def _is_text(event: yaml.ScalarEvent) -> bool:
    if not event.implicit[0]:
        return True  # it has quotes
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(event.value[:1], [])
    return not any(pattern.match(event.value) for _, pattern in resolvers)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 2  # marks count from 0, and the block begins in the second line


def _on_line(place: Place, line: int) -> Place:
    return replace(place, keys=(), lines={(): line})


def _refuse_character(char: str, place: Place) -> None:
    message = f"U+{ord(char):04X} ({shorten(char)}) may not be in the front matter"
    place.refuse("bad_character", message, "remove it")


def _hint_for(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "put the value in quotes: it has a colon followed by a blank"
    if "\\t" in problem:
        return "indent with blanks, not with tabs"
    if "alias" in problem or "anchor" in problem:
        return "put a value that begins with * or & in quotes"
    return "look at the indentation, and quote values that have : or # or begin with a special character"
