"""Read invocations: those who asked for them, and those who deliver them, see them; nobody else."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.errors import InvocationNotFound
from skillyard.domain.market.model import Invocation, InvocationStatus, Side
from skillyard.domain.market.offers import MOST
from skillyard.domain.market.store import invocations as store
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor

_SHOWN_CHARS = 64


def get_invocation(app: App, caller: Caller, *, invocation_id: str) -> Invocation:
    """Raises InvocationNotFound."""
    caller.must("identify")
    with app.database.reading() as tx:
        return see_invocation(tx, caller, invocation_id)


def list_my_invocations(
    app: App,
    caller: Caller,
    *,
    side: Side = "buyer",
    status: InvocationStatus | None = None,
    limit: int = 30,
    cursor: str | None = None,
) -> Page[Invocation]:
    """What the caller asked for, or as a provider is asked for, the newest first. Raises BadCursor."""
    caller.must("read_own")
    (before,) = read_cursor(cursor, [""])
    limit = max(1, min(limit, MOST))
    with app.database.reading() as tx:
        if side == "buyer":
            found = store.list_of_buyer(tx, caller.identity[0], status=status, before=str(before), limit=limit + 1)
        else:
            own = caller.namespaces_with("provide")
            found = store.list_of_provider(tx, own, status=status, before=str(before), limit=limit + 1)
    return page_of(found, limit, lambda one: [one.id])


def list_pending_invocations(
    app: App, caller: Caller, *, offer_id: str | None = None, limit: int = MOST
) -> list[Invocation]:
    """What waits for the caller as a provider, the oldest first; what the registry runs itself is not among it."""
    caller.must("identify")
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        return store.list_pending(
            tx, caller.namespaces_with("provide"), offer_id=offer_id, now_ms=now_ms, limit=max(1, min(limit, MOST))
        )


def see_invocation(tx: Tx, caller: Caller, invocation_id: str) -> Invocation:
    """Raises InvocationNotFound unless the caller is its buyer or provider."""
    is_text = invocation_id.isprintable() and len(invocation_id) <= _SHOWN_CHARS
    found = store.find_invocation(tx, invocation_id) if is_text else None
    if found is None or not (_is_buyer(caller, found) or is_provider(caller, found)):
        raise InvocationNotFound(invocation_id=invocation_id[:_SHOWN_CHARS])
    return found


def is_provider(caller: Caller, invocation: Invocation) -> bool:
    return caller.may("provide", on=invocation.name)


def _is_buyer(caller: Caller, invocation: Invocation) -> bool:
    """Whoever holds a key for some skills sees only what was asked for with it."""
    is_theirs = caller.user_id == invocation.buyer_id and caller.slice_key_id in (None, invocation.key_id)
    return is_theirs and any(caller.may(right, on=invocation.name) for right in ("read_own", "invoke"))
