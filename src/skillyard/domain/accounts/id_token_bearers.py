"""Apps that send Google's ID token itself as bearer token: checked once, then known like one of ours until it ends."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts import store
from skillyard.domain.accounts.errors import AccountSuspended
from skillyard.domain.accounts.identities import add_account_for, check_may_sign_up, note_use
from skillyard.domain.accounts.model import Token, User, UserSignedIn
from skillyard.domain.accounts.providers import names_of
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.sessions import SHOWN_CHARS
from skillyard.domain.accounts.store import identities
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.secrets import hash_secret
from skillyard.infra.sign_in_tokens import SignInToken, check_sign_in_token


def may_be_id_token(app: App, token: str) -> bool:
    """Whether it looks like one, and this registry takes them at all."""
    return token.count(".") == 2 and token.isascii() and bool(app.settings.google_client_ids.split())


def accept_id_token(app: App, token: str) -> None:
    """Keep the token's hash as that of an access token of whom it names; the account is made on the first use.

    Calls the issuer when its keys are not known. Raises SignInTokenNotValid, AccountSuspended, SetUpFirst,
    SignUpClosed, SignUpForOthers, or Upstream.
    """
    settings = app.settings
    checked = check_sign_in_token(
        app.issuer_keys,
        token,
        issuers=names_of(settings, settings.google_issuer),
        client_ids=frozenset(settings.google_client_ids.split()),
        now_ms=app.clock.now_ms(),
        algorithms={"RS256"},
    )
    with app.database.transaction() as tx:
        tx.lock(f"identity {checked.subject} of {checked.issuer}")
        user = _user(tx, app, checked)
        known = _token(app, user, checked, shown=token[:SHOWN_CHARS])
        if store.add_token(tx, known, secret_hash=hash_secret(token)):
            app.events.record(tx, UserSignedIn(username=user.username, token_id=known.id, how="oidc"))


def _user(tx: Tx, app: App, checked: SignInToken) -> User:
    known = identities.find_identity(tx, checked.issuer, checked.subject)
    if known is None:
        check_may_sign_up(tx, app, checked)
        return add_account_for(tx, app, checked)
    user = store.get_user(tx, known.user_id)
    if user.is_suspended:
        raise AccountSuspended(username=user.username)
    note_use(tx, app, known, checked)
    return user


def _token(app: App, user: User, checked: SignInToken, *, shown: str) -> Token:
    return Token(
        id=new_id("tok"),
        user_id=user.id,
        kind="access",
        name="oidc",
        prefix=shown,
        scopes=frozenset(Scope),
        namespaces=None,
        created_ms=app.clock.now_ms(),
        expires_ms=checked.expires_ms,
        last_used_ms=None,
        revoked_ms=None,
    )
