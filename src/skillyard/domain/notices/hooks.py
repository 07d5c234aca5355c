"""Webhooks: addresses that are told what happens, and by whom they may be set up."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.asking import asker_of
from skillyard.domain.notices import rules
from skillyard.domain.notices.errors import HookAddressNotAcceptable, HookNotFound, TooManyHooks
from skillyard.domain.notices.kinds import THRESHOLD_HIT
from skillyard.domain.notices.model import Hook, HookChanged, NewHook
from skillyard.domain.notices.store import hooks as store
from skillyard.domain.notices.store.hooks import Record
from skillyard.infra.database import Tx
from skillyard.infra.envelope import Keyring, Secret, SecretNotReadable
from skillyard.infra.events import last_position
from skillyard.infra.ids import new_id
from skillyard.infra.outbound import CallFailed

SECRET_PREFIX = "whsec_"  # noqa: S105 (of Standard Webhooks)
_SECRET_BYTES = 32
_FORMAT = 1
_SHOWN_CHARS = 40
_AT_ONCE = 200


def add_hook(
    app: App,
    caller: Caller,
    *,
    url: str,
    events: Sequence[str],
    threshold: int | None = None,
    namespace: str | None = None,
) -> NewHook:
    """Tell an address from now on what happens: to the caller, or in a namespace of which they are a maintainer.

    `threshold`: of credits, for `credits.threshold_hit`, and only for it. The secret that deliveries are signed with is
    in the answer and never shown again. Raises what `rules.check_events` does, AddressNotAllowed,
    HookAddressNotAcceptable, TooManyHooks.
    """
    _must_manage(caller, namespace)
    owner_id, _ = caller.identity
    wanted = rules.check_events(events, threshold=threshold, namespace=namespace)
    _check_address(app, url)
    now_ms = app.clock.now_ms()
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    new = Hook(
        id=new_id("hook"), asker=asker_of(caller), namespace=namespace, url=url, events=wanted, threshold=threshold,
        enabled=True, why_disabled="", since_position=0, failures=0, failing_since_ms=None, quiet_until_ms=0,
        last_status=None, last_tried_ms=None, created_ms=now_ms, updated_ms=now_ms,
    )  # fmt: skip
    sealed = app.vault_keys.seal(Secret(secret), *_place(new.id, _FORMAT))
    with app.database.transaction() as tx:
        tx.lock(f"hooks of {namespace or owner_id}")
        others = store.list_own(tx, owner_id) if namespace is None else store.list_of_namespace(tx, namespace)
        if len(others) >= rules.MOST_HOOKS:
            raise TooManyHooks(most=rules.MOST_HOOKS)
        new = replace(new, since_position=last_position(tx))
        store.add_hook(tx, Record(hook=new, sealed=sealed, format=_FORMAT))
        _tell(app, tx, caller, new, "added")
    return NewHook(hook=new, secret=secret)


def list_hooks(app: App, caller: Caller, *, namespace: str | None = None) -> list[Hook]:
    """The caller's own, or those of a namespace; the oldest first."""
    _must_manage(caller, namespace)
    owner_id, _ = caller.identity
    with app.database.reading() as tx:
        return store.list_own(tx, owner_id) if namespace is None else store.list_of_namespace(tx, namespace)


def get_hook(app: App, caller: Caller, *, hook_id: str) -> Hook:
    """Raises HookNotFound."""
    caller.must("identify")
    with app.database.reading() as tx:
        return see_hook(tx, caller, hook_id)


def change_hook(
    app: App,
    caller: Caller,
    *,
    hook_id: str,
    url: str | None = None,
    events: Sequence[str] | None = None,
    threshold: int | None = None,
    enabled: bool | None = None,
) -> Hook:
    """Change what is given; the secret stays. Who changes one of a namespace answers for it from then on: it tells what
    they may see. Raises HookNotFound, and what `add_hook` does.
    """
    caller.must("identify")
    if url is not None:
        _check_address(app, url)
    with app.database.transaction() as tx:
        hook = lock_hook(tx, caller, hook_id)
        wanted = hook.events if events is None else tuple(events)
        if threshold is None and THRESHOLD_HIT in wanted:
            threshold = hook.threshold
        wanted = rules.check_events(wanted, threshold=threshold, namespace=hook.namespace)
        changed = replace(
            hook, asker=asker_of(caller), url=url or hook.url, events=wanted, threshold=threshold,
            updated_ms=app.clock.now_ms(),
        )  # fmt: skip
        if enabled is not None:
            changed = _enabled(tx, changed) if enabled else replace(changed, enabled=False, why_disabled="")
        store.set_hook(tx, changed)
        _tell(app, tx, caller, changed, _change(hook, changed))
    return changed


def remove_hook(app: App, caller: Caller, *, hook_id: str) -> Hook:
    """With its deliveries; what waits is not sent any more. What it was. Raises HookNotFound."""
    caller.must("identify")
    with app.database.transaction() as tx:
        gone = lock_hook(tx, caller, hook_id)
        store.remove_hook(tx, gone.id)
        _tell(app, tx, caller, gone, "removed")
    return gone


def see_hook(tx: Tx, caller: Caller, hook_id: str) -> Hook:
    """One that the caller manages. Raises HookNotFound, or a Forbidden for a token that is too narrow for it."""
    found = store.find_hook(tx, hook_id) if hook_id.isprintable() else None
    if found is None or not _is_for(caller, found):
        raise HookNotFound(hook_id=hook_id[:_SHOWN_CHARS])
    _must_manage(caller, found.namespace)
    return found


def lock_hook(tx: Tx, caller: Caller, hook_id: str) -> Hook:
    """The same, which nobody else changes until the commit."""
    see_hook(tx, caller, hook_id)
    found = store.lock_hook(tx, hook_id)
    if found is None:
        raise HookNotFound(hook_id=hook_id[:_SHOWN_CHARS])
    return found


def open_secret(app: App, record: Record) -> Secret:
    """What its deliveries are signed with. Raises SecretNotReadable."""
    return app.vault_keys.open(record.sealed, *_place(record.hook.id, record.format))


def lock_with_current_key(app: App, *, after: str = "") -> str | None:
    """Wrap the next secrets whose key is not the current one anew; the id of the last, None when there were none."""
    with app.database.transaction() as tx:
        found = store.list_under_other_keys(tx, app.vault_keys.current, after=after, limit=_AT_ONCE)
        for record in found:
            _lock_anew(tx, app.vault_keys, record)
    return found[-1].hook.id if found else None


def count_by_key(tx: Tx) -> dict[str, int]:
    """How many secrets each of the operator's keys locks."""
    return store.count_by_key(tx)


def _must_manage(caller: Caller, namespace: str | None) -> None:
    if namespace is None:
        caller.must("manage_hooks")
    else:
        caller.must("manage_hooks_in", on=namespace)


def _is_for(caller: Caller, hook: Hook) -> bool:
    return hook.owner_id == caller.user_id if hook.namespace is None else hook.namespace in caller.roles


def _check_address(app: App, url: str) -> None:
    """Raises AddressNotAllowed, HookAddressNotAcceptable. What is behind the name is checked again at each delivery."""
    try:
        app.outbound.check(url)
    except CallFailed as error:
        raise HookAddressNotAcceptable(why=error.facts["why"]) from None


def _enabled(tx: Tx, hook: Hook) -> Hook:
    """What happened while it was disabled is not told."""
    since = hook.since_position if hook.enabled else last_position(tx)
    return replace(
        hook, enabled=True, why_disabled="", since_position=since, failures=0, failing_since_ms=None, quiet_until_ms=0
    )


def _change(before: Hook, after: Hook) -> str:
    if before.enabled == after.enabled:
        return "changed"
    return "enabled" if after.enabled else "disabled"


def _tell(app: App, tx: Tx, caller: Caller, hook: Hook, change: str) -> None:
    event = HookChanged(
        hook_id=hook.id, owner_id=hook.owner_id, namespace=hook.namespace, change=change, why="",
        by=caller.identity[1],
    )  # fmt: skip
    app.events.record(tx, event)


def _lock_anew(tx: Tx, keys: Keyring, record: Record) -> None:
    try:
        store.set_key(tx, record.hook.id, keys.wrap_anew(record.sealed))
    except SecretNotReadable:  # doctor tells of the key that is missing
        return


def _place(hook_id: str, format: int) -> tuple[str, str, str]:
    """What the secret is bound to: in another row it does not open."""
    return "webhook", hook_id, str(format)
