"""New tokens for old ones: asked of the service, kept by others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.gateway.catalog.integration import Integration, OAuth, Way
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets
from skillyard.domain.gateway.connect.clients import client_of
from skillyard.domain.gateway.connect.oauth_tokens import OAuthClient, ask_for_tokens

_SAYS_OVER = frozenset(
    {"invalid_grant", "bad_refresh_token", "invalid_refresh_token", "token_expired", "token_revoked"}
)
"""What RFC 6749, GitHub and Slack say of a refresh token that is good no longer."""
_SAYS_UNKNOWN = frozenset({"invalid_client", "unauthorized_client", "access_denied"})


def can_renew(way: Way, secrets: AccountSecrets) -> bool:
    """Whether there is something to have new tokens for."""
    if way.oauth is None:
        return False
    return secrets.refresh is not None if way.kind == "oauth2" else secrets.client_secret is not None


def renew(
    app: App, integration: Integration, way: Way, secrets: AccountSecrets, scopes: Sequence[str]
) -> tuple[AccountSecrets, int | None]:
    """New secrets, and when they end. Without a new refresh token the old one stays (RFC 6749, section 6).

    Raises OAuthRefused (see `is_over`), OAuthNotUnderstood, OAuthNotReached, ClientMissing.
    """
    assert way.oauth is not None
    client, form = _ask_as(app, integration, way.oauth, secrets, scopes)
    tokens = ask_for_tokens(app, integration.title, way.oauth, client, form)
    new = replace(secrets, access=tokens.access, refresh=tokens.refresh or secrets.refresh)
    return new, tokens.expires_ms(app.clock.now_ms())


def is_over(way: Way, error: str) -> bool:
    """Whether such a refusal means that only the person can help; else it is ours or the service's to mend."""
    return error in _SAYS_OVER or (way.kind == "client_credentials" and error in _SAYS_UNKNOWN)


def _ask_as(
    app: App, integration: Integration, oauth: OAuth, secrets: AccountSecrets, scopes: Sequence[str]
) -> tuple[OAuthClient, dict[str, str]]:
    if secrets.client_secret is not None:
        wanted = oauth.scope_separator.join(scopes or oauth.scopes)
        form = {"grant_type": "client_credentials"} | ({"scope": wanted} if wanted else {})
        return OAuthClient(id=secrets.client_id, secret=secrets.client_secret), form
    assert secrets.refresh is not None
    form = {"grant_type": "refresh_token", "refresh_token": secrets.refresh.reveal()}
    return client_of(app, integration), form
