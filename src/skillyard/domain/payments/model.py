"""The nouns of selling and buying, and what happens to them as events. An item is what is sold: a skill's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from skillyard.infra.money import Asset

PriceMode = Literal["fixed_usd", "fixed_ton"]
PRICE_ASSETS: Mapping[PriceMode, Asset] = {"fixed_usd": Asset.USD, "fixed_ton": Asset.TON}
EntitlementKind = Literal["bought", "granted"]


class InvoiceStatus(StrEnum):
    """Draft: the rail was not asked yet. Open, underpaid: waits for money. Refund due: money that buys nothing any more
    waits to go back.
    """

    DRAFT = "draft"
    OPEN = "open"
    UNDERPAID = "underpaid"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUND_DUE = "refund_due"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"

    @property
    def is_waiting(self) -> bool:
        """Whether money for it is still expected."""
        return self in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN, InvoiceStatus.UNDERPAID)

    @property
    def gives_access(self) -> bool:
        return self in (InvoiceStatus.PAID, InvoiceStatus.PARTIALLY_REFUNDED, InvoiceStatus.DISPUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an item costs, in minor units of the asset that the mode names."""

    id: str
    item: str
    mode: PriceMode
    amount: int
    created_ms: int

    @property
    def asset(self) -> Asset:
        return PRICE_ASSETS[self.mode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An item that is, or was, for sale. `seller_id`: who is paid."""

    item: str
    seller_id: str
    is_for_sale: bool
    selling_text: str
    sold_total: int
    prices: Mapping[PriceMode, Price]
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayTo:
    """What a buyer needs in order to pay. `reference`: the provider's own id of what it shows them."""

    address: str | None = None
    memo: str | None = None
    link: str | None = None
    checkout_url: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What one unit of the asset was worth in US dollars when an amount was fixed, as a decimal string."""

    usd: str
    source: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What one buyer owes for one item, fixed when it is made. `amount` in `asset` is what has to arrive; `price` is
    what it was made from. `received`: what has arrived. `attempt` counts how often the rail was asked anew.
    """

    id: str
    item: str
    buyer_id: str
    seller_id: str
    rail: str
    price: Price
    asset: Asset
    amount: int
    quote: Quote | None
    memo: str | None
    attempt: int
    pay_to: PayTo
    status: InvoiceStatus
    referrer_id: str | None
    fee_bps: int
    referral_bps: int
    received: int
    created_ms: int
    expires_ms: int
    paid_ms: int | None

    @property
    def missing(self) -> int:
        """How much has yet to arrive."""
        return max(self.amount - self.received, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A paid invoice (or invocation, then `invoice_id` is its id), and how its price was shared out. `refunded`: what
    went back of the price.
    """

    invoice_id: str
    item: str
    seller_id: str
    buyer_id: str
    rail: str
    asset: Asset
    price: int
    seller_share: int
    fee: int
    referral_share: int
    referrer_id: str | None
    paid_ms: int
    matures_ms: int
    matured_ms: int | None
    refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The parts of a price, which sum to it."""

    seller: int
    fee: int
    referral: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """That somebody may take an item. `invoice_id`: what it was bought with."""

    item: str
    user_id: str
    how: EntitlementKind
    invoice_id: str | None
    since_ms: int


class RefundStatus(StrEnum):
    REQUESTED = "requested"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    PAID = "paid"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money on its way back to a buyer, or to whoever sent it without an invoice. `prepared`: what was stored before
    the provider was asked.
    """

    id: str
    invoice_id: str | None
    buyer_id: str
    rail: str
    receipt_reference: str
    asset: Asset
    amount: int
    to_address: str | None
    status: RefundStatus
    attempt: int
    prepared: str | None
    reference: str | None
    reason: str
    why: str
    requested_ms: int


class PayoutStatus(StrEnum):
    """Submitting: written before the provider is asked. Unknown: it was asked, and nobody knows what came of it."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    PAID = "paid"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """What a seller is paid out. `destination`: the account or wallet it goes to, as the rail spells it. It waits until
    `held_until_ms`, and for an administrator where it `needs_approval`.
    """

    id: str
    user_id: str
    rail: str
    method_id: str
    destination: str
    asset: Asset
    amount: int
    fee: int
    status: PayoutStatus
    attempt: int
    prepared: str | None
    reference: str | None
    why: str
    requested_ms: int
    updated_ms: int
    needs_approval: bool = False
    approved_by: str | None = None
    held_until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectAccount:
    """A seller's account with a provider, as it was last seen there."""

    account_id: str
    user_id: str
    status: Literal["onboarding", "active", "restricted", "disconnected"]
    country: str | None = None
    default_currency: str | None = None
    details_submitted: bool = False
    charges_enabled: bool = False
    payouts_enabled: bool = False
    requirements_due: tuple[str, ...] = ()
    requirements_errors: tuple[str, ...] = ()
    requirements_disabled_reason: str | None = None
    created_ms: int = 0
    synced_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that has arrived, a fact. `reference` is unique within the rail; `fee` is what the processor kept of
    `amount`; `memo` is what the payer wrote, `invoice_id` what the provider says it is for.
    """

    rail: str
    reference: str
    asset: Asset
    amount: int
    received_ms: int
    fee: int = 0
    invoice_id: str | None = None
    memo: str | None = None
    payer: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """An invoice can no longer be paid at the provider."""

    rail: str
    invoice_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMoved:
    """A refund came through or failed. `refund_id` is None when it was made at the provider and not by us."""

    rail: str
    refund_id: str | None
    reference: str
    receipt_reference: str
    amount: int
    state: Literal["paid", "failed"]
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeMoved:
    """A buyer disputes a payment with their bank; `amount` and `fee` are taken from us while it is open."""

    rail: str
    reference: str
    receipt_reference: str
    amount: int
    state: Literal["open", "won", "lost"]
    fee: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutMoved:
    rail: str
    payout_id: str
    reference: str
    state: Literal["paid", "failed", "returned"]
    fee: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMoved:
    rail: str
    account: ConnectAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorMoved:
    """The operator put money in (above zero) or took it out, or the provider charged for itself: no sale of ours."""

    rail: str
    reference: str
    asset: Asset
    amount: int
    why: str


Fact = Receipt | Closed | RefundMoved | DisputeMoved | PayoutMoved | AccountMoved | OperatorMoved
