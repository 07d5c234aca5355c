"""Begin with an invocation: exactly one of those who try wins, and has it for as long as the lease lasts."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.errors import (
    InvocationExpired,
    InvocationNotYours,
    InvocationSettled,
    InvocationTaken,
    NotTheProvider,
    RunsHere,
)
from skillyard.domain.market.events import InvocationClaimed
from skillyard.domain.market.invocations import is_provider, see_invocation
from skillyard.domain.market.model import SERVER, Invocation
from skillyard.domain.market.store import invocations as store
from skillyard.infra.database import Tx

LEASE_S = 300
MOST_LEASE_S = 3600


def claim(app: App, caller: Caller, *, invocation_id: str, lease_s: int = LEASE_S) -> Invocation:
    """Pending → processing, for a provider. After the lease it waits for others again; whoever had it may still
    deliver, until somebody else has claimed it.

    Raises InvocationNotFound, NotTheProvider, RunsHere, InvocationTaken, InvocationSettled or InvocationExpired.
    """
    user_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        found = see_as_provider(tx, caller, invocation_id)
        if found.runs_here:
            raise RunsHere(name=found.name, invocation_id=found.id)
        until_ms = _lease_until(found, lease_s, now_ms=now_ms)
        if not store.claim(tx, found.id, by=user_id, lease_until_ms=until_ms, now_ms=now_ms):
            raise _why_not(tx, found.id, now_ms=now_ms)
        app.events.record(tx, _claimed(found))
        return see_invocation(tx, caller, found.id)


def renew_claim(app: App, caller: Caller, *, invocation_id: str, lease_s: int = LEASE_S) -> Invocation:
    """Keep it for longer, counted from now. Raises as `claim`, and InvocationNotYours."""
    user_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        found = see_as_provider(tx, caller, invocation_id)
        until_ms = _lease_until(found, lease_s, now_ms=now_ms)
        if not store.renew(tx, found.id, by=user_id, lease_until_ms=until_ms, now_ms=now_ms):
            raise _why_not(tx, found.id, now_ms=now_ms, is_claimed=True)
        return see_invocation(tx, caller, found.id)


def claim_for_server(app: App, invocation_id: str) -> Invocation | None:
    """Begin with it in a job; also again, when the job that had begun died. None when there is nothing to do any more.

    What it returns counts this beginning in `claims`: with that number it is settled, unless somebody began later.
    """
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        found = store.find_invocation(tx, invocation_id)
        if found is None:
            return None
        until_ms = _lease_until(found, MOST_LEASE_S, now_ms=now_ms)
        if not store.claim(tx, found.id, by=SERVER, lease_until_ms=until_ms, now_ms=now_ms):
            return None
        app.events.record(tx, _claimed(found))
        return store.find_invocation(tx, found.id)


def _claimed(found: Invocation) -> InvocationClaimed:
    return InvocationClaimed(
        invocation_id=found.id, offer_id=found.offer_id, name=found.name, buyer_id=found.buyer_id
    )  # fmt: skip


def see_as_provider(tx: Tx, caller: Caller, invocation_id: str) -> Invocation:
    """Raises InvocationNotFound, or NotTheProvider for its buyer."""
    caller.must("identify")
    found = see_invocation(tx, caller, invocation_id)
    if not is_provider(caller, found):
        raise NotTheProvider(name=found.name, namespace=found.namespace)
    return found


def _lease_until(found: Invocation, lease_s: int, *, now_ms: int) -> int:
    return min(now_ms + max(1, min(lease_s, MOST_LEASE_S)) * 1000, found.expires_ms)


def _why_not(
    tx: Tx, invocation_id: str, *, now_ms: int, is_claimed: bool = False
) -> InvocationSettled | InvocationExpired | InvocationTaken | InvocationNotYours:
    now = store.find_invocation(tx, invocation_id)
    assert now is not None, "invocations are never deleted"
    if now.status.is_settled:
        return InvocationSettled(invocation_id=now.id, status=now.status.value)
    if now.expires_ms <= now_ms:
        return InvocationExpired(invocation_id=now.id)
    refusal = InvocationNotYours if is_claimed else InvocationTaken
    return refusal(invocation_id=now.id, status=now.status.value)
