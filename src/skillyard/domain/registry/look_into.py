"""Open an archive, read its manifest and scan it, in a process of its own: what is in it may be hostile."""

from __future__ import annotations

import os
from functools import cache
from typing import BinaryIO

from skillyard.infra.isolation import Isolated, Isolation
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.limits import Limits
from skillyard.skill.opened import Opened, open_and_scan

MOST_S = 20.0
_MOST_PROCESSES = 4


def look_into(source: BinaryIO | bytes, limits: Limits) -> Opened:
    """Leaves a stream at its start. Raises SkillError with every fault, also when it takes too long to look at."""
    if isinstance(source, bytes):
        data = source
    else:
        data = source.read(limits.max_archive_bytes + 1)
        source.seek(0)
    try:
        found = _processes().run(open_and_scan, MOST_S, data, limits)
    except Isolated as error:
        raise SkillError([_not_examinable(error.why)]) from error
    if isinstance(found, Opened):
        return found
    raise SkillError(found)


def warm_up() -> None:
    """Start the first process before somebody waits for it."""
    _processes().run(open_and_scan, MOST_S, b"", Limits())


@cache
def _processes() -> Isolation:
    return Isolation(max(1, min(_MOST_PROCESSES, os.cpu_count() or 1)))


def _not_examinable(why: str) -> Fault:
    hint = "Split the skill or leave generated files out; tell the operator of the registry if it is an ordinary one."
    return Fault(code="not_examinable", message=f"the skill cannot be examined: {why}", hint=hint)
