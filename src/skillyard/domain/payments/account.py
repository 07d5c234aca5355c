"""An account at a glance: its credits, where they came from and went last, and what of this month is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.credits import Credits, read_credits
from skillyard.domain.payments.ledger import Posting, list_entries
from skillyard.domain.payments.usage import Usage, read_usage

Tier = Literal["administrator", "standard"]
MovementKind = Literal["granted", "bought", "earned", "charged", "spent", "returned", "repaid", "corrected"]
_LAST = 10
_WORDS: Mapping[str, MovementKind] = {
    "credit_grant": "granted",
    "credit_purchase": "bought",
    "payout_paid": "earned",
    "credit_hold": "charged",
    "credit_spend": "spent",
    "credit_returned": "returned",
    "repayment": "repaid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Credits that came or went: a signed number of them. `ref`: the invocation, run, invoice or fee that it was for;
    `why`: in words, where somebody said so. What is charged is set aside at once, and returned if nothing is delivered.
    """

    id: str
    kind: MovementKind
    credits: int
    at_ms: int
    ref: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`last`: the newest first."""

    credits: Credits
    tier: Tier
    usage: Usage
    last: tuple[Movement, ...]


def get_account(app: App, caller: Caller) -> Account:
    """The caller's; also for the key of a collection, but what they came and went for only for one of all skills."""
    caller.must("read_credits")
    user_id, username = caller.identity
    with app.database.reading() as tx:
        is_told = caller.slice_key_id is None
        newest = list_entries(tx, owner=user_id, kinds=(Kind.CREDITS,), limit=_LAST) if is_told else []
        return Account(
            credits=read_credits(tx, user_id, username),
            tier="administrator" if caller.is_admin else "standard",
            usage=read_usage(tx, app, caller),
            last=tuple(_movement(posting) for posting in newest),
        )


def _movement(posting: Posting) -> Movement:
    return Movement(
        id=posting.journal_id,
        kind=_WORDS.get(posting.kind, "corrected"),
        credits=posting.amount,
        at_ms=posting.at_ms,
        ref=posting.ref,
        why=str(posting.facts.get("why") or posting.facts.get("reason") or ""),
    )
