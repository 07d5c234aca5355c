"""Which paths inside a skill mean the same harmless thing on every system, and which two collide on some of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from skillyard.skill.faults import Fault
from skillyard.skill.limits import Limits
from skillyard.skill.names import WINDOWS_DEVICES

_RENAME = "rename the file"
_RELATIVE = "write paths relative to the skill, with / between names"
# Control, format (invisible, or turning the reading direction), surrogates, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FORBIDDEN_ON_WINDOWS = frozenset('<>:"|?*')


def shown(path: str) -> str:
    """`path` as it may stand in a fault: short, and escaped where it has characters that are not seen."""
    short = path if len(path) <= 240 else f"{path[:240]}..."
    return short if short.isprintable() else ascii(short)[1:-1]


def check_path(path: str, *, limits: Limits) -> list[Fault]:
    """All that keeps `path` from being a plain relative path on Linux, macOS and Windows alike."""
    return [
        Fault(code="bad_path", message=f"the path {message}", hint=hint, file=shown(path))
        for message, hint in _path_breaches(path, limits)
    ]


def _path_breaches(path: str, limits: Limits) -> Iterator[tuple[str, str]]:
    if path.startswith("/"):
        yield "is absolute", _RELATIVE
    if re.match("[A-Za-z]:", path):
        yield "starts with a drive letter", _RELATIVE
    elif forbidden := sorted(_FORBIDDEN_ON_WINDOWS & set(path)):
        yield f"has {' '.join(forbidden)}, which Windows does not allow in names", _RENAME
    if "\\" in path:
        yield "has a backslash", _RELATIVE
    if not path.isprintable() and any(unicodedata.category(char) in _UNSEEN for char in path):
        yield "has control, invisible or undecodable characters", _RENAME
    size_bytes = len(path.encode(errors="surrogatepass"))
    if size_bytes > limits.max_path_bytes:
        yield f"has {size_bytes} bytes, {limits.max_path_bytes} are allowed", "shorten the names of the folders"
    segments = path.removeprefix("/").split("/")
    if len(segments) > limits.max_depth:
        yield f"is {len(segments)} names deep, {limits.max_depth} are allowed", "move the file up"
    yield from dict.fromkeys(breach for segment in segments for breach in _segment_breaches(segment, limits))


def _segment_breaches(segment: str, limits: Limits) -> Iterator[tuple[str, str]]:
    if segment in ("", ".", ".."):
        yield f"has {segment!r} between its slashes", _RELATIVE
        return
    if segment[-1] in ". ":
        yield "has a name that ends with a dot or a space, which Windows drops", _RENAME
    if segment.partition(".")[0].rstrip(" ").lower() in WINDOWS_DEVICES:
        yield f"has {shown(segment)}, the name of a device on Windows", _RENAME
    if segment.lower() in (".git", "git~1"):
        # Git runs what the configuration in such a folder says as soon as somebody works inside the skill.
        yield "leads into a .git folder", "leave .git out of the skill"
    size_bytes = len(segment.encode(errors="surrogatepass"))
    if size_bytes > limits.max_name_bytes:
        yield f"has a name of {size_bytes} bytes, {limits.max_name_bytes} are allowed", "shorten the name"


class Tree:
    """The paths seen so far, as a file system sees them that ignores case and normalises Unicode."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self._folders: set[str] = set()
        self._declared_folders: set[str] = set()
        self._spellings: dict[str, str] = {}

    def add_file(self, path: str) -> list[Fault]:
        """Faults when `path` cannot stand beside what was added before."""
        faults = self._add_parents(path)
        if path in self.files:
            faults.append(_duplicate(path))
        elif path in self._folders:
            faults.append(_file_and_folder(path, path))
        elif other := self._other_spelling(path):
            faults.append(_collision(path, other))
        self.files.add(path)
        return faults

    def add_folder(self, path: str) -> list[Fault]:
        """As `add_file`; a folder that only was the parent of a file before may be added once."""
        faults = self._add_parents(f"{path}/")
        if path in self._declared_folders:
            faults.append(_duplicate(path))
        self._declared_folders.add(path)
        return faults

    def _add_parents(self, path: str) -> list[Fault]:
        faults = []
        for slash in (match.start() for match in re.finditer("/", path)):
            parent = path[:slash]
            if parent in self._folders:
                continue
            if parent in self.files:
                faults.append(_file_and_folder(path, parent))
            elif other := self._other_spelling(parent):
                faults.append(_collision(parent, other))
            self._folders.add(parent)
        return faults

    def _other_spelling(self, path: str) -> str | None:
        first = self._spellings.setdefault(_folded(path), path)
        return first if first != path else None


def _folded(path: str) -> str:
    """Unicode's canonical caseless matching (The Unicode Standard, section 3.13, D145)."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())


def _duplicate(path: str) -> Fault:
    return Fault(
        code="duplicate_entry",
        message="the path stands twice in the archive",
        hint="pack it once",
        file=shown(path),
    )


def _file_and_folder(path: str, contested: str) -> Fault:
    return Fault(
        code="colliding_paths",
        message=f"{shown(contested)} is both a file and a folder",
        hint="rename one of them",
        file=shown(path),
    )


def _collision(path: str, other: str) -> Fault:
    return Fault(
        code="colliding_paths",
        message=f"the path is the same as {shown(other)} where case or Unicode normalisation do not count",
        hint="rename one of them",
        file=shown(path),
    )
