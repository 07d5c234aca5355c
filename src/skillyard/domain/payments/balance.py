"""What sellers have, and the statement of how it came to be, both read from the books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.ledger import Posting, balances, list_entries
from skillyard.domain.payments.model import PayoutStatus
from skillyard.domain.payments.payout_model import OPEN
from skillyard.domain.payments.rates import find_rate
from skillyard.domain.payments.store import payouts
from skillyard.infra.database import Tx
from skillyard.infra.money import Asset
from skillyard.infra.paging import Page, page_of, read_cursor

TransactionKind = Literal[
    "sale", "referral", "maturity", "refund", "dispute", "payout", "payout_returned", "repayment", "credit"
]
TransactionStatus = Literal["pending", "available", "held", "paid"]

_EARNED_IN = (Asset.USD, Asset.TON)
_ON_THE_STATEMENT = (Kind.SELLER_PENDING, Kind.SELLER_AVAILABLE, Kind.SELLER_RECEIVABLE, Kind.CREDITS)
_NEWEST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBalance:
    """What a seller has in one asset, in minor units. `held`: on its way out, or disputed. `receivable`: what the
    seller owes after refunds and has nothing for; `available` is what is left after what they owe. `lifetime_earned`
    is after refunds.
    """

    asset: Asset
    pending: int = 0
    available: int = 0
    held: int = 0
    receivable: int = 0
    lifetime_earned: int = 0
    lifetime_paid_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """`updated_ms`: when it changed last; 0 for one that never did."""

    assets: tuple[AssetBalance, ...]
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One line of a statement: a signed amount. The lines of one asset sum to what is pending and available, less what
    is owed. `status`: where the amount is, or for a payout: what became of it.
    """

    id: str
    kind: TransactionKind
    status: TransactionStatus
    asset: Asset
    amount: int
    at_ms: int
    ref: str


def get_balance(app: App, caller: Caller) -> Balance:
    """The caller's, in each asset that sellers earn."""
    caller.must("buy")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        return _balance(tx, user_id)


def get_balance_in_usd(app: App, caller: Caller) -> tuple[AssetBalance, int]:
    """The same in one sum, in cents, for whom it must be one; and when it changed. TON counts at the current rate, or
    not at all when there is none.
    """
    caller.must("buy")
    user_id, _ = caller.identity
    with app.database.reading() as tx:
        found = _balance(tx, user_id)
        rate = find_rate(tx, Asset.TON, app.clock.now_ms())
    worth = {Asset.USD: Decimal(1), Asset.TON: Decimal(rate.usd) if rate else Decimal(0)}
    return _in_usd(found.assets, worth), found.updated_ms


def list_transactions(
    app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None, offset: int = 0
) -> Page[Transaction]:
    """The caller's statement, the newest first. Raises BadCursor."""
    caller.must("buy")
    user_id, _ = caller.identity
    before = int(read_cursor(cursor, [_NEWEST])[0])
    with app.database.reading() as tx:
        found = list_entries(tx, owner=user_id, kinds=_ON_THE_STATEMENT, limit=limit + 1, before=before, offset=offset)
        ours = {one.ref for one in found if one.kind in ("payout_hold", "payout_paid", "payout_returned")}
        statuses = payouts.find_statuses(tx, ours)
    page = page_of(found, limit, lambda one: [one.position])
    lines = tuple(_line(one, statuses) for one in page.items)
    return Page(items=lines, next_cursor=page.next_cursor)


def _balance(tx: Tx, user_id: str) -> Balance:
    there = balances(tx, user_id)
    paid = payouts.sum_paid(tx, user_id)
    newest = list_entries(tx, owner=user_id, kinds=(*_ON_THE_STATEMENT, Kind.PAYOUT_HOLD), limit=1)
    assets = tuple(_of_asset(asset, there, paid.get(asset, 0)) for asset in _EARNED_IN)
    return Balance(assets=assets, updated_ms=newest[0].at_ms if newest else 0)


def _of_asset(asset: Asset, there: Mapping[tuple[Kind, Asset], int], paid: int) -> AssetBalance:
    pending, available, owed, leaving, disputed = (
        there.get((kind, asset), 0)
        for kind in (
            Kind.SELLER_PENDING, Kind.SELLER_AVAILABLE, Kind.SELLER_RECEIVABLE, Kind.PAYOUT_HOLD, Kind.DISPUTE_HOLD
        )
    )  # fmt: skip
    held = leaving + disputed
    return AssetBalance(
        asset=asset,
        pending=pending,
        available=max(available - owed, 0),
        held=held,
        receivable=max(owed - available, 0),
        lifetime_earned=paid + held + available + pending - owed,
        lifetime_paid_out=paid,
    )


def _in_usd(assets: tuple[AssetBalance, ...], worth: Mapping[Asset, Decimal]) -> AssetBalance:
    def total(name: str) -> int:
        cents = (_cents(getattr(one, name), one.asset, worth[one.asset]) for one in assets)
        return sum(cents)

    return AssetBalance(
        asset=Asset.USD,
        pending=total("pending"),
        available=total("available"),
        held=total("held"),
        receivable=total("receivable"),
        lifetime_earned=total("lifetime_earned"),
        lifetime_paid_out=total("lifetime_paid_out"),
    )


def _cents(amount: int, asset: Asset, usd: Decimal) -> int:
    worth = Decimal(amount).scaleb(Asset.USD.scale - asset.scale) * usd
    return int(worth.to_integral_value(ROUND_DOWN))


def _line(posting: Posting, statuses: Mapping[str, PayoutStatus]) -> Transaction:
    is_owed = posting.account.kind is Kind.SELLER_RECEIVABLE
    return Transaction(
        id=str(posting.position),
        kind=_kind(posting),
        status=_status(posting, statuses),
        asset=posting.account.asset,
        amount=-posting.amount if is_owed else posting.amount,
        at_ms=posting.at_ms,
        ref=posting.ref,
    )


def _kind(posting: Posting) -> TransactionKind:
    """By the kind of the journal; all of a kind that is not known here is a correction of sales."""
    if posting.account.asset is Asset.CREDIT:
        return "credit"
    is_referral = posting.facts.get("referrer_id") == posting.account.owner
    words: Mapping[str, TransactionKind] = {
        "sale": "referral" if is_referral else "sale",
        "credit_spend": "sale",
        "maturity": "maturity",
        "payout_hold": "payout",
        "payout_paid": "payout",
        "payout_returned": "payout_returned",
        "dispute_opened": "dispute",
        "dispute_won": "dispute",
        "dispute_lost": "dispute",
        "repayment": "repayment",
    }
    return words.get(posting.kind, "refund")


def _status(posting: Posting, statuses: Mapping[str, PayoutStatus]) -> TransactionStatus:
    if posting.account.kind is Kind.SELLER_PENDING:
        return "pending"
    status = statuses.get(posting.ref) if posting.kind in ("payout_hold", "payout_paid") else None
    if status is None:
        return "available"
    return "held" if status in OPEN else "paid" if status is PayoutStatus.PAID else "available"
