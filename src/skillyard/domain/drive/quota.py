"""How much may be run and invoked with the key of a collection in a month."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.errors import TokenNotValid
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.collection_errors import QuotaExceeded
from skillyard.domain.drive.store import collections as store
from skillyard.domain.payments.usage import count_calls
from skillyard.infra.clock import month_ends_in_s, month_of
from skillyard.infra.database import Tx


def count_execution(tx: Tx, app: App, caller: Caller, *, times: int = 1) -> None:
    """Count what is queued in this transaction: for the caller, and for the key of a collection that they come with.

    Raises MonthIsFull or QuotaExceeded, upon which nothing is counted, or TokenNotValid when the collection is gone by
    now.
    """
    count_calls(tx, app, caller, times=times)
    if caller.token_kind != "collection" or caller.token_id is None:  # noqa: S105 (a kind)
        return
    now_ms = app.clock.now_ms()
    month = month_of(now_ms)
    found = store.find_by_id(tx, caller.token_id, month=month)
    if found is None:
        raise TokenNotValid
    executions = store.count_uses(tx, found.id, month=month, times=times)
    if found.monthly_quota and executions > found.monthly_quota:
        retry_after_s = month_ends_in_s(now_ms)
        raise QuotaExceeded(quota=found.monthly_quota, month=month, retry_after_s=retry_after_s)
