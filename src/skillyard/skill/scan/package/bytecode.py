"""Compares compiled Python with the source beside it, by size and by the names in both; nothing is unmarshalled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.subject import ScanFile

_HEADER_BYTES = 16  # PEP 552: magic number, flags, then time and size of the source, or a hash of it
_MAX_BYTES = 1 << 20
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{3,60}")
_TELLING = frozenset(
    b"urllib requests httpx socket urlopen subprocess Popen system popen exec eval compile ctypes base"
    b"64 b64decode zlib "
    b"marshal environ getenv expanduser sendall connect http https __import__ pty paramiko smtplib ftplib".split()
)


def findings_in_bytecode(file: ScanFile, by_path: Mapping[str, ScanFile]) -> Iterator[Finding]:
    """One finding for one .pyc: worse where the source is missing, or does not name what the compiled file names."""
    source = by_path.get(_source_path(file.path))
    telling = _telling_names(file.data[_HEADER_BYTES:_MAX_BYTES])
    if source is None:
        is_imported = "__pycache__/" not in file.path
        severity = Severity.HIGH if is_imported or telling else Severity.MEDIUM
        evidence = f"no {_source_path(file.path)}; it names {_listed(telling)}"
        yield catalog.BYTECODE.at(file.path, 0, evidence, severity=severity, confidence=0.7)
        return
    added = sorted(name for name in telling if name.encode() not in source.data)
    if added:
        evidence = f"it names {_listed(added)}, which {source.path} does not"
        yield catalog.BYTECODE.at(file.path, 0, evidence, severity=Severity.CRITICAL, confidence=0.85)
    elif (size := _source_size(file.data)) is not None and size != len(source.data):
        evidence = f"compiled from a source of {size} bytes; {source.path} has {len(source.data)}"
        yield catalog.BYTECODE.at(file.path, 0, evidence, severity=Severity.MEDIUM)
    else:
        yield catalog.BYTECODE.at(file.path, 0, f"compiled from {source.path}")


def _source_path(path: str) -> str:
    """PEP 3147: `a/__pycache__/b.cpython-311.pyc` belongs to `a/b.py`, and `a/b.pyc` too."""
    folder, _, name = path.rpartition("/")
    if folder == "__pycache__" or folder.endswith("/__pycache__"):
        folder = folder[: -len("__pycache__")].rstrip("/")
    stem = name.partition(".")[0]
    return f"{folder}/{stem}.py" if folder else f"{stem}.py"


def _source_size(data: bytes) -> int | None:
    """None when the header has a hash in place of time and size."""
    flags = int.from_bytes(data[4:8], "little")
    return int.from_bytes(data[12:16], "little") if flags == 0 and len(data) >= _HEADER_BYTES else None


def _telling_names(code: bytes) -> list[str]:
    return sorted(name.decode() for name in set(_NAME.findall(code)) & _TELLING)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) or "nothing that tells"
