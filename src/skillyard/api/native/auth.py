"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from skillyard.api.native.wire import auth as wire
from skillyard.api.surface import AddressOf, AppOf, CallerOf, caller_of
from skillyard.domain.accounts import cli_sessions, links, passwords, providers, sessions

# Also where nobody needs to be signed in, a token that is no good is refused and not taken for none.
router = APIRouter(tags=["auth"], dependencies=[Depends(caller_of)])

_POLL_INTERVAL_S = 2


@router.post("/auth/links/redeem", summary="Sign in with a one-time link")
def redeem_sign_in_link(app: AppOf, body: wire.RedeemBody) -> wire.SessionOnWire:
    """Uses the link up. The first administrator and invited people name the `username` that they want."""
    session = links.redeem_link(
        app, code=body.code, username=body.username, display_name=body.display_name, password=body.password
    )
    return wire.show_session(session)


@router.post("/auth/password", summary="Sign in with a password")
def sign_in_with_password(app: AppOf, address: AddressOf, body: wire.PasswordSignInBody) -> wire.SessionOnWire:
    """The refusal is the same for a wrong password and an unknown user."""
    session = passwords.sign_in_with_password(app, username=body.username, password=body.password, address=address)
    return wire.show_session(session)


@router.post("/auth/cli-sessions", status_code=201, summary="Begin to sign in through the browser")
def start_cli_session(app: AppOf, address: AddressOf, body: wire.StartCliSessionBody) -> wire.StartedCliSession:
    """Open `verification_url` in a browser, show `user_code`, and poll with the verifier until it is approved."""
    session = cli_sessions.start_cli_session(
        app, code_challenge=body.code_challenge, client_name=body.client_name, address=address
    )
    return wire.show_started(session, address=app.settings.address, interval_s=_POLL_INTERVAL_S)


@router.post("/auth/cli-sessions/{session_id}/poll", summary="Ask whether it was approved")
def poll_cli_session(app: AppOf, session_id: str, body: wire.PollBody) -> wire.PollAnswer:
    """Hands the access token out once, to the holder of the verifier only."""
    poll = cli_sessions.poll_cli_session(app, session_id=session_id, code_verifier=body.code_verifier)
    return wire.show_poll(poll)


@router.get("/auth/cli-sessions/{session_id}", summary="What asks to sign in")
def get_cli_session(app: AppOf, caller: CallerOf, session_id: str) -> wire.CliSessionOnWire:
    """For the person who is asked to approve it."""
    return wire.show_cli_session(cli_sessions.get_cli_session(app, caller, session_id=session_id))


@router.post("/auth/cli-sessions/{session_id}/approve", summary="Let it sign in as you")
def approve_cli_session(app: AppOf, caller: CallerOf, session_id: str) -> wire.CliSessionOnWire:
    """Needs a token with full access, since it leads to one."""
    return wire.show_cli_session(cli_sessions.approve_cli_session(app, caller, session_id=session_id))


@router.post("/auth/cli-sessions/{session_id}/deny", summary="Turn it away")
def deny_cli_session(app: AppOf, caller: CallerOf, session_id: str) -> wire.CliSessionOnWire:
    """The waiting client learns that it was denied."""
    return wire.show_cli_session(cli_sessions.deny_cli_session(app, caller, session_id=session_id))


@router.post("/auth/sessions/renew", summary="Renew a session")
def renew_session(app: AppOf, body: wire.RenewBody) -> wire.SessionOnWire:
    """A new access token and a new refresh token. Each refresh token works once: one that comes again ends the session,
    and whoever holds the newest one signs in again."""
    return wire.show_session(sessions.renew_session(app, refresh_token=body.refresh_token))


@router.get("/auth/providers", summary="Providers to sign in with")
def list_sign_in_providers(app: AppOf) -> wire.ProvidersOnWire:
    """A browser that opens `sign_in_url` is sent to the provider, and back to `next`, a path of this registry."""
    return wire.show_providers(providers.list_providers(app), address=app.settings.address)


@router.post("/auth/logout", summary="Sign out")
def logout(app: AppOf, caller: CallerOf) -> wire.LoggedOut:
    """Revokes the token that the request presents, and ends its session."""
    sessions.sign_out(app, caller)
    return wire.LoggedOut()
