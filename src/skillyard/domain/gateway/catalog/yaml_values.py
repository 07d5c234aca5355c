"""YAML as the JSON values that it stands for, with the line of each; read without trust and within bounds.

Plain `true`, `null` and numbers are read as JSON has them, all else is text: dates, `yes` and `0x1f` stay as written.
Anchors, aliases, tags, merge keys and keys given twice are refused, so nothing is expanded or overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

import yaml

from skillyard.skill.reading import UNREADABLE, Keys, Place, plain_lines, quoted, shorten

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_VALUES = 60_000
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,30})?(e[+-]?[0-9]{1,2})?")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str, place: Place) -> tuple[Any, dict[Keys, int]] | None:
    """The value that the text stands for, and the line of each value in it by the keys that lead there.

    None, with faults at `place`, when it cannot be read to its end. Other faults are noted beside the value.
    """
    text = plain_lines(text, place)
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    if size_bytes > MAX_BYTES:
        message = f"the file has {size_bytes} bytes, {MAX_BYTES} are allowed"
        place.refuse("too_large", message, "leave some of it out")
        return None
    if found := UNREADABLE.search(text):
        message = f"U+{ord(found[0]):04X} ({shorten(found[0])}) may not be in the file"
        _on_line(place, text.count("\n", 0, found.start()) + 1).refuse("bad_character", message, "remove it")
        return None
    return _Composer(text, place).compose()


class _Composer:
    """Builds values from YAML's events, so that the library neither expands nor constructs anything."""

    def __init__(self, text: str, place: Place) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._place = place
        self._values = 0
        self._lines: dict[Keys, int] = {(): 1}

    def compose(self) -> tuple[Any, dict[Keys, int]] | None:
        try:
            return self._document(), self._lines
        except yaml.MarkedYAMLError as error:
            problem = shorten(error.problem or "it cannot be read", 120)
            mark = error.problem_mark or error.context_mark
            hint = "look at the indentation, and quote text that has : or # or begins with a special character"
            self._refuse("bad_yaml", f"this is not YAML: {problem}", hint, mark.line + 1 if mark else 1)
        except (yaml.YAMLError, ValueError):  # ValueError: an escape such as "\UFFFFFFFF"
            message = "this is not YAML: it has escapes of characters that do not exist"
            self._refuse("bad_yaml", message, "write the characters themselves", 1)
        except _StoppedError:
            pass
        return None

    def _document(self) -> Any:
        value: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop("bad_yaml", "a second document begins here", "write one", _line(event))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, ())
        return value

    def _value(self, event: Any, keys: Keys) -> Any:
        self._check(event, keys)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(keys)
        return self._list(keys) if isinstance(event, yaml.SequenceStartEvent) else None

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            if found := UNREADABLE.search(text):  # made by an escape
                self._refuse("bad_character", f"U+{ord(found[0]):04X} may not be in a text", "remove it", _line(event))
            return text
        if text in _WORDS:
            return _WORDS[text]
        if (number := _NUMBER.fullmatch(text)) is None:
            return text
        return float(text) if number[2] or number[3] else int(text)

    def _map(self, keys: Keys) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, keys)
            inner = (*keys, key)
            first = self._lines.setdefault(inner, _line(event))
            if key in built:
                message = f"{replace(self._place, keys=inner)} is given twice, first in line {first}"
                self._refuse("duplicate_key", message, "keep one of them", _line(event))
            built[key] = self._value(next(self._events), inner)
        return built

    def _key(self, event: Any, keys: Keys) -> str:
        self._check(event, keys)
        if not isinstance(event, yaml.ScalarEvent) or event.value in ("", "<<"):
            self._stop(
                "bad_key", "this cannot be a key", "write keys as words, and write out what << adds", _line(event)
            )
        return str(event.value)

    def _list(self, keys: Keys) -> list[Any]:
        built: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            inner = (*keys, len(built))
            self._lines[inner] = _line(event)
            built.append(self._value(event, inner))
        return built

    def _check(self, event: Any, keys: Keys) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            self._stop("too_large", f"the file has more than {MAX_VALUES} values", "leave some out", _line(event))
        if len(keys) > MAX_DEPTH:
            message = f"this is nested more than {MAX_DEPTH} levels deep"
            self._stop("too_deep", message, "make it flatter", _line(event))
        if isinstance(event, yaml.AliasEvent):
            hint = "write the value itself; quote a text that begins with *"
            self._refuse("yaml_alias", "this is an alias of another value", hint, _line(event))
        elif event.anchor is not None:
            self._refuse("yaml_alias", "this value has an anchor", "leave the &name out; quote an &", _line(event))
        if (tag := getattr(event, "tag", None)) is not None:
            self._refuse("yaml_tag", f"this value has the tag {quoted(tag)}", "leave it out; quote a !", _line(event))

    def _refuse(self, code: str, message: str, hint: str, line: int) -> None:
        _on_line(self._place, line).refuse(code, message, hint)

    def _stop(self, code: str, message: str, hint: str, line: int) -> NoReturn:
        self._refuse(code, message, hint, line)
        raise _StoppedError


class _StoppedError(Exception):
    """Nothing beyond this point is read; the fault is noted."""


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1  # marks count from 0


def _on_line(place: Place, line: int) -> Place:
    return replace(place, keys=(), lines={(): line})
