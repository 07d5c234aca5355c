"""Fees in credits for what the platform itself does for somebody: all of them are the platform's."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.credit_legs import credits_of
from skillyard.domain.payments.credits import purchase_url
from skillyard.domain.payments.errors import FeeNotCovered, KeyUsedOtherwise
from skillyard.domain.payments.ledger import credit, debit
from skillyard.domain.payments.ledger_errors import InsufficientFunds, LedgerConflict
from skillyard.infra.database import Tx
from skillyard.infra.money import CENTS_PER_CREDIT, Asset


def take_fee(app: App, tx: Tx, *, user_id: str, credits: int, key: str, why: str) -> bool:
    """Take a fee from somebody's credits, once per `key`: False when it was taken before, or is of 0 credits.

    `key`: unique among the fees of this person. `why`: a few words for their statement ("Upload of ada/notes 0.1.0").
    Raises FeeNotCovered, which says where to buy credits; KeyUsedOtherwise.
    """
    if credits == 0:
        return False
    cents = credits * CENTS_PER_CREDIT
    legs = [
        debit(credits_of(user_id), credits),
        credit(platform(Kind.CREDITS_ISSUED, Asset.CREDIT), credits),
        debit(platform(Kind.DEFERRED_REVENUE, Asset.USD), cents),
        credit(platform(Kind.PLATFORM_FEE, Asset.USD), cents),
    ]
    try:
        journal = ledger.post(
            tx, key=f"fee:{user_id}:{key}", kind="credit_spend", ref=key, legs=legs, now_ms=app.clock.now_ms(),
            facts={"why": why[:200]},
        )  # fmt: skip
    except LedgerConflict:
        raise KeyUsedOtherwise from None
    except InsufficientFunds as error:
        there = int(error.facts["there"])
        raise FeeNotCovered(
            why=why[:200], price=credits, there=there, missing=credits - there,
            enough=max(credits - there, app.settings.credits_least), purchase_url=purchase_url(app),
        ) from None  # fmt: skip
    return journal.is_new
