"""All surfaces behind the one entrance, as one ASGI application."""

from __future__ import annotations

from skillyard.api.entrance import Entrance, Surface
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.application import build_native
from skillyard.api.native.documents import Documents, HotReads
from skillyard.api.native.idempotent import Idempotent
from skillyard.api.web import build_web
from skillyard.app import App


def build_asgi(app: App, documents: Documents) -> Entrance:
    """The application that a server runs. `documents` are the pre-rendered public answers of this process."""
    surfaces: dict[str, Surface] = {PREFIX: Idempotent(app, build_native(app)), "/": build_web(app)}
    return Entrance(app, surfaces, HotReads(app, documents))
