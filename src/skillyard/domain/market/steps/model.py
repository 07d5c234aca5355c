"""What every kind of step gets and gives."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.app import App
from skillyard.domain.market.model import Invocation
from skillyard.domain.market.steps.keys import Keys
from skillyard.skill.executable import Executable
from skillyard.skill.permissions import Permissions


class StepFailed(Exception):
    """A step gave nothing. Code and message are for the buyer: nothing of a sealed skill, and no secret, is in them."""

    def __init__(self, code: str, message: str, *, receipt: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.receipt = receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a step works with. `outputs`: of the steps before it, by their labels; `until` is on the monotonic clock."""

    app: App
    invocation: Invocation
    executable: Executable
    permissions: Permissions
    keys: Keys
    position: int
    outputs: Mapping[str, Any]
    tokens_left: int
    until: float

    @property
    def is_last(self) -> bool:
        return self.position == len(self.executable.steps) - 1

    @property
    def label(self) -> str:
        return self.executable.steps[self.position].label

    @property
    def data(self) -> dict[str, Any]:
        return {"input": self.invocation.input, "steps": dict(self.outputs)}

    def left_s(self) -> float:
        """Raises StepFailed when time is up."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise StepFailed("timed_out", f"It took longer than {self.executable.timeout_s} seconds.")
        return left


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a step gave, and what it took. `receipt`: the id of the run that has one."""

    output: Any
    tokens_in: int = 0
    tokens_out: int = 0
    receipt: str | None = None
