"""What a merge answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, TypeVar

ConflictKind = Literal["text", "field", "binary", "deleted_here", "deleted_there", "added", "clash"]
Value = TypeVar("Value")
Other = TypeVar("Other")

OURS, THEIRS = "here", "drive"
_MOST_STEPS = 4_000_000  # about two seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Both sides changed the same, each in its own way: `text` lines, a `field` of the front matter (`where` names it),
    a `binary` file (or one too long to look into). `deleted_here`, `deleted_there`: and changed on the other side.
    `added`: by both. `clash`: two paths that cannot stand side by side on every machine. `reason`: in one sentence.
    """

    path: str
    kind: ConflictKind
    reason: str
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The files after the merge. With `conflicts` they are a candidate for a person to work on: text with markers, of
    all else ours; what was deleted on one side and changed on the other is there as changed.
    """

    files: Mapping[str, bytes] = field(repr=False)
    conflicts: tuple[Conflict, ...]

    @property
    def is_clean(self) -> bool:
        return not self.conflicts


class Three(NamedTuple, Generic[Value]):
    """The same of all three."""

    base: Value
    ours: Value
    theirs: Value

    def map(self, call: Callable[[Value], Other]) -> Three[Other]:
        return Three(call(self.base), call(self.ours), call(self.theirs))


class Work:
    """What comparing may still cost, counted over a whole merge: beyond it comparisons are coarse, and so there may be
    conflicts where a longer look would find none.
    """

    def __init__(self, steps: int = _MOST_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> bool:
        """Whether there was enough left."""
        self.left -= steps
        return self.left > 0


def pick(base: Value, ours: Value, theirs: Value) -> Value | None:
    """The side that changed, or what both agree on; None where each has another value. Always one of two values, if
    there are only two.
    """
    if ours == theirs or theirs == base:
        return ours
    return theirs if ours == base else None
