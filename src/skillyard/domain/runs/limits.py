"""How much a run may use: what the operator allows, or less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from skillyard.sandbox.model import Limits
from skillyard.settings import Settings
from skillyard.skill.limits import Limits as FileLimits

_MIB = 1024 * 1024


def most(settings: Settings) -> Limits:
    """What the operator allows a run at most, which is what it gets unless it asks for less."""
    return Limits(
        wall_s=float(settings.run_seconds),
        cpu_s=settings.run_cpu_seconds,
        memory_bytes=settings.run_memory_mb * _MIB,
        processes=settings.run_processes,
        disk_bytes=settings.run_disk_mb * _MIB,
        files=settings.run_files,
        output_bytes=settings.run_output_kb * 1024,
    )


def file_limits(limits: Limits) -> FileLimits:
    """Of the files in a workspace."""
    return replace(
        FileLimits(),
        max_archive_bytes=limits.disk_bytes,
        max_unpacked_bytes=limits.disk_bytes,
        max_file_bytes=limits.disk_bytes,
        max_entries=limits.files,
    )


def narrowed(
    settings: Settings,
    *,
    seconds: float | None = None,
    cpu_seconds: int | None = None,
    memory_mb: int | None = None,
    processes: int | None = None,
    disk_mb: int | None = None,
    files: int | None = None,
    output_kb: int | None = None,
) -> Limits:
    """What the operator allows, but for what is asked for; whether that is less, `rules.check` says."""
    asked: dict[str, Any] = {
        "wall_s": seconds,
        "cpu_s": cpu_seconds,
        "memory_bytes": None if memory_mb is None else memory_mb * _MIB,
        "processes": processes,
        "disk_bytes": None if disk_mb is None else disk_mb * _MIB,
        "files": files,
        "output_bytes": None if output_kb is None else output_kb * 1024,
    }
    return replace(most(settings), **{name: value for name, value in asked.items() if value is not None})
