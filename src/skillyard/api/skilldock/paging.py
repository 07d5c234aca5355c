"""Lists by page number, as SkillDock's clients ask for them: `page`, `per_page`, `items`, `has_more`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

MOST_PAGES = 1000
MOST_PER_PAGE = 100
DEFAULT_PER_PAGE = 20

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which page; they count from 1."""

    page: int = 1
    per_page: int = DEFAULT_PER_PAGE

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    @property
    def end(self) -> int:
        return self.page * self.per_page

    def cut(self, found: Sequence[Item]) -> Sequence[Item]:
        """The page out of a list from its beginning."""
        return found[self.offset : self.end]

    def facts(self, *, has_more: bool) -> dict[str, Any]:
        """What every list says of itself."""
        return {"page": self.page, "per_page": self.per_page, "has_more": has_more}


class PageOnWire(BaseModel):
    page: int
    per_page: int
    has_more: bool


def _wanted(
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
    per_page: Annotated[int, Query(ge=1, le=MOST_PER_PAGE)] = DEFAULT_PER_PAGE,
) -> Wanted:
    return Wanted(page=page, per_page=per_page)


WantedOf = Annotated[Wanted, Depends(_wanted)]
