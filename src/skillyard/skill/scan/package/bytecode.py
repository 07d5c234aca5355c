"""Compares compiled Python with the source beside it, by size and by the names in both; nothing is unmarshalled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.package import catalog
from skillyard.skill.scan.subject import ScanFile, Subject

_HEADER_BYTES = 16  # PEP 552: magic number, flags, then time and size of the source, or a hash of it
_MAX_BYTES = 1 << 20
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{3,60}")
_TELLING = frozenset(
    b"socket urlopen subprocess Popen system popen exec eval ctypes b64decode marshal sendall __import__ pty paramiko "
    b"smtplib ftplib".split()
)


def findings_in_bytecode(file: ScanFile, subject: Subject) -> Iterator[Finding]:
    """One finding for one .pyc.

    Python runs one in __pycache__ only beside a source of the size and time in its header, or when the header says
    that it need not be checked; one in the place of a source always.
    """
    at = catalog.BYTECODE.at
    source = subject.by_path.get(_source_path(file.path))
    telling = _telling_names(file.data[_HEADER_BYTES:_MAX_BYTES])
    if source is None:
        evidence = f"no {_source_path(file.path)}; it names {_listed(telling)}"
        severity = Severity.HIGH if _is_used(file, subject) else Severity.MEDIUM
        yield at(file.path, 0, evidence, severity=severity, confidence=0.7)
        return
    size = _source_size(file.data)
    is_stale = size is not None and size != len(source.data)
    added = [name for name in telling if name.encode() not in source.data]
    if added:
        evidence = f"it names {_listed(added)}, which {source.path} does not"
        severity, confidence = (Severity.HIGH, 0.65) if is_stale else (Severity.CRITICAL, 0.85)
        yield at(file.path, 0, evidence, severity=severity, confidence=confidence)
    elif is_stale:
        evidence = f"compiled from a source of {size} bytes; {source.path} has {len(source.data)}"
        yield at(file.path, 0, evidence, severity=Severity.MEDIUM)
    else:
        yield at(file.path, 0, f"compiled from {source.path}")


def _is_used(file: ScanFile, subject: Subject) -> bool:
    """Whether it lies where Python looks, or a text names it or imports what it was compiled from."""
    if "__pycache__/" not in file.path:
        return True
    stem = re.escape(file.name.partition(".")[0])
    used = re.compile(rf"{re.escape(file.name)}|\b(?:import|from)\s+(?:\w+\.)?{stem}\b")
    return any(used.search(view.text) for view in subject.views)


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
