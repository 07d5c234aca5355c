"""JSON values as YAML text for people: what fits stands in one line, what readers could take otherwise in quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

_WIDTH = 120
_PLAIN_IN_LINE = re.compile(r"[\w/.$<(][\w/.$<>()=+*%&!?;@'`\u2026 -]*")
_PLAIN_ALONE = re.compile(r"[\w/.$<(]([\w/.$<>()=+*%&!?;@'`\u2026 ,{}[\]\"-]|:(?=[^\s,]))*")


class Block(dict[str, Any]):
    """A map of which each entry gets a line of its own, also where all would fit in one."""


def write_yaml(value: Mapping[str, Any]) -> str:
    """The text from which `read_yaml` reads the same values."""
    return "".join(f"{line}\n" for line in _map_lines(value, ""))


def _map_lines(value: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        lines += _entry_lines(f"{indent}{_flow(key)}:", item, indent)
    return lines


def _entry_lines(head: str, item: Any, indent: str) -> list[str]:
    """`head` and the value after it, in its line or below it."""
    if isinstance(item, str) and _is_literal(item):
        return [f"{head} |-", *(f"{indent}  {line}" if line else "" for line in item.split("\n"))]
    if isinstance(item, str) and _is_plain(item, _PLAIN_ALONE):
        return [f"{head} {item}"]
    is_block = isinstance(item, Block) or (isinstance(item, list) and any(isinstance(one, dict) for one in item))
    in_one_line = f"{head} {_flow(item)}"
    if not isinstance(item, list | dict) or not item or (len(in_one_line) <= _WIDTH and not is_block):
        return [in_one_line]
    if isinstance(item, dict):
        return [head, *_map_lines(item, f"{indent}  ")]
    return [head, *(line for one in item for line in _item_lines(one, f"{indent}  "))]


def _item_lines(item: Any, indent: str) -> list[str]:
    """An entry of a list: a map that does not fit begins behind the hyphen."""
    in_one_line = f"{indent}- {_flow(item)}"
    if not isinstance(item, dict) or not item or (len(in_one_line) <= _WIDTH and not isinstance(item, Block)):
        return [in_one_line]
    first, *others = _map_lines(item, f"{indent}  ")
    return [f"{indent}- {first.lstrip()}", *others]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _is_plain(value, _PLAIN_IN_LINE):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_plain(text: str, form: re.Pattern[str]) -> bool:
    """Whether it is the same text to every reader of YAML without quotes: no number, date, `yes` or the like."""
    if not form.fullmatch(text) or text.endswith(" "):
        return False
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    return not any(pattern.match(text) for _, pattern in resolvers)


def _is_literal(text: str) -> bool:
    """Whether it can stand as lines of its own."""
    lines = text.split("\n")
    return len(lines) > 1 and not text.startswith((" ", "\t", "\n")) and not text.endswith("\n") and "\t" not in text
