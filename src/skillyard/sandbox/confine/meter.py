"""What a run uses, and which of its limits it has reached."""

from __future__ import annotations

import os
import re

from skillyard.sandbox.confine.box import Box
from skillyard.sandbox.confine.cgroups import Usage
from skillyard.sandbox.confine.tally import tally
from skillyard.sandbox.model import Limits

_MEMORY_WORDS = re.compile(rb"MemoryError|bad_alloc|[Oo]ut of memory|Cannot allocate memory")


class Meter:
    """`work` is the open workspace. `limits_hit` collects names of fields of `Limits`. What was used while waiting for
    work is not the run's.
    """

    def __init__(self, box: Box, limits: Limits, work: int) -> None:
        self._box, self._limits, self._work = box, limits, work
        self.limits_hit: set[str] = set()
        self.peak_memory_bytes = 0
        self._cpu_before_ms = self._cpu_after_ms = (self._usage().cpu_ms or 0) if box.has_host else 0

    @property
    def cpu_ms(self) -> int:
        return self._cpu_after_ms - self._cpu_before_ms

    def look(self) -> str | None:
        """The limit for which the run must be ended, if there is one."""
        usage = self._usage()
        self.peak_memory_bytes = max(self.peak_memory_bytes, usage.memory_peak_bytes or 0)
        self._cpu_after_ms = max(self._cpu_after_ms, usage.cpu_ms or 0)
        if usage.was_out_of_memory:
            self.limits_hit.add("memory_bytes")
        if usage.was_out_of_processes:
            self.limits_hit.add("processes")
        if os.fstatvfs(self._work).f_bavail == 0:
            self.limits_hit.add("disk_bytes")
        if self.cpu_ms > self._limits.cpu_s * 1000:
            return "cpu_s"
        return "memory_bytes" if self.peak_memory_bytes > self._limits.memory_bytes else None

    def look_back(self, stderr: bytes, *, is_good: bool) -> None:
        """When it has ended. Where there is no cgroup, its own last words say that it was refused memory."""
        self.look()
        if not self._box.cgroup and not is_good and _MEMORY_WORDS.search(stderr):
            self.limits_hit.add("memory_bytes")

    def _usage(self) -> Usage:
        if self._box.cgroup:
            return self._box.cgroup.usage()
        disk = os.fstatvfs(self._work)
        used_bytes = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        return tally(self._box.process.pid, processes=self._limits.processes, files_bytes=used_bytes)
