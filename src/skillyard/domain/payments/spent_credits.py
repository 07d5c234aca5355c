"""Tells when somebody can spend fewer credits than before, whatever took them. The ledger calls it for each journal."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from skillyard.domain.payments.chart import Account, Kind
from skillyard.domain.payments.events import CreditsSpent
from skillyard.domain.payments.store import ledger as store
from skillyard.infra.database import Tx
from skillyard.infra.events import record


def watch_credits(tx: Tx, accounts: Iterable[Account], *, now_ms: int) -> None:
    """Record `CreditsSpent` at the end of the transaction for each owner of credits who has fewer by then.

    Call it when the accounts are locked and before anything is booked on them. What comes and goes within one
    transaction is nothing that was spent.
    """
    for account in accounts:
        if account.kind is Kind.CREDITS:
            call = partial(_record, tx, account, _available(tx, account), now_ms)
            tx.before_commit(f"credits of {account.owner}", call)


def _record(tx: Tx, account: Account, before: int, now_ms: int) -> None:
    after = _available(tx, account)
    if after < before:
        record(tx, CreditsSpent(user_id=account.owner, before=before, after=after), at_ms=now_ms)


def _available(tx: Tx, account: Account) -> int:
    row = store.find_account(tx, account)
    return store.balance_of(tx, row) if row else 0
