"""Device sign-in (RFC 8628): a program shows a code, a person approves it in the browser, the program gets a key.

The device code holds the program's secret; what the browser is shown does not.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from skillyard.api.foreign import SignedIn
from skillyard.api.skillett.addresses import DEVICE
from skillyard.api.skillett.bodies import documented, form_or_json
from skillyard.api.skillett.callers import signed_router
from skillyard.api.skillett.errors import (
    AccessDenied,
    AuthorizationPending,
    DeviceCodeExpired,
    DeviceCodeUnknown,
    GrantTypeUnknown,
    SlowDown,
)
from skillyard.api.skillett.wire import device as wire
from skillyard.api.surface import AddressOf, AppOf
from skillyard.app import App
from skillyard.domain.accounts import cli_sessions
from skillyard.domain.accounts.cli_session import challenge_of
from skillyard.domain.accounts.cli_sessions import CliPoll
from skillyard.domain.accounts.errors import CliSessionDecidedBefore, CliSessionNotFound, PolledTooSoon
from skillyard.domain.gateway.calls.keys import decide_device, start_device

router, open_router = signed_router("sign-in"), APIRouter(tags=["sign-in"])

_INTERVAL_S = 5
_LEAST_MS = 4000  # between two questions: nobody is refused for a second that the network took
_VERIFIER_BYTES = 48


@open_router.post(f"{DEVICE}/code", summary="Begin to sign in", openapi_extra=documented(wire.CodeBody))
def start_device_sign_in(
    app: AppOf,
    address: AddressOf,
    response: Response,
    body: Annotated[wire.CodeBody, Depends(form_or_json(wire.CodeBody))],
) -> wire.CodeAnswer:
    """Show `user_code`, let a person open `verification_uri`, and ask for the token until it was approved there."""
    verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
    integrations = wire.read_scope(body.scope)
    session = start_device(
        app,
        client_name=body.client_id,
        integrations=integrations,
        challenge=challenge_of(verifier),
        address=address,
    )
    response.headers["cache-control"] = "no-store"
    return wire.show_code(session, verifier=verifier, address=app.settings.address, interval_s=_INTERVAL_S)


@router.post(f"{DEVICE}/authorize", summary="Approve a sign-in", openapi_extra=documented(wire.DecisionBody))
def authorize_device(
    app: AppOf,
    caller: SignedIn,
    address: AddressOf,
    body: Annotated[wire.DecisionBody, Depends(form_or_json(wire.DecisionBody))],
) -> wire.DecisionAnswer:
    """What the page does that people are sent to, for a program that they trust with all their rights."""
    is_approved = body.decision == "approve"
    decided = decide_device(app, caller, user_code=body.user_code, is_approved=is_approved, address=address)
    return wire.show_decision(decided)


@open_router.post(f"{DEVICE}/token", summary="Ask for the key", openapi_extra=documented(wire.TokenBody))
def get_device_token(
    app: AppOf, response: Response, body: Annotated[wire.TokenBody, Depends(form_or_json(wire.TokenBody))]
) -> wire.TokenAnswer:
    """400 `authorization_pending` until somebody has decided; the key once."""
    if body.grant_type != wire.GRANT_TYPE:
        raise GrantTypeUnknown(known=wire.GRANT_TYPE)
    poll = _poll(app, body.device_code)
    if poll.status == "pending":
        raise AuthorizationPending(interval_s=_INTERVAL_S)
    if poll.status == "denied":
        raise AccessDenied
    if poll.session is None:
        raise DeviceCodeExpired
    response.headers["cache-control"] = "no-store"
    return wire.show_token(poll.session, now_ms=app.clock.now_ms())


def _poll(app: App, device_code: str) -> CliPoll:
    identifier, _, verifier = device_code.partition(".")
    try:
        return cli_sessions.poll_cli_session(app, session_id=identifier, code_verifier=verifier, least_ms=_LEAST_MS)
    except PolledTooSoon:
        raise SlowDown from None
    except (CliSessionNotFound, CliSessionDecidedBefore):
        raise DeviceCodeUnknown from None
