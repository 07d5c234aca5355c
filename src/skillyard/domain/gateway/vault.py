"""People's secrets for services elsewhere: stored sealed, never shown again, opened only where a call is made."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway import rules
from skillyard.domain.gateway.errors import (
    CredentialMissing,
    CredentialNotForScripts,
    CredentialNotFound,
    TooManyCredentials,
)
from skillyard.domain.gateway.model import Credential, CredentialAdded, CredentialRemoved, CredentialUse
from skillyard.domain.gateway.store import vault as store
from skillyard.domain.gateway.store.vault import Record
from skillyard.infra.database import Tx
from skillyard.infra.envelope import Keyring, Secret, SecretNotReadable
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor

_FORMAT = 1
_AFTER_ALL = 2**62
_AT_ONCE = 200


def add_credential(
    app: App, caller: Caller, *, provider: str, secret: Secret, label: str = "", for_scripts: bool = False
) -> Credential:
    """Store the caller's secret for a service, in place of the one that they had for it.

    Raises ProviderNotAcceptable, SecretNotAcceptable, CredentialLabelNotAcceptable, TooManyCredentials.
    """
    caller.must("manage_credentials")
    user_id, username = caller.identity
    rules.check_credential(provider=provider, secret=secret.reveal(), label=label)
    made = Credential(
        id=new_id("cred"),
        owner_id=user_id,
        provider=provider,
        label=label,
        for_scripts=for_scripts,
        created_ms=app.clock.now_ms(),
    )
    record = Record(credential=made, sealed=app.vault_keys.seal(secret, *_place(made, _FORMAT)), format=_FORMAT)
    with app.database.transaction() as tx:
        _add(tx, record)
        app.events.record(tx, CredentialAdded(credential_id=made.id, username=username, provider=provider))
    return made


def list_credentials(app: App, caller: Caller) -> list[Credential]:
    """The caller's, in the order of the services' names; without the secrets."""
    caller.must("read_own")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        return store.list_of(tx, user_id)


def list_uses(
    app: App, caller: Caller, *, credential_id: str, limit: int = 30, cursor: str | None = None
) -> Page[CredentialUse]:
    """When one was opened, and what for; the newest first. Raises CredentialNotFound."""
    caller.must("read_own")
    user_id, _ = caller.identity
    (before,) = read_cursor(cursor, [_AFTER_ALL])
    with app.database.reading() as tx:
        _find(tx, user_id, credential_id)
        found = store.list_uses(tx, user_id, credential_id, before=int(before), limit=limit + 1)
    return page_of(found, limit, lambda use: [use.id])


def remove_credential(app: App, caller: Caller, *, credential_id: str) -> Credential:
    """Destroy it; what it was. Raises CredentialNotFound."""
    caller.must("manage_credentials")
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        gone = _find(tx, user_id, credential_id)
        if not store.remove(tx, gone.id):
            raise CredentialNotFound(credential_id=credential_id)
        event = CredentialRemoved(credential_id=gone.id, username=username, provider=gone.provider)
        app.events.record(tx, event)
    return gone


def use_credential(app: App, owner_id: str, provider: str, why: str, *, by_another: bool = False) -> Secret:
    """Open somebody's secret for a call in their name; `why` is written down for them to read.

    `by_another`: code that its owner did not publish will see it, or spend from it for others, which its owner must
    have allowed.
    Raises CredentialMissing, CredentialNotForScripts, SecretNotReadable.
    """
    with app.database.transaction() as tx:
        record = store.find(tx, owner_id, provider)
        if record is None:
            raise CredentialMissing(provider=provider)
        if by_another and not record.credential.for_scripts:
            raise CredentialNotForScripts(provider=provider)
        store.note_use(tx, record.credential, why, now_ms=app.clock.now_ms())
    return app.vault_keys.open(record.sealed, *_place(record.credential, record.format))


def variable_of(provider: str) -> str:
    """The environment variable in which a script finds its key: `open-ai` → `OPEN_AI_API_KEY`."""
    return f"{provider.upper().replace('-', '_')}_API_KEY"


def list_stored(tx: Tx, owner_id: str) -> dict[str, Credential]:
    """What somebody has stored, by service, to say early that something is missing."""
    return {one.provider: one for one in store.list_of(tx, owner_id)}


def count_by_key(tx: Tx) -> dict[str, int]:
    """How many records each of the operator's keys locks."""
    return store.count_by_key(tx)


def lock_with_current_key(app: App, *, after: str = "") -> str | None:
    """Wrap the next records whose key is not the current one anew; the last of them, None when there were none.

    One whose key is not configured stays as it is: doctor tells of it.
    """
    with app.database.transaction() as tx:
        found = store.list_under_other_keys(tx, app.vault_keys.current, after=after, limit=_AT_ONCE)
        for record in found:
            _lock_anew(tx, app.vault_keys, record)
    return found[-1].credential.id if found else None


def _add(tx: Tx, record: Record) -> None:
    """One change of somebody's credentials at a time, or two could pass the limit together."""
    owner_id = record.credential.owner_id
    tx.lock(f"credentials of {owner_id}")
    others = [one for one in store.list_of(tx, owner_id) if one.provider != record.credential.provider]
    if len(others) >= rules.MOST_CREDENTIALS:
        raise TooManyCredentials(most=rules.MOST_CREDENTIALS)
    store.put(tx, record)


def _find(tx: Tx, user_id: str, credential_id: str) -> Credential:
    found = store.find_by_id(tx, user_id, credential_id) if credential_id.isprintable() else None
    if found is None:
        raise CredentialNotFound(credential_id=credential_id[:40])
    return found


def _lock_anew(tx: Tx, keys: Keyring, record: Record) -> None:
    try:
        store.set_key(tx, record.credential.id, keys.wrap_anew(record.sealed))
    except SecretNotReadable:
        return


def _place(credential: Credential, format: int) -> tuple[str, str, str, str]:
    """What the secret is bound to: in another row, under another owner or service it does not open."""
    return credential.id, credential.owner_id, credential.provider, str(format)
