"""What all surfaces share: who calls, which status a refusal has, and pages of a list."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.datastructures import Headers

from skillyard.app import App
from skillyard.domain.accounts.errors import TokenNotValid
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.gateway.calls.call_errors import UpstreamTimedOut
from skillyard.domain.gateway.consent.leases import note_elsewhere
from skillyard.infra import errors

_STATUS: tuple[tuple[type[errors.SkillyardError], int], ...] = (
    (errors.Invalid, 422),
    (errors.Unauthenticated, 401),
    (errors.PaymentRequired, 402),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooMany, 429),
    (UpstreamTimedOut, 504),
    (errors.Upstream, 502),
    (errors.Unavailable, 503),
)


def status_of(error: errors.SkillyardError) -> int:
    """The HTTP status of a refusal; the same on every surface unless its dialect says otherwise."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def app_of(request: Request) -> App:
    app: App = request.app.state.app
    return app


def caller_of(request: Request) -> Caller:
    """Whoever presents the bearer token; anonymous without one. A token that is no good is refused everywhere."""
    return caller_with(app_of(request), bearer_token(request.headers))


def caller_with(app: App, token: str | None) -> Caller:
    """As `authenticate`; where the token is the lease of a run, which opens nothing here, its owner is told."""
    try:
        return authenticate(app, token)
    except TokenNotValid:
        note_elsewhere(app, token or "")
        raise


def bearer_token(headers: Headers) -> str | None:
    """The token of the Authorization header, None when there is no such header."""
    value = headers.get("authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def address_of(request: Request) -> str:
    """The client's address as the entrance saw it, behind however many trusted proxies."""
    return str(request.scope["state"]["client_address"])


async def _inject_app(request: Request) -> App:
    return app_of(request)


async def _inject_address(request: Request) -> str:
    return address_of(request)


# What needs no waiting is `async`, so that the framework does not send it through its thread pool.
AppOf = Annotated[App, Depends(_inject_app)]
CallerOf = Annotated[Caller, Depends(caller_of)]
AddressOf = Annotated[str, Depends(_inject_address)]
Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


def show_page(items: list[dict[str, Any]], next_cursor: str | None, **more: Any) -> dict[str, Any]:
    """Every list on the native wire: `{"items": […], "next_cursor": … or null}`."""
    return {"items": items, "next_cursor": next_cursor, **more}
