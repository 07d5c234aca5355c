"""All surfaces behind the one entrance, as one ASGI application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial

from skillyard.api.entrance import Door, Entrance, Receive, Scope, Send, Surface
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.application import build_native
from skillyard.api.native.documents import Documents, HotReads
from skillyard.api.native.idempotent import Idempotent
from skillyard.api.skilldock.routes import open_skilldock
from skillyard.api.tank.routes import open_tank
from skillyard.app import App


def build_asgi(app: App, documents: Documents) -> Entrance:
    """The application that a server runs. `documents` are the pre-rendered public answers of this process."""
    native = Idempotent(app, build_native(app))
    return Entrance(
        app,
        [
            Door(surface=Later(partial(_build_web, app)), prefix=""),
            Door(surface=native, prefix=PREFIX, hot=HotReads(app, documents)),
            open_tank(app, documents),
            open_skilldock(app),
        ],
    )


class Later:
    """A surface that is made when it is first asked for: a node that serves no pages need not load them."""

    def __init__(self, build: Callable[[], Surface]) -> None:
        self._build = build
        self._surface: Surface | None = None
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        surface = self._surface
        if surface is None:
            surface = await asyncio.to_thread(self._made)
        await surface(scope, receive, send)

    def _made(self) -> Surface:
        with self._lock:
            if self._surface is None:
                self._surface = self._build()
            return self._surface


def _build_web(app: App) -> Surface:
    from skillyard.api.web import build_web

    return build_web(app)
