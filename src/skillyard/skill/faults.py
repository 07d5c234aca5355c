"""One fault of a skill, and the one exception that carries all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, where, and what to do next. `file` is relative to the skill, `line` counts from 1."""

    code: str
    message: str
    hint: str
    file: str | None = None
    line: int | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.message} ({self.hint})" if self.hint else f"{where}{self.message}"


class SkillError(Exception):
    """Input that was refused, with every fault found in it (never empty)."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(str(fault) for fault in self.faults))
