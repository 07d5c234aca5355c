"""Back from a service: what the browser brings is exchanged for tokens, whose account it is is asked for, and the
person says that they mean it. Only then is anything connected; else the tokens are taken back."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.integration import Integration, OAuth
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import clients, connections, sealed
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets, read_account_secrets
from skillyard.domain.gateway.connect.attempt import Attempt, AttemptStatus
from skillyard.domain.gateway.connect.authorization import authorize
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connection_errors import AttemptLost
from skillyard.domain.gateway.connect.oauth import see, shown, sign_in_of, verifier
from skillyard.domain.gateway.connect.oauth_tokens import Tokens, ask_for_tokens, plain_code
from skillyard.domain.gateway.connect.revocation import take_back
from skillyard.domain.gateway.connect.whose import Account, whose
from skillyard.domain.gateway.store import attempts as store
from skillyard.domain.gateway.store import connections as connections_store
from skillyard.domain.gateway.store.attempts import Record
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.secrets import hash_secret

_MOST_CHARS = 4000
_AT_ONCE = 50
_FORGET_MS = 24 * 3600 * 1000


def come_back(app: App, caller: Caller, *, browser: str, answer: Mapping[str, str]) -> Attempt:
    """How the attempt stands after what the service had the browser bring: code and state, or an error.

    What fails ends the attempt, with its reason. Raises AttemptLost: it is not the caller's, not this browser's, over,
    or was brought before.
    """
    caller.must("connect")
    state = answer.get("state", "")
    record = _use_state(app, caller, state, browser)
    try:
        integration = find_integration(app, record.attempt.integration)
        _, oauth = sign_in_of(integration, record.attempt.variables)
        if refused := _refused(integration, oauth, answer):
            status, reason, message = refused
            return _end(app, record.attempt, status, reason=reason, message=message)
        return _connect(app, integration, record, code=answer["code"], state=state)
    except SkillyardError as error:
        return _end(app, record.attempt, "failed", reason=error.code, message=error.message)


def confirm(app: App, caller: Caller, attempt_id: str, *, browser: str) -> Connection:
    """The caller means this account: connect it, or connect it again. Raises AttemptLost, TooManyConnections."""
    caller.must("connect")
    with app.database.transaction() as tx:
        record = _waiting(app, tx, caller, attempt_id, browser)
        attempt, integration = record.attempt, find_integration(app, record.attempt.integration, tx=tx)
        way, _ = sign_in_of(integration, attempt.variables)
        secrets = _open(app, tx, attempt) if store.end(tx, attempt.id, "connected") else None
        if secrets is None:
            raise AttemptLost(why="it was ended elsewhere")
        sealed.destroy(tx, attempt.id)
        account = Account(id=attempt.account_id, label=attempt.account_label) if attempt.account_id else None
        kept = connections.keep(
            app, tx, caller, integration, way, secrets, account, variables=attempt.variables, label=attempt.label,
            scopes=attempt.scopes, expires_ms=record.token_expires_ms, why="identity",
        )  # fmt: skip
        store.set_connection(tx, attempt.id, kept.id)
    return kept


def refuse(app: App, caller: Caller, attempt_id: str, *, browser: str) -> Attempt:
    """The caller does not mean this account: nothing is connected. Raises AttemptLost."""
    caller.must("connect")
    with app.database.reading() as tx:
        attempt = _waiting(app, tx, caller, attempt_id, browser).attempt
    return _end(app, attempt, "denied", reason="not_confirmed", message="You said that you do not mean this account.")


def forget_attempts(app: App) -> None:
    """Take back tokens that nobody confirmed in time; forget attempts of more than a day ago."""
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        late = store.list_late(tx, now_ms=now_ms, limit=_AT_ONCE)
    for attempt in late:
        found = shown(app, attempt)
        _end(app, attempt, "expired", reason=found.reason, message=found.message)
    with app.database.transaction() as tx:
        store.forget(tx, before_ms=now_ms - _FORGET_MS)


def _use_state(app: App, caller: Caller, state: str, browser: str) -> Record:
    """What was begun with this state; nobody can use it again, and nobody else can use it up. Raises AttemptLost."""
    state_hash = hash_secret(state[:_MOST_CHARS] if state.isascii() else "")
    with app.database.transaction() as tx:
        record = store.find_by_state(tx, state_hash)
        if record is None:
            raise AttemptLost(why="it was not begun here, or was begun anew since (parameter state)")
        _check_who(app, caller, record, browser)
        if not store.use_state(tx, state_hash):
            raise AttemptLost(why="it was brought before")
    return record


def _check_who(app: App, caller: Caller, record: Record, browser: str) -> None:
    if record.attempt.owner_id != caller.identity[0]:
        raise AttemptLost(why="somebody else began it")
    if not hmac.compare_digest(record.browser_hash or "", hash_secret(browser)):
        raise AttemptLost(why="it was begun in another browser")
    if shown(app, record.attempt).status == "expired":
        raise AttemptLost(why="it took longer than ten minutes")


def _waiting(app: App, tx: Tx, caller: Caller, attempt_id: str, browser: str) -> Record:
    """An attempt that only waits for the person's word. Raises AttemptNotFound, AttemptLost."""
    record = see(tx, caller, attempt_id)
    _check_who(app, caller, record, browser)
    if record.attempt.status != "verifying_identity" or not record.attempt.is_identified:
        raise AttemptLost(why="there is nothing to confirm")
    return record


def _refused(
    integration: Integration, oauth: OAuth, answer: Mapping[str, str]
) -> tuple[AttemptStatus, str, str] | None:
    """Status, reason and message, unless it is a code from the service that was asked (RFC 9207, section 2.4)."""
    title = integration.title
    if oauth.issuer and answer.get("iss") not in (None, oauth.issuer):
        return "failed", "issuer_mismatch", f"Another service than {title} answered."
    if answer.get("error") == "access_denied":
        return "denied", "access_denied", f"{title} says that access was denied."
    if "error" in answer:
        return "failed", "oauth_refused", f"{title} refuses: {plain_code(answer['error'])}."
    code = answer.get("code", "")
    if not 1 <= len(code) <= _MOST_CHARS or not code.isprintable():
        return "failed", "oauth_not_understood", f"The answer of {title} has no code."
    return None


def _connect(app: App, integration: Integration, record: Record, *, code: str, state: str) -> Attempt:
    """Raises what the service, or our way to it, makes fail."""
    attempt, client = record.attempt, clients.client_of(app, integration)
    way, oauth = sign_in_of(integration, attempt.variables)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": record.redirect_uri or ""}
    if oauth.pkce:
        form["code_verifier"] = verifier(app, state)
    tokens = ask_for_tokens(app, integration.title, oauth, client, form)
    secrets = AccountSecrets(access=tokens.access, refresh=tokens.refresh)
    _keep_for_now(app, attempt, tokens, secrets)
    account = whose(app, integration, authorize(way, secrets, attempt.variables))
    if account is not None and (other := _other_account(app, attempt, account)):
        known = replace(attempt, account_id=account.id, account_label=account.label, is_identified=True)
        message = f"You signed in as {account.label}, but {other} was to be connected again."
        return _end(app, known, "mismatch", reason="another_account", message=message)
    with app.database.transaction() as tx:
        store.identify(tx, attempt.id, account)
        return shown(app, _again(tx, attempt))


def _keep_for_now(app: App, attempt: Attempt, tokens: Tokens, secrets: AccountSecrets) -> None:
    """Before anything else can fail, so that they can be taken back."""
    scopes, ends_ms = tokens.scopes or attempt.scopes, tokens.expires_ms(app.clock.now_ms())
    place = {"ref": attempt.id, "owner": attempt.owner_id, "integration": attempt.integration}
    with app.database.transaction() as tx:
        is_open = store.verify(tx, attempt.id, scopes=scopes, token_expires_ms=ends_ms)
        if is_open:
            sealed.keep(tx, app.vault_keys, secrets.write(), **place)
    if not is_open:
        take_back(app, attempt.integration, "oauth2", secrets, attempt.variables)
        raise AttemptLost(why="it was ended in the meantime")


def _other_account(app: App, attempt: Attempt, account: Account) -> str:
    """The account that was to be connected again, when this one is another."""
    if attempt.reconnects is None:
        return ""
    with app.database.reading() as tx:
        before = connections_store.find(tx, attempt.reconnects)
    if before is None or before.connection.account_id == account.id:
        return ""
    return before.connection.account_label


def _end(app: App, attempt: Attempt, status: AttemptStatus, *, reason: str, message: str) -> Attempt:
    """Nothing is connected. What the service gave is destroyed, and taken back where that cannot end a connection: at
    some services it is the person's whole consent that ends.
    """
    with app.database.transaction() as tx:
        is_ended = store.end(tx, attempt.id, status, reason=reason, message=message)
        secrets = _open(app, tx, attempt) if is_ended else None
        if is_ended:
            sealed.destroy(tx, attempt.id)
        ended = shown(app, _again(tx, attempt))
        is_needed = _is_connected(tx, attempt)
    if secrets is not None and not is_needed:
        take_back(app, attempt.integration, "oauth2", secrets, attempt.variables)
    return ended


def _is_connected(tx: Tx, attempt: Attempt) -> bool:
    """Whether the account is connected already, as far as is known."""
    if not attempt.is_identified:
        return attempt.reconnects is not None
    return connections_store.is_connected(tx, attempt.integration, attempt.account_id)


def _open(app: App, tx: Tx, attempt: Attempt) -> AccountSecrets | None:
    """None also when they cannot be opened: then nothing can be done with them."""
    found = sealed.find_readable(
        tx, app.vault_keys, ref=attempt.id, owner=attempt.owner_id, integration=attempt.integration
    )
    return read_account_secrets(found) if found else None


def _again(tx: Tx, attempt: Attempt) -> Attempt:
    found = store.find(tx, attempt.id)
    return found.attempt if found else attempt
