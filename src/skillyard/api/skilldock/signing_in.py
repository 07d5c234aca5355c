"""Sign-in of SkillDock's command line: it starts, somebody approves in the browser, it collects its token by polling.

Its protocol has no verifier. The session id that it gets holds one; the address for the browser does not.
"""

from __future__ import annotations

import secrets

from fastapi import APIRouter

from skillyard.api.skilldock.wire import accounts as wire
from skillyard.api.surface import AddressOf, AppOf
from skillyard.domain.accounts import cli_sessions
from skillyard.domain.accounts.cli_session import challenge_of

router = APIRouter(tags=["auth"])

_CLIENT = "SkillDock's command line"
_POLL_INTERVAL_S = 2
_VERIFIER_BYTES = 48


@router.post("/auth/cli/sessions", status_code=201, summary="Begin to sign in through the browser")
def start_cli_session(app: AppOf, address: AddressOf) -> wire.StartedSignIn:
    """Open `auth_url` in a browser, and ask for the session until it was approved there."""
    verifier = secrets.token_urlsafe(_VERIFIER_BYTES)
    session = cli_sessions.start_cli_session(
        app, code_challenge=challenge_of(verifier), client_name=_CLIENT, address=address
    )
    auth_url = f"{app.settings.address}/cli/{session.id}"
    return wire.show_started(session, f"{session.id}.{verifier}", auth_url, poll_interval_s=_POLL_INTERVAL_S)


@router.get("/auth/cli/sessions/{session_id}", summary="Ask whether it was approved")
def get_cli_session(app: AppOf, session_id: str) -> wire.SignIn:
    """Hands the access token out once. Make a personal token with it, which lives longer."""
    identifier, _, verifier = session_id.partition(".")
    poll = cli_sessions.poll_cli_session(app, session_id=identifier, code_verifier=verifier)
    if poll.session is None:
        return wire.SignIn(status=poll.status)
    life_s = (poll.session.expires_ms - app.clock.now_ms()) // 1000
    return wire.SignIn(status=poll.status, access_token=poll.session.access_token, expires_in=life_s)
