"""JSON that a person or another tool wrote, held to bounds: size, depth, no key twice, no NaN, only Unicode text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

from skillyard.skill.faults import SkillError
from skillyard.skill.reading import UNREADABLE, Key, Keys, Place, shorten

MAX_CHARS = 64 * 1024
MAX_DEPTH = 8
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],\n]|[^"{}\[\],:\s]++', re.DOTALL)
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)


def read_json(text: str, *, file: str, max_chars: int = MAX_CHARS, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """The object in the text of a JSON file. Raises SkillError with every fault and, where it is known, its line.

    What the object must hold is left to the caller, who takes the lines for its own faults from `key_lines`.
    """
    place = Place(faults=[], file=file, lines={(): 1})
    value = _parse(text.removeprefix("\ufeff").replace("\r\n", "\n"), place, max_chars, max_depth)
    if not place.faults and not isinstance(value, dict):
        place.refuse("bad_json", "the file is not a JSON object", "begin it with { and end it with }")
    if place.faults or not isinstance(value, dict):
        raise SkillError(place.faults)
    return value


def key_lines(text: str) -> dict[Keys, int]:
    """The line of every value in a text that `read_json` accepts."""
    return dict(_places(text))


class _Objects:
    """Builds the objects of one text, and notices a key that is given twice, for which `json` takes the last value."""

    def __init__(self) -> None:
        self.has_repeated_key = False

    def build(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        self.has_repeated_key |= len(built) != len(pairs)
        return built


def _parse(text: str, place: Place, max_chars: int, max_depth: int) -> object:
    if len(text) > max_chars:
        message = f"the file has {len(text)} characters, {max_chars} are allowed"
        place.refuse("too_large", message, "keep only what tools read")
        return None
    objects = _Objects()
    try:
        value = json.loads(text, object_pairs_hook=objects.build, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _refuse_syntax(text, error, place)
        return None
    except RecursionError:
        _refuse_depth(place, max_depth)
        return None
    except ValueError as error:  # NaN and Infinity, and numbers of thousands of digits
        place.refuse("bad_json", f"the file is not JSON: {error}", "write a plain number")
        return None
    if _is_deeper(value, max_depth):
        _refuse_depth(place, max_depth)
        return None
    if objects.has_repeated_key:
        _refuse_repeated_keys(text, place)
    if UNREADABLE.search(text) or "\\u" in text:
        _check_text(text, place)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _refuse_syntax(text: str, error: json.JSONDecodeError, place: Place) -> None:
    if conflict := _CONFLICT.search(text):
        here = replace(place, lines={(): text.count("\n", 0, conflict.start()) + 1})
        here.refuse("merge_conflict", "the file has the marks of a merge conflict", "take one of the two sides whole")
    else:
        here = replace(place, lines={(): error.lineno})
        here.refuse("bad_json", f"the file is not JSON: {error.msg}", "look for a missing comma, quote or bracket")


def _refuse_depth(place: Place, most: int) -> None:
    place.refuse("too_deep", f"the file is nested more than {most} levels deep", "make it flatter")


def _is_deeper(value: object, most: int) -> bool:
    """Level by level, since foreign JSON may be nested deeper than calls can be."""
    level = [value]
    for _ in range(most):
        level = [child for item in level if isinstance(item, dict | list) for child in _children(item)]
    return any(isinstance(item, dict | list) for item in level)


def _children(item: dict[str, Any] | list[Any]) -> list[Any]:
    return list(item.values()) if isinstance(item, dict) else item


def _refuse_repeated_keys(text: str, place: Place) -> None:
    seen: dict[Keys, int] = {}
    for keys, line in _places(text):
        if keys in seen:
            here = replace(place, keys=keys, lines={keys: line})
            here.refuse("duplicate_key", f"{here} is given twice, first in line {seen[keys]}", "keep one of them")
        seen.setdefault(keys, line)


def _check_text(text: str, place: Place) -> None:
    line = 1
    for part in _TOKEN.findall(text):
        if part == "\n":
            line += 1
        elif part.startswith('"') and (found := UNREADABLE.search(json.loads(part))):
            here = replace(place, lines={(): line})
            here.refuse("bad_character", f"U+{ord(found[0]):04X} ({shorten(found[0])}) may not be in it", "remove it")


def _places(text: str) -> Iterator[tuple[Keys, int]]:
    """The keys and the line of each value, in the order of a text that is known to be JSON."""
    yield (), 1
    line, is_key_next = 1, False
    keys: list[Key] = []  # of each open object or list, what leads to its value at hand
    in_object: list[bool] = []
    for part in _TOKEN.findall(text):
        if part == "\n":
            line += 1
        elif part == ",":
            is_key_next = in_object[-1]
            if not is_key_next:
                keys[-1] = int(keys[-1]) + 1
        elif part in "]}":
            keys.pop()
            in_object.pop()
            is_key_next = False
        elif is_key_next:
            keys[-1], is_key_next = json.loads(part), False
            yield tuple(keys), line
        else:
            if in_object and not in_object[-1]:
                yield tuple(keys), line
            if part in "[{":
                is_key_next = part == "{"
                keys.append("" if is_key_next else 0)
                in_object.append(is_key_next)
