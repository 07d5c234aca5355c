"""Surfaces that are made when they are first asked for: a server need not load what nobody asks it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from skillyard.api.entrance import Door, Receive, Scope, Send, Surface, foreign_door


class Later:
    """One surface."""

    def __init__(self, build: Callable[[], Surface]) -> None:
        self._build = build
        self._surface: Surface | None = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        surface = self._surface
        if surface is None:
            surface = await asyncio.to_thread(self.make)
        await surface(scope, receive, send)

    def make(self) -> Surface:
        """Make it now, unless it is there."""
        with self._lock:
            if self._surface is None:
                self._surface = self._build()
            return self._surface


class _LaterDoor:
    """A surface with its hot reads and its spelling."""

    def __init__(self, open_door: Callable[[], Door]) -> None:
        self._open = open_door
        self._door: Door | None = None
        self._lock = threading.Lock()

    async def surface(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._opened()).surface(scope, receive, send)

    async def hot(self, scope: Scope, receive: Receive, send: Send) -> bool:
        return await (await self._opened()).hot(scope, receive, send)

    def spell(self, code: str, message: str, hint: str, request_id: str) -> bytes:
        return self._open_now().spell(code, message, hint, request_id)

    async def _opened(self) -> Door:
        door = self._door
        return door if door is not None else await asyncio.to_thread(self._open_now)

    def _open_now(self) -> Door:
        with self._lock:
            door = self._door
            if door is None:
                door = self._door = self._open()
            return door


def later_door(open_door: Callable[[], Door], prefix: str, hosts: str, port: int) -> Door:
    """The door to a foreign surface, which `open_door` makes when somebody first knocks."""
    later = _LaterDoor(open_door)
    return foreign_door(later.surface, prefix, hosts, port, later.hot, later.spell)
