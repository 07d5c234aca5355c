"""Pages of a list, and the opaque cursor that leads to the next one: the sort key of the last item."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from skillyard.infra.errors import Invalid

Item = TypeVar("Item")
Key = str | int
_BIGINT = 2**63


class BadCursor(Invalid):
    code = "bad_cursor"
    text = "The cursor is not one that this list has given out."
    hint = "Pass `next_cursor` of the page before unchanged, or leave it out to begin at the start."


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    next_cursor: str | None


def page_of(found: Sequence[Item], limit: int, key: Callable[[Item], Sequence[Key]]) -> Page[Item]:
    """Make a page of `found`, for which one item more than `limit` was asked; `key` is what the list is sorted by."""
    items = tuple(found[:limit])
    return Page(items=items, next_cursor=cursor_after(*key(items[-1])) if len(found) > limit else None)


def cursor_after(*key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def read_cursor(cursor: str | None, start: Sequence[Key]) -> list[Key]:
    """The key in a cursor; `start` when there is none. Raises BadCursor unless it has the types of `start`."""
    if cursor is None:
        return list(start)
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise BadCursor from None
    if not isinstance(key, list) or [type(part) for part in key] != [type(part) for part in start]:
        raise BadCursor
    if not all(abs(part) < _BIGINT if isinstance(part, int) else part.isprintable() for part in key):
        raise BadCursor
    return key
