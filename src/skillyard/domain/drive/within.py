"""Search in some skills only: those of a drive, or of a part of it."""

from __future__ import annotations

from collections.abc import Collection

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.search import search_names

_PAGE = 100
_MOST_PAGES = 20


def search_within(app: App, caller: Caller, names: Collection[str], *, text: str, limit: int) -> list[str]:
    """Those of `names` that the text fits, the best first, as far as they are among the best 2000 of all."""
    found: list[str] = []
    for page in range(_MOST_PAGES):
        hits = search_names(app, caller, text=text, limit=_PAGE, offset=page * _PAGE)
        found += [name for name in hits.names if name in names]
        if len(found) >= limit or (page + 1) * _PAGE >= hits.total:
            break
    return found[:limit]
