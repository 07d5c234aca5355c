"""The way to a provider and back: begin, and read what the browser brings. What it proves is for identities.py.

What must not be lost between the two (PKCE verifier, nonce) is derived from `state` with the server's key; of `state`
itself and of the browser only hashes are kept.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from skillyard.app import App
from skillyard.domain.accounts import providers
from skillyard.domain.accounts.errors import ProviderMixedUp, ProviderRefused, SignInDenied, SignInLost
from skillyard.domain.accounts.identities import recognise
from skillyard.domain.accounts.identity import Return
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.providers import Provider, get_provider, redirect_uri_of
from skillyard.domain.accounts.sessions import check_fresh, limit_sign_ins
from skillyard.domain.accounts.store import identities as store
from skillyard.infra.database import Row
from skillyard.infra.secrets import hash_secret
from skillyard.infra.sign_in_tokens import check_sign_in_token

VISIT_MS = 10 * 60 * 1000
_MOST_CHARS = 4000


def begin_sign_in(app: App, *, provider: str, browser: str, goal: str, address: str) -> str:
    """The address at the provider to which the browser goes now. `browser`: a secret that only it knows; `goal`: the
    path to show in the end.

    Raises ProviderNotFound, TooManySignIns, Upstream.
    """
    return _begin(app, provider, browser=browser, goal=goal, address=address, user_id=None)


def begin_link(app: App, caller: Caller, *, provider: str, browser: str, goal: str, address: str) -> str:
    """As `begin_sign_in`, to link an identity to the caller's account. Raises SignInTooOld too."""
    caller.must("manage_identities")
    with app.database.reading() as tx:
        check_fresh(tx, app, caller)
    return _begin(app, provider, browser=browser, goal=goal, address=address, user_id=caller.user_id)


def come_back(app: App, caller: Caller, *, provider: str, browser: str | None, answer: Mapping[str, str]) -> Return:
    """Whoever the provider sends back, with the parameters of its `answer` (code and state, or error).

    Raises SignInLost, SignInDenied, ProviderMixedUp, ProviderNotFound, SignInTokenNotValid, another Upstream, or what
    `recognise` refuses.
    """
    known, state = get_provider(app, provider), answer.get("state", "")
    visit = _use_visit(app, known, state, browser)
    _check_answer(app, known, answer)
    tokens = providers.exchange_code(
        app, known, code=answer["code"], redirect_uri=visit["redirect_uri"], verifier=_verifier(app, state)
    )
    token = check_sign_in_token(
        app.issuer_keys,
        tokens.id_token,
        issuers=providers.names_of(app.settings, known.issuer),
        client_ids={known.client_id},
        now_ms=app.clock.now_ms(),
        nonce=_nonce(app, state),
        access_token=tokens.access_token,
    )
    return recognise(app, caller, known, token, browser=browser or "", goal=visit["goal"], link_to=visit["user_id"])


def _begin(app: App, name: str, *, browser: str, goal: str, address: str, user_id: str | None) -> str:
    provider = get_provider(app, name)
    limit_sign_ins(app, address=address)
    state, redirect_uri = secrets.token_urlsafe(32), redirect_uri_of(app, name)
    url = providers.authorization_url(
        app, provider, redirect_uri=redirect_uri, state=state, nonce=_nonce(app, state), verifier=_verifier(app, state)
    )
    with app.database.transaction() as tx:
        store.add_visit(
            tx,
            hash_secret(state),
            browser_hash=hash_secret(browser),
            provider=name,
            redirect_uri=redirect_uri,
            goal=goal,
            user_id=user_id,
            expires_ms=app.clock.now_ms() + VISIT_MS,
        )
    return url


def _use_visit(app: App, provider: Provider, state: str, browser: str | None) -> Row:
    """What was begun with this state; nobody can use it again, and nobody else can use it up. Raises SignInLost."""
    state_hash, now_ms = hash_secret(state[:_MOST_CHARS]), app.clock.now_ms()
    with app.database.transaction() as tx:
        visit = store.find_visit(tx, state_hash)
        if visit is None:
            raise SignInLost(why="it was not begun here (parameter state)")
        if not hmac.compare_digest(visit["browser_hash"], hash_secret(browser or "")):
            raise SignInLost(why="it was begun in another browser")
        if visit["provider"] != provider.name:
            raise SignInLost(why="it was begun with another provider")
        if visit["expires_ms"] <= now_ms:
            raise SignInLost(why="it took longer than ten minutes")
        if not store.use_visit(tx, state_hash, now_ms=now_ms):
            raise SignInLost(why="it was ended before")
    return visit


def _check_answer(app: App, provider: Provider, answer: Mapping[str, str]) -> None:
    """A code, from this provider and no other (RFC 9207, section 2.4). Some that name themselves forget it in errors,
    which lead nowhere.
    """
    issuer = answer.get("iss")
    is_missing = issuer is None and "error" not in answer and providers.names_issuer_in_answers(app, provider)
    if is_missing or issuer not in (None, provider.issuer):
        raise ProviderMixedUp(provider=provider.label)
    if answer.get("error") == "access_denied":
        raise SignInDenied(provider=provider.label)
    if "error" in answer:
        raise ProviderRefused(provider=provider.label, why=providers.plain_code(answer["error"]))
    if not 1 <= len(answer.get("code", "")) <= _MOST_CHARS:
        raise ProviderRefused(provider=provider.label, why="its answer has no code")


def _verifier(app: App, state: str) -> str:
    return app.signer.sign("oidc verifier", state)


def _nonce(app: App, state: str) -> str:
    return app.signer.sign("oidc nonce", state)
