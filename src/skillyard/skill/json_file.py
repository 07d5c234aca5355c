"""JSON files of a skill, read in bounds: size, depth, no duplicate keys, no NaN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from skillyard.skill.faults import Fault, SkillError

MOST_CHARS = 256 * 1024
MOST_DEPTH = 12


def read_json(text: str, *, file: str, most_chars: int = MOST_CHARS) -> Mapping[str, Any]:
    """The object that a JSON file holds. Raises SkillError with file, line and what to do."""
    if len(text) > most_chars:
        raise _refused("too_large", f"larger than {most_chars} characters", "Keep only what tools read.", file)
    try:
        value = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _refused("bad_json", f"not JSON: {error.msg}", "Check commas and quotes.", file, error.lineno) from error
    except RecursionError as error:
        raise _refused("too_deep", "nested too deeply", "Make it flatter.", file) from error
    except ValueError as error:
        raise _refused("bad_json", str(error), "Write it once, as plain JSON.", file) from error
    if not isinstance(value, dict):
        raise _refused("bad_json", "not a JSON object", "Begin it with { and end it with }.", file, 1)
    if _depth(value) > MOST_DEPTH:
        raise _refused("too_deep", f"nested more than {MOST_DEPTH} levels deep", "Make it flatter.", file)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:60]!r} is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting += [(child, depth + 1) for child in children if isinstance(child, dict | list)]
    return deepest


def _refused(code: str, message: str, hint: str, file: str, line: int | None = None) -> SkillError:
    return SkillError([Fault(code=code, message=f"{file} is {message}", hint=hint, file=file, line=line)])
