"""People's accounts elsewhere, the attempts to connect one in the browser, and clients of integrations."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from skillyard.api.call_threads import in_call_thread
from skillyard.api.native.wire import connections as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.gateway.connect import clients, connections, oauth
from skillyard.infra.envelope import Secret

router = APIRouter(tags=["connections"])

Wait = Annotated[float, Query(ge=0, le=oauth.MOST_WAIT_S, description="Seconds to wait for it to be over.")]


@router.get("/connections", summary="My connections")
def list_connections(app: AppOf, caller: CallerOf) -> wire.Connections:
    """By integration, of each the default one first; never a secret."""
    found = connections.list_connections(app, caller)
    return wire.Connections(items=[wire.show_connection(one) for one in found])


@router.post("/connections", status_code=201, summary="Connect an account with a key")
async def add_connection(app: AppOf, caller: CallerOf, body: wire.AddConnectionBody) -> wire.ConnectionOnWire:
    """The service is asked whose key it is before it is kept, sealed. One of an account that is connected already takes
    the place of what was kept for it. For a sign-in in the browser see connection attempts."""
    secrets = {name: Secret(secret.get_secret_value()) for name, secret in body.secrets.items()}
    add = partial(
        connections.add_key, app, caller, integration=body.integration, secrets=secrets, variables=body.variables,
        label=body.label,
    )  # fmt: skip
    return wire.show_connection(await in_call_thread(app, add))


@router.get("/connections/{connection_id}", summary="A connection")
def get_connection(app: AppOf, caller: CallerOf, connection_id: str) -> wire.ConnectionOnWire:
    """Whose account it is, and how it stands; never its secrets."""
    return wire.show_connection(connections.get_connection(app, caller, connection_id=connection_id))


@router.put("/connections/{connection_id}/default", summary="Mean this connection where none is named")
def choose_default_connection(app: AppOf, caller: CallerOf, connection_id: str) -> wire.ConnectionOnWire:
    """Until another is chosen. Without a choice it is the newest one."""
    return wire.show_connection(connections.choose_default(app, caller, connection_id=connection_id))


@router.delete("/connections/{connection_id}", summary="Disconnect an account")
async def remove_connection(app: AppOf, caller: CallerOf, connection_id: str) -> wire.RemovedConnection:
    """Destroys what is kept here, then tells the service that its token is void. Where that cannot be told, or the
    service does not hear, `why` says what you can do."""
    remove = partial(connections.disconnect, app, caller, connection_id=connection_id)
    return wire.show_removed(await in_call_thread(app, remove))


@router.get("/connections/{connection_id}/uses", summary="What the registry itself used a connection for")
def list_connection_uses(
    app: AppOf, caller: CallerOf, connection_id: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.ConnectionUsesPage:
    """The newest first: to ask whose account it is, to renew its token, to revoke it. Calls are listed with calls."""
    page = connections.list_uses(app, caller, connection_id=connection_id, limit=limit, cursor=cursor)
    return wire.show_uses(page)


@router.post("/connection-attempts", status_code=201, summary="Begin to connect an account in the browser")
def start_connection_attempt(app: AppOf, caller: CallerOf, body: wire.StartAttemptBody) -> wire.AttemptOnWire:
    """Open `url` in the browser of the same person, who has ten minutes to sign in there and to say that the account is
    meant. It means nothing to anybody else."""
    begun = oauth.start(
        app, caller, integration=body.integration, variables=body.variables, scopes=body.scopes, label=body.label,
        reconnect=body.reconnect,
    )  # fmt: skip
    return wire.show_attempt(begun)


@router.get("/connection-attempts/{attempt_id}", summary="How an attempt to connect stands")
async def get_connection_attempt(app: AppOf, caller: CallerOf, attempt_id: str, wait: Wait = 0) -> wire.AttemptOnWire:
    """At once, or as soon as it is over, at the latest after `wait` seconds."""
    return wire.show_attempt(await oauth.wait(app, caller, attempt_id, wait))


@router.get("/integrations/{slug}/client", summary="As which client this registry is known there")
def get_integration_client(app: AppOf, caller: CallerOf, slug: str) -> wire.ClientOnWire:
    """For administrators; never the secret. `redirect_uri` is what to register."""
    return wire.show_client(clients.get_client(app, caller, integration=slug))


@router.put("/integrations/{slug}/client", summary="Store the client that was registered there")
def set_integration_client(app: AppOf, caller: CallerOf, slug: str, body: wire.SetClientBody) -> wire.ClientOnWire:
    """For administrators. One in the settings comes before it."""
    secret = Secret(body.client_secret.get_secret_value())
    return wire.show_client(
        clients.set_client(app, caller, integration=slug, client_id=body.client_id, client_secret=secret)
    )


@router.delete("/integrations/{slug}/client", status_code=204, summary="Forget the client that is stored")
def remove_integration_client(app: AppOf, caller: CallerOf, slug: str) -> Response:
    """For administrators. Tokens that people have by it cannot be renewed any more."""
    clients.remove_client(app, caller, integration=slug)
    return Response(status_code=204)
