"""All surfaces behind the one entrance, as one ASGI application."""

from __future__ import annotations

from skillyard.api.entrance import Door, Entrance
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.application import build_native
from skillyard.api.native.documents import Documents, HotReads
from skillyard.api.native.idempotent import Idempotent
from skillyard.api.tank.routes import open_tank
from skillyard.api.web import build_web
from skillyard.app import App


def build_asgi(app: App, documents: Documents) -> Entrance:
    """The application that a server runs. `documents` are the pre-rendered public answers of this process."""
    native = Idempotent(app, build_native(app))
    return Entrance(
        app,
        [
            Door(surface=build_web(app), prefix=""),
            Door(surface=native, prefix=PREFIX, hot=HotReads(app, documents)),
            open_tank(app, documents),
        ],
    )
