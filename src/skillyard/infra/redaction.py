"""Takes secrets out of text and bytes, also where they were written in one of the usual other ways."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
_LINE_CHARS = 16  # a shorter one of several may be any text


class Redactor:
    """Knows the secrets of one piece of work; those of a few characters only cannot be told from other text."""

    __slots__ = ("_found",)

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelled for secret in secrets for spelled in _spellings(secret) if len(spelled) >= 8}
        self._found = sorted(spellings, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Redactor({len(self._found)})"

    def text(self, text: str) -> str:
        for secret in self._found:
            text = text.replace(secret, HIDDEN)
        return text

    def data(self, data: bytes) -> bytes:
        for secret in self._found:
            data = data.replace(secret.encode(), HIDDEN.encode())
        return data

    def value(self, value: Any) -> Any:
        """A JSON value, its keys too. It nests no deeper than JSON that was read."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return value


def _spellings(secret: str) -> Iterable[str]:
    """As it is, line by line, in JSON, in an address, in hexadecimal, and in base64 by itself."""
    data = secret.encode()
    yield secret
    yield from (line.strip() for line in secret.splitlines() if len(line) >= _LINE_CHARS)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
    yield data.hex()
    yield base64.b64encode(data).decode().rstrip("=")
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")
