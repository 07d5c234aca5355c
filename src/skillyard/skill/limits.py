"""How large and how deep a skill may be."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one archive or folder. Paths and names are measured in UTF-8 bytes, depth in segments of a path.

    `max_ratio` is unpacked to packed size of the whole archive; it counts from the first unpacked megabyte on, because
    small honest files of one repeated line exceed any ratio.
    """

    max_archive_bytes: int = 32 * _MIB
    max_unpacked_bytes: int = 64 * _MIB
    max_file_bytes: int = 32 * _MIB
    max_entries: int = 2000
    max_ratio: int = 200
    max_path_bytes: int = 240
    max_name_bytes: int = 120
    max_depth: int = 16


DEFAULT_LIMITS = Limits()
