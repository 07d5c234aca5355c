"""Whether payouts wait for somebody, for `doctor`."""

from __future__ import annotations

from skillyard.domain.payments.rail import Check
from skillyard.domain.payments.store import payouts as store
from skillyard.infra.database import Tx

_TOO_LONG_MS = 3600 * 1000


def check_payouts(tx: Tx, now_ms: int) -> list[Check]:
    """Large ones that no administrator has looked at; and those that should be out for an hour and are not."""
    unapproved = store.list_unapproved(tx)
    late = store.list_late(tx, updated_before_ms=now_ms - _TOO_LONG_MS)
    found = []
    if unapproved:
        hint = "An administrator looks at them: `skillyard payouts approve` or `reject`."
        detail = f"waiting for an administrator: {len(unapproved)}, the oldest is {unapproved[0]}"
        found.append(Check(name="payouts", ok=False, detail=detail, hint=hint))
    if late:
        hint = "Look at what the provider says of it; nothing is lost, it goes on as soon as that is certain."
        detail = f"late by an hour or more: {len(late)}, the oldest, {late[0]}"
        found.append(Check(name="payouts", ok=False, detail=detail, hint=hint))
    return found or [Check(name="payouts", ok=True, detail="none waits for you")]
