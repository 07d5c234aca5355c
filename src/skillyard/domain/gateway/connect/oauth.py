"""Connect an account in the browser: begin, go to the service, and wait for how it ends. The way back is
`oauth_return`.

RFC 6749 (authorization code), RFC 7636 (PKCE). The verifier is derived from `state` with the server's key; of `state`
and of the browser only hashes are kept. So whoever reads the database can finish nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.integration import Integration, OAuth, Way
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import clients, connections
from skillyard.domain.gateway.connect.attempt import LIFE_MS, Attempt
from skillyard.domain.gateway.connect.authorization import way_of, with_variables
from skillyard.domain.gateway.connect.connection_errors import (
    AttemptLost,
    AttemptNotFound,
    ScopesNotAcceptable,
    TooManyAttempts,
    WayNotOffered,
)
from skillyard.domain.gateway.connect.connection_rules import check_label, check_sign_in_variables
from skillyard.domain.gateway.connect.oauth_tokens import OAuthClient, is_scope
from skillyard.domain.gateway.store import attempts as store
from skillyard.domain.gateway.store.attempts import Record
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.secrets import hash_secret

MOST_WAIT_S = 25
_MOST_OPEN = 20
_MOST_SCOPES = 50
_LOOK_AGAIN_S = 0.5
MOST_WAITING = 20
_waiting: Counter[str] = Counter()  # people's waits in this process; each looks again and again


def start(
    app: App,
    caller: Caller,
    *,
    integration: str,
    variables: Mapping[str, str] | None = None,
    scopes: Sequence[str] = (),
    label: str = "",
    reconnect: str | None = None,
) -> Attempt:
    """Begin to connect an account; the person opens its `url`, and it can be asked for until they are through.

    `scopes`: what to ask the service for, in place of the usual. `reconnect`: the connection of the caller that is to
    be connected again, with the variables that it has. Raises IntegrationNotFound, IntegrationNotInScope,
    WayNotOffered, ClientMissing, VariablesNotAcceptable, ScopesNotAcceptable, ConnectionLabelNotAcceptable,
    ConnectionNotFound, TooManyAttempts, TooManyConnections, PlanLimitReached.
    """
    caller.must("connect")
    caller.must_reach_integration(integration)
    known, owner_id, now_ms = find_integration(app, integration), caller.identity[0], app.clock.now_ms()
    _, oauth = sign_in_of(known, {})
    clients.client_of(app, known)
    variables = dict(variables or {})
    if reconnect is not None:
        with app.database.reading() as tx:
            before = connections.see_own(tx, caller, reconnect, integration=known.slug)
        variables, scopes, label = dict(before.variables), scopes or before.scopes, label or before.label
    new = Attempt(
        id=new_id("attempt"), owner_id=owner_id, integration=known.slug, label=check_label(label),
        variables=check_sign_in_variables(known, variables), scopes=_check_scopes(scopes) or oauth.scopes,
        status="created", created_ms=now_ms, expires_ms=now_ms + LIFE_MS, reconnects=reconnect,
    )  # fmt: skip
    with app.database.transaction() as tx:
        tx.lock(f"attempts of {owner_id}")
        if store.count_open(tx, owner_id, now_ms=now_ms) >= _MOST_OPEN:
            raise TooManyAttempts(limit=_MOST_OPEN, window_s=LIFE_MS // 1000, retry_after_s=60)
        connections.check_room(app, tx, owner_id, before=known.slug)
        store.add(tx, new)
    return shown(app, new)


def get_attempt(app: App, caller: Caller, attempt_id: str) -> Attempt:
    """How it stands. Raises AttemptNotFound, IntegrationNotInScope."""
    caller.must("connect")
    with app.database.reading() as tx:
        found = see(tx, caller, attempt_id).attempt
    caller.must_reach_integration(found.integration)
    return shown(app, found)


async def wait(app: App, caller: Caller, attempt_id: str, wait_s: float) -> Attempt:
    """How it stands once it is over, or after so many seconds, of which 25 are the most; at once for somebody who
    waits in many places already. Raises AttemptNotFound.
    """
    caller.must("connect")
    owner_id, until = caller.identity[0], time.monotonic() + min(max(wait_s, 0), MOST_WAIT_S)
    is_one_too_many = _waiting[owner_id] >= MOST_WAITING
    _waiting[owner_id] += 1
    try:
        while True:
            found = await asyncio.to_thread(get_attempt, app, caller, attempt_id)
            left_s = until - time.monotonic()
            if not found.is_open or left_s <= 0 or is_one_too_many:
                return found
            await asyncio.sleep(min(_LOOK_AGAIN_S, left_s))
    finally:
        _waiting[owner_id] -= 1
        if not _waiting[owner_id]:
            del _waiting[owner_id]


def leave(app: App, caller: Caller, attempt_id: str, *, browser: str) -> str:
    """The address at the service to which the person's browser goes now. `browser`: a secret that only it knows.

    A way on which somebody went before ends here. Raises AttemptNotFound, AttemptLost, ClientMissing.
    """
    caller.must("connect")
    with app.database.reading() as tx:
        attempt = shown(app, see(tx, caller, attempt_id).attempt)
    integration = find_integration(app, attempt.integration)
    (_, oauth), client = sign_in_of(integration, attempt.variables), clients.client_of(app, integration)
    state, redirect_uri = secrets.token_urlsafe(32), clients.redirect_uri_of(app)
    with app.database.transaction() as tx:
        is_left = attempt.is_open and store.leave(
            tx, attempt.id, state_hash=hash_secret(state), browser_hash=hash_secret(browser), redirect_uri=redirect_uri
        )
    if not is_left:
        raise AttemptLost(why="it is over" if not attempt.is_open else "you are back from there already")
    return _address_there(oauth, client, attempt, redirect_uri=redirect_uri, state=state, verifier=verifier(app, state))


def see(tx: Tx, caller: Caller, attempt_id: str) -> Record:
    """An attempt of the caller. Raises AttemptNotFound."""
    found = store.find(tx, attempt_id) if attempt_id.isascii() and attempt_id.isprintable() else None
    if found is None or found.attempt.owner_id != caller.identity[0]:
        raise AttemptNotFound(attempt_id=attempt_id[:60] if attempt_id.isprintable() else "of this name")
    return found


def shown(app: App, attempt: Attempt) -> Attempt:
    """With its address; expired when its time is over."""
    is_late = attempt.is_open and attempt.expires_ms <= app.clock.now_ms()
    url = f"{app.settings.address}/connect/{attempt.id}"
    if not is_late:
        return replace(attempt, url=url)
    message = "It took longer than ten minutes."
    return replace(attempt, url=url, status="expired", reason="expired", message=message)


def sign_in_of(integration: Integration, variables: Mapping[str, str]) -> tuple[Way, OAuth]:
    """How people sign in there. Raises WayNotOffered."""
    found = way_of(integration.ways, "oauth2")
    way = with_variables(found, variables) if found else None
    if way is None or way.oauth is None:
        ways = f"a key, by `skillyard connections key {integration.slug}`"
        raise WayNotOffered(title=integration.title, what="a sign-in in the browser", ways=ways)
    return way, way.oauth


def verifier(app: App, state: str) -> str:
    """What proves that the code was asked for by us (RFC 7636, section 4.1)."""
    return app.signer.sign("connect verifier", state)


def _check_scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    if len(scopes) > _MOST_SCOPES or not all(is_scope(scope) for scope in scopes):
        raise ScopesNotAcceptable(most=_MOST_SCOPES)
    return tuple(dict.fromkeys(scopes))


def _address_there(
    oauth: OAuth, client: OAuthClient, attempt: Attempt, *, redirect_uri: str, state: str, verifier: str
) -> str:
    query = {**oauth.authorize_params, "response_type": "code", "client_id": client.id, "redirect_uri": redirect_uri}
    query["state"] = state
    if attempt.scopes:
        query["scope"] = oauth.scope_separator.join(attempt.scopes)
    if oauth.pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        query["code_challenge"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query["code_challenge_method"] = "S256"
    return f"{oauth.authorize_url}{'&' if urlsplit(oauth.authorize_url).query else '?'}{urlencode(query)}"
