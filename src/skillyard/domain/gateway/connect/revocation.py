"""Tell a service that tokens are void: as RFC 7009 has it, or as GitHub does, where the address holds `{client_id}`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import orjson

from skillyard.app import App
from skillyard.domain.gateway.calls.reading import failure_of
from skillyard.domain.gateway.catalog.catalog_errors import IntegrationNotFound
from skillyard.domain.gateway.catalog.integration import Integration, OAuth, WayKind
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets
from skillyard.domain.gateway.connect.authorization import way_of, with_variables
from skillyard.domain.gateway.connect.clients import client_of
from skillyard.domain.gateway.connect.connection import Revoked
from skillyard.domain.gateway.connect.connection_errors import ClientMissing, OAuthNotReached
from skillyard.domain.gateway.connect.oauth_tokens import BOUNDS, OAuthClient, basic_of, post
from skillyard.infra.envelope import Secret, SecretNotReadable
from skillyard.infra.outbound import AddressNotAllowed, Answer, CallFailed

_BY_HAND = "take the access away in its own settings"


def take_back(
    app: App, slug: str, kind: WayKind, secrets: AccountSecrets | None, variables: Mapping[str, str]
) -> tuple[Revoked, str]:
    """How it went, and why not. It never raises: what is stored here is destroyed all the same."""
    try:
        integration = find_integration(app, slug)
        found = way_of(integration.ways, kind)
        way = with_variables(found, variables) if found else None
        if secrets is None or way is None or way.oauth is None or not way.oauth.revoke_url:
            return "not_possible", f"{integration.title} has no address for that; {_BY_HAND}"
        client = _client(app, integration, secrets)
    except (IntegrationNotFound, ClientMissing, SecretNotReadable):
        return "not_possible", f"this registry is not known at {slug} any more; {_BY_HAND}"
    tokens = [(secrets.refresh, "refresh_token"), (secrets.access, "access_token")]
    failures = [_revoke(app, integration, way.oauth, client, token, hint) for token, hint in tokens if token]
    why = next((failure for failure in failures if failure), "")
    return ("failed", why) if why else ("revoked", "")


def _client(app: App, integration: Integration, secrets: AccountSecrets) -> OAuthClient:
    """The person's own program, or this registry."""
    if secrets.client_secret is not None:
        return OAuthClient(id=secrets.client_id, secret=secrets.client_secret)
    return client_of(app, integration)


def _revoke(app: App, integration: Integration, oauth: OAuth, client: OAuthClient, token: Secret, hint: str) -> str:
    """What went wrong, empty when nothing did."""
    title = integration.title
    try:
        if "{client_id}" in oauth.revoke_url:
            answer = _delete_token(app, oauth, client, token) if hint == "access_token" else None
        else:
            form = {"token": token.reveal(), "token_type_hint": hint}
            answer = post(app, title, oauth.revoke_url, oauth, client, form)
    except (OAuthNotReached, CallFailed, AddressNotAllowed):
        return f"{title} could not be reached; {_BY_HAND}"
    if answer is not None and answer.status >= 300:
        return f"{title} answered with status {answer.status}; {_BY_HAND}"
    if answer is not None and _says_that_it_failed(integration, answer):
        return f"{title} says that it failed; {_BY_HAND}"
    return ""


def _says_that_it_failed(integration: Integration, answer: Answer) -> bool:
    try:
        return failure_of(integration.habits, answer.status, orjson.loads(answer.body)) is not None
    except ValueError:
        return False


def _delete_token(app: App, oauth: OAuth, client: OAuthClient, token: Secret) -> Answer:
    """https://docs.github.com/rest/apps/oauth-applications#delete-an-app-token"""
    url = oauth.revoke_url.replace("{client_id}", quote(client.id, safe=""))
    headers = {"authorization": basic_of(client), "accept": "application/json", "content-type": "application/json"}
    body = orjson.dumps({"access_token": token.reveal()})
    return app.outbound.request("DELETE", url, headers=headers, body=body, bounds=BOUNDS)
