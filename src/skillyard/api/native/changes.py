"""The feed of changes."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.native.wire import changes as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.registry import changes

router = APIRouter(tags=["changes"])

_LOOK_EVERY_S = 0.5
_MOST_WAITING = 200
_waiting = asyncio.Semaphore(_MOST_WAITING)


@router.get("/changes", summary="What happened to skills")
async def list_changes(
    app: AppOf,
    caller: CallerOf,
    limit: Limit = 30,
    cursor: Cursor = None,
    wait_s: Annotated[int, Query(ge=0, le=30, description="Wait so long for something new.")] = 0,
) -> wire.ChangesPage:
    """Oldest first, each after the one before it was done. Keep `next_cursor`, and ask again with it."""
    found = await asyncio.to_thread(changes.list_changes, app, caller, limit=limit, cursor=cursor)
    if not found.items and wait_s and not _waiting.locked():
        async with _waiting:
            for _ in range(round(wait_s / _LOOK_EVERY_S)):
                await asyncio.sleep(_LOOK_EVERY_S)
                found = await asyncio.to_thread(
                    changes.list_changes, app, caller, limit=limit, cursor=found.next_cursor
                )
                if found.items:
                    break
    return wire.show_changes(found)
