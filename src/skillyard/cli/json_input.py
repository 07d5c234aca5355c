"""JSON that commands take as arguments: whole, from a file or stdin, or field by field."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skillyard.sdk.errors import UsageError


def read_input(fields: Sequence[str], whole: str | None) -> Any:
    """From `url=https://…` and `pages:=3`, or from the whole as one argument. Raises UsageError."""
    if whole is None:
        return dict(_read_field(field) for field in fields)
    if fields:
        raise UsageError("The input is given twice.", code="usage", hint="Say --input, or name fields.")
    return read_argument(whole, what="The input")


def read_argument(argument: str, *, what: str) -> Any:
    """JSON as it is, in `@file`, or on stdin for `-`. Raises UsageError."""
    return _read_json(_text_of(argument), what=what)


def _read_field(field: str) -> tuple[str, Any]:
    name, equals, text = field.partition("=")
    if not equals or not name.rstrip(":"):
        raise UsageError(f"{field!r} is no field.", code="usage", hint="Write url=https://example.com or pages:=3.")
    if name.endswith(":"):
        return name[:-1], _read_json(text, what=f"The field {name[:-1]}")
    return name, text


def _text_of(whole: str) -> str:
    if whole == "-":
        return sys.stdin.read()
    if not whole.startswith("@"):
        return whole
    try:
        return Path(whole[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "Name a file of JSON in UTF-8."
        raise UsageError(f"{whole[1:]} cannot be read: {error}.", code="input_not_read", hint=hint) from None


def _read_json(text: str, *, what: str) -> Any:
    try:
        return jsonlib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{what} is not JSON: {error}.", code="usage", hint="Quote texts, and check brackets."
        ) from None
