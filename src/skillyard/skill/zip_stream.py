"""A zip that is written while it is sent, so that it may be larger than memory: of what is in it, names are kept."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skillyard.skill.faults import SkillError
from skillyard.skill.limits import Limits
from skillyard.skill.paths import check_path

_LIMITS = Limits(max_path_bytes=10_000, max_depth=1000)  # those of skills, with folders around them
_EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipEntry:
    path: str
    data: bytes
    executable: bool = False


def zip_stream(entries: Iterable[ZipEntry]) -> Iterator[bytes]:
    """The bytes of a zip, piece by piece; each entry is asked for when it is its turn. It may use zip64.

    Raises SkillError for a path that would lead out of the folder that it is unpacked in.
    """
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            faults = check_path(entry.path, limits=_LIMITS)
            if faults:
                raise SkillError(faults)
            archive.writestr(_info(entry), entry.data)
            yield from outlet.drain()
    yield from outlet.drain()


def _info(entry: ZipEntry) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.path, date_time=_EARLIEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3  # Unix, whose modes the attributes hold
    info.external_attr = (stat.S_IFREG | (0o755 if entry.executable else 0o644)) << 16
    return info


class _Outlet:
    """A file that can only be written to, and is emptied in between."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing behind it."""

    def drain(self) -> Iterator[bytes]:
        """What was written since the last time, as one piece."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            yield b"".join(waiting)
