"""Sign-in of Tank's command line, on our own: it starts, somebody approves in the browser, it collects its token."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Depends, Request

from skillyard.api.surface import AddressOf, AppOf, CallerOf, bearer_token, caller_of
from skillyard.api.tank import wire
from skillyard.api.tank.dialect import read_uuid
from skillyard.api.tank.errors import NotJson, SignInDenied, SignInPending
from skillyard.api.web.session import visitor_of
from skillyard.domain.accounts import cli_sessions, people, sessions
from skillyard.domain.accounts.cli_session import challenge_of
from skillyard.domain.accounts.errors import CliSessionNotFound
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope

router = APIRouter(tags=["auth"])

_CLIENT = "Tank's command line"
_SCOPES = (Scope.READ, Scope.PUBLISH)
_LIFE_MS = 5 * 60 * 1000  # as long as the command line waits


def _json_only(request: Request) -> None:
    """A form of another site can send a cookie, but no JSON without asking the browser first."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJson


def _approver(request: Request) -> Caller:
    """Whoever is at the browser; or who shows a token."""
    return visitor_of(request).caller if bearer_token(request.headers) is None else caller_of(request)


@router.post("/cli-auth/start", summary="Begin to sign in through the browser")
def start_sign_in(app: AppOf, address: AddressOf, body: wire.StartSignInBody) -> wire.StartedSignIn:
    """Open `authUrl` in a browser and ask `exchange` until it was approved there, for at most five minutes."""
    session = cli_sessions.start_cli_session(
        app,
        code_challenge=challenge_of(_verifier(body.state)),
        client_name=_CLIENT,
        address=address,
        scopes=_SCOPES,
        life_ms=_LIFE_MS,
    )
    return wire.show_started(session, app.settings.address)


@router.post("/cli-auth/authorize", summary="Let it sign in as you", dependencies=[Depends(_json_only)])
def authorize_sign_in(request: Request, app: AppOf, body: wire.SignInBody) -> wire.Success:
    """For the person at the browser, by its session cookie."""
    caller = _approver(request)
    cli_sessions.approve_cli_session(app, caller, session_id=read_uuid(body.sessionCode, "cli"))
    return wire.Success()


@router.post("/cli-auth/exchange", summary="Ask whether it was approved")
def exchange_sign_in(app: AppOf, body: wire.ExchangeBody) -> wire.SignedIn:
    """400 while nobody has decided; the token once, to whoever knows the state. It may read and publish."""
    poll = cli_sessions.poll_cli_session(
        app, session_id=read_uuid(body.sessionCode, "cli"), code_verifier=_verifier(body.state)
    )
    if poll.status == "pending":
        raise SignInPending
    if poll.status == "denied":
        raise SignInDenied
    if poll.session is None:
        raise CliSessionNotFound
    return wire.SignedIn(token=poll.session.access_token, user=wire.show_account(poll.session.user))


@router.get("/auth/whoami", summary="Who am I")
def who_am_i(app: AppOf, caller: CallerOf) -> wire.WhoAmI:
    """The account of the token."""
    return wire.show_me(people.get_me(app, caller).user)


@router.post("/auth/logout", summary="Sign out")
def log_out(app: AppOf, caller: CallerOf) -> wire.Success:
    """Revokes the token that the request presents. Tank's command line only forgets it: the account's page revokes."""
    sessions.sign_out(app, caller)
    return wire.Success()


def _verifier(state: str) -> str:
    """The client's secret in the form that our sign-in asks for (RFC 7636, section 4.1)."""
    return hashlib.sha256(state.encode()).hexdigest()
