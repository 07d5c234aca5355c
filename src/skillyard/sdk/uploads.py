"""Request bodies read from disk while they are sent: one file as it is, or a multipart form (RFC 7578)."""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from skillyard.sdk.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A body that can be opened anew for each attempt, with the headers that describe it."""

    parts: Sequence[bytes | Path]
    content_type: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type, "Content-Length": str(sum(map(_size_bytes, self.parts)))}

    def open(self) -> bytes | BinaryIO:
        in_memory = [part for part in self.parts if isinstance(part, bytes)]
        if len(in_memory) == len(self.parts):
            return b"".join(in_memory)
        return cast(BinaryIO, io.BufferedReader(_Joined(self.parts), 256 << 10))


def file_body(content: bytes | Path, *, content_type: str = "application/octet-stream") -> Upload:
    return Upload(parts=[content], content_type=content_type)


def form_body(fields: Mapping[str, str], files: Mapping[str, bytes | Path]) -> Upload:
    """A multipart form of text fields and files; each file is sent under its own name."""
    boundary = f"skillyard-{secrets.token_hex(16)}"
    parts: list[bytes | Path] = []
    for name, value in fields.items():
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'.encode()
        )
    for name, content in files.items():
        filename = content.name if isinstance(content, Path) else name
        disposition = f'form-data; name="{_quoted(name)}"; filename="{_quoted(filename)}"'
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
        parts += [head.encode(), content, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return Upload(parts=parts, content_type=f"multipart/form-data; boundary={boundary}")


class _Joined(io.RawIOBase):
    """Several byte strings and files read as one stream."""

    def __init__(self, parts: Sequence[bytes | Path]) -> None:
        self._waiting = list(parts)
        self._current: BinaryIO = io.BytesIO()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while True:
            chunk = self._current.read(len(buffer))
            if chunk:
                buffer[: len(chunk)] = chunk
                return len(chunk)
            if not self._waiting:
                return 0
            self._current.close()
            part = self._waiting.pop(0)
            self._current = part.open("rb") if isinstance(part, Path) else io.BytesIO(part)

    def close(self) -> None:
        self._current.close()
        super().close()


def _size_bytes(part: bytes | Path) -> int:
    if isinstance(part, bytes):
        return len(part)
    try:
        return part.stat().st_size
    except OSError as error:
        raise UsageError(f"{part} cannot be read: {error.strerror}.", code="no_file", hint="check the path") from None


def _quoted(text: str) -> str:
    """As browsers write it: the three characters that would end the name early are escaped."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
