"""Connect an account: the program begins and asks how it stands, the person goes through it in the browser."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.foreign import SignedIn
from skillyard.api.skillett.addresses import API
from skillyard.api.skillett.callers import signed_router
from skillyard.api.skillett.wire import connecting as wire
from skillyard.api.surface import AppOf
from skillyard.domain.gateway.connect import oauth

router: APIRouter = signed_router("connections")

Wait = Annotated[float, Query(ge=0, le=oauth.MOST_WAIT_S, description="Seconds to wait for the person at most.")]


@router.post(f"{API}/connect", summary="Begin to connect an account")
def connect(app: AppOf, caller: SignedIn, body: wire.ConnectBody) -> wire.Started:
    """Open `oauth_url` in the browser of the key's owner; the program asks with `connection_id` how it stands."""
    attempt = oauth.start(app, caller, integration=body.integration, variables=body.variables, scopes=body.scopes)
    return wire.show_started(attempt)


@router.get(f"{API}/connect/{{connection_id}}", summary="How a connection stands", response_model_exclude_none=True)
async def get_connection(app: AppOf, caller: SignedIn, connection_id: str, wait: Wait = 0) -> wire.Standing:
    """At once; with `wait`, as soon as it is over, or after so many seconds."""
    return wire.show_standing(await oauth.wait(app, caller, connection_id, wait))
