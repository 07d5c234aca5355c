"""What a tree of processes uses, counted in /proc: for those who may not make cgroups. Short-lived ones are missed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from skillyard.sandbox.confine.cgroups import Usage

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _THREADS = 11, 12, 17  # of /proc/PID/stat, after the name (proc_pid_stat(5))


def tally(first: int, *, processes: int, files_bytes: int) -> Usage:
    """`first` and all below it; `files_bytes` are kept in memory, too. `processes` is the limit, threads counted."""
    memory_bytes, ticks, threads = files_bytes, 0, 0
    for process in _tree(first):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            resident, shared = Path(f"/proc/{process}/statm").read_text().split()[1:3]
        except (OSError, ValueError):
            continue
        memory_bytes += (int(resident) - int(shared)) * _PAGE_BYTES
        ticks += int(fields[_UTIME]) + int(fields[_STIME])
        threads += int(fields[_THREADS])
    return Usage(
        memory_peak_bytes=memory_bytes,
        cpu_ms=ticks * 1000 // _TICKS_PER_S,
        was_out_of_processes=threads >= processes,
    )


def _tree(process: int) -> Iterator[int]:
    yield process
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))
