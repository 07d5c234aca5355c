"""Keys: tokens that call integrations and do nothing else, made at once or by a device that waits for an approval.

They are tokens of accounts, which cannot know which integrations there are: that is looked at here.
"""

from __future__ import annotations

from collections.abc import Collection

from skillyard.app import App
from skillyard.domain.accounts import cli_sessions, tokens
from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.errors import CliSessionNotFound
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import KEY_SCOPES, Scope
from skillyard.domain.accounts.tokens import DEFAULT_DAYS
from skillyard.domain.gateway.catalog.lookup import find_integration


def create_token(
    app: App,
    caller: Caller,
    *,
    name: str,
    scopes: Collection[Scope] = KEY_SCOPES,
    expires_in_days: int = DEFAULT_DAYS,
    namespaces: Collection[str] | None = None,
    integrations: Collection[str] | None = None,
) -> tokens.NewToken:
    """A personal token; with the scopes of keys a key, for these integrations or for all.

    Raises IntegrationNotFound, and what `accounts.tokens.create_token` raises.
    """
    caller.must("manage_tokens")
    _check_known(app, integrations)
    return tokens.create_token(
        app,
        caller,
        name=name,
        scopes=scopes,
        expires_in_days=expires_in_days,
        namespaces=namespaces,
        integrations=integrations,
    )


def start_device(
    app: App, *, client_name: str, integrations: Collection[str] | None, challenge: str, address: str
) -> CliSession:
    """A device that will be handed a key as soon as somebody approves it. `challenge`: as of a command line.

    Raises IntegrationNotFound, and what `start_cli_session` raises.
    """
    _check_known(app, integrations)
    return cli_sessions.start_cli_session(
        app,
        code_challenge=challenge,
        client_name=client_name,
        address=address,
        scopes=KEY_SCOPES,
        integrations=integrations,
    )


def decide_device(app: App, caller: Caller, *, user_code: str, is_approved: bool, address: str) -> CliSession:
    """Approve the device that shows this code, or turn it away. Only a device: what else waits for an approval may be
    about to get all rights of the caller. Raises CliSessionNotFound, CliSessionDecidedBefore, TooManySignIns.
    """
    found = cli_sessions.find_cli_session(app, caller, user_code=user_code, address=address)
    if found.scopes != KEY_SCOPES:
        raise CliSessionNotFound
    decide = cli_sessions.approve_cli_session if is_approved else cli_sessions.deny_cli_session
    return decide(app, caller, session_id=found.id)


def _check_known(app: App, integrations: Collection[str] | None) -> None:
    for slug in integrations or ():
        find_integration(app, slug)
