"""Files as text: any usual encoding in, UTF-8 out, whole or not at all; and one way to end a command line."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Callable
from pathlib import Path

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
         codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}  # fmt: skip


class Refusal(Exception):
    """Input that cannot be used; the text says what is wrong and what to do next."""


def decode(data: bytes, *, encoding: str | None = None, name: str = "the input") -> str:
    """Bytes as text: by `encoding`, else by byte order mark, else UTF-8. Raises Refusal and says where it fails."""
    marked = next((known for mark, known in _BOMS.items() if data.startswith(mark)), None)
    chosen = encoding or marked or "utf-8"
    try:
        return data.decode(chosen).removeprefix("\ufeff")
    except LookupError:
        raise Refusal(f"there is no encoding {chosen!r}; try utf-8, utf-16, cp1252 or latin-1") from None
    except UnicodeDecodeError as error:
        raise Refusal(
            f"{name} is not {chosen}: byte 0x{data[error.start]:02x} at offset {error.start}; "
            "name its encoding with --encoding, for example cp1252"
        ) from None


def read_text(path: str | Path, *, encoding: str | None = None) -> str:
    """The text of a file, or of standard input for `-`. Raises Refusal."""
    if str(path) == "-":
        if sys.stdin.isatty():
            raise Refusal("no input: give it as an argument, as a file, or through a pipe")
        return decode(sys.stdin.buffer.read(), encoding=encoding, name="standard input")
    try:
        return decode(Path(path).read_bytes(), encoding=encoding, name=str(path))
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror or error}") from None


def write_text(path: str | Path | None, text: str) -> None:
    """Write a whole file at once (a failure leaves the old one), or to standard output for None and `-`."""
    if path is None or str(path) == "-":
        sys.stdout.write(text)
        return
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise Refusal(f"cannot write {path}: {error.strerror or error}") from None


def guard(program: str, work: Callable[[], int]) -> int:
    """The exit code of `work`: a Refusal is one line on standard error and 1, a reader that went away is 0."""
    for stream in (sys.stdout, sys.stderr):
        if callable(reconfigure := getattr(stream, "reconfigure", None)):
            reconfigure(encoding="utf-8", errors="replace")
    try:
        code = work()
        sys.stdout.flush()
        return code
    except Refusal as refusal:
        print(f"{program}: {refusal}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
