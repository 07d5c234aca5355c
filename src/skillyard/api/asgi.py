"""All surfaces behind the one entrance, as one ASGI application."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from skillyard.api.agents.addresses import PREFIXES
from skillyard.api.entrance import Door, Entrance, Surface
from skillyard.api.later import Later, later_door
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.call_road import CALLS, CallRoad
from skillyard.api.native.documents import Documents, HotReads
from skillyard.app import App


def build_asgi(app: App, documents: Documents) -> Entrance:
    """The application that a server runs. `documents` are the pre-rendered public answers of this process."""
    native, settings = Later(partial(_build_native, app)), app.settings
    agents = Later(partial(_build_agents, app))
    return Entrance(
        app,
        [
            Door(surface=Later(partial(_build_web, app)), prefix=""),
            Door(surface=native, prefix=PREFIX, hot=HotReads(app, documents)),
            Door(surface=CallRoad(app, native), prefix=CALLS, writes_are_calls=True),
            *(Door(surface=agents, prefix=prefix) for prefix in PREFIXES),
            later_door(partial(_open_tank, app, documents), "/tank", settings.tank_hosts, settings.tank_port),
            later_door(partial(_open_skilldock, app), "/skilldock", settings.skilldock_hosts, settings.skilldock_port),
            later_door(partial(_open_stack, app), "/stack", settings.stack_hosts, settings.stack_port),
            later_door(
                partial(_open_skillzdrive, app), "/skillzdrive", settings.skillzdrive_hosts, settings.skillzdrive_port
            ),
            replace(
                later_door(partial(_open_skillett, app), "/skillett", settings.skillett_hosts, settings.skillett_port),
                writes_are_calls=True,
            ),
        ],
        prepare=native.make,
    )


def _build_native(app: App) -> Surface:
    from skillyard.api.native.application import build_native
    from skillyard.api.native.idempotent import Idempotent

    return Idempotent(app, build_native(app))


def _build_agents(app: App) -> Surface:
    from skillyard.api.agents.routes import build_agents

    return build_agents(app)


def _build_web(app: App) -> Surface:
    from skillyard.api.web import build_web

    return build_web(app)


def _open_tank(app: App, documents: Documents) -> Door:
    from skillyard.api.tank.routes import open_tank

    return open_tank(app, documents)


def _open_skilldock(app: App) -> Door:
    from skillyard.api.skilldock.routes import open_skilldock

    return open_skilldock(app)


def _open_stack(app: App) -> Door:
    from skillyard.api.stack.routes import open_stack

    return open_stack(app)


def _open_skillzdrive(app: App) -> Door:
    from skillyard.api.skillzdrive.routes import open_skillzdrive

    return open_skillzdrive(app)


def _open_skillett(app: App) -> Door:
    from skillyard.api.skillett.routes import open_skillett

    return open_skillett(app)
