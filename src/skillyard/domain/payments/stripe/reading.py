"""Reads Stripe's objects as facts. Pure: every function takes an object as the API shows it, and knows nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from typing import Any, Literal

from skillyard.domain.payments.model import Closed, ConnectAccount, DisputeMoved, PayoutMoved, Receipt, RefundMoved
from skillyard.infra.money import Asset

NAME = "stripe"
CURRENCY = "usd"

Thing = Mapping[str, Any]
AccountStatus = Literal["onboarding", "active", "restricted"]


def read_receipt(charge: Thing) -> Receipt | None:
    """The money of a charge with its `balance_transaction` in it; None before it is ours, and in other currencies."""
    entry = charge.get("balance_transaction")
    if charge["status"] != "succeeded" or not isinstance(entry, Mapping) or charge["currency"] != CURRENCY:
        return None
    metadata = charge.get("metadata") or {}
    return Receipt(
        rail=NAME,
        reference=charge["id"],
        asset=Asset.USD,
        amount=charge["amount_captured"],
        fee=_fee_cents(entry),
        received_ms=charge["created"] * 1000,
        invoice_id=metadata.get("invoice_id"),
        payer=(charge.get("billing_details") or {}).get("email"),
        details={"payment_intent": id_of(charge.get("payment_intent")) or ""},
    )


def _fee_cents(entry: Thing) -> int:
    """In US cents, rounded up; where the platform's account is kept in another currency, at Stripe's own rate."""
    if entry["currency"] == CURRENCY or not entry.get("exchange_rate"):
        return int(entry["fee"])
    return int((Decimal(entry["fee"]) / Decimal(str(entry["exchange_rate"]))).to_integral_value(ROUND_UP))


def read_closed(session: Thing) -> Closed | None:
    """Whether the page of an invoice can no longer be paid on. `payment_intent` may be in it."""
    invoice_id = invoice_of(session)
    if invoice_id is None or session["payment_status"] == "paid":
        return None
    intent = session.get("payment_intent")
    status = intent["status"] if isinstance(intent, Mapping) else ""
    if session["status"] == "expired":
        return Closed(rail=NAME, invoice_id=invoice_id, why="its page at Stripe has expired")
    if session["status"] == "complete" and status in ("requires_payment_method", "canceled"):
        return Closed(rail=NAME, invoice_id=invoice_id, why="the bank did not pay")
    return None


def invoice_of(session: Thing) -> str | None:
    return session.get("client_reference_id") or (session.get("metadata") or {}).get("invoice_id")


def read_refund(refund: Thing) -> RefundMoved | None:
    """None while it is on its way."""
    states: Mapping[str | None, Literal["paid", "failed"]] = {
        "succeeded": "paid",
        "failed": "failed",
        "canceled": "failed",
    }
    state, charge_id = states.get(refund.get("status")), id_of(refund.get("charge"))
    if state is None or charge_id is None or refund["currency"] != CURRENCY:
        return None
    return RefundMoved(
        rail=NAME,
        refund_id=(refund.get("metadata") or {}).get("refund_id"),
        reference=refund["id"],
        receipt_reference=charge_id,
        amount=refund["amount"],
        state=state,
        why=refund.get("failure_reason") or "",
    )


def read_dispute(dispute: Thing) -> DisputeMoved | None:
    """None for a mere inquiry, and before the money is taken from us."""
    states: Mapping[str, Literal["open", "won", "lost"]] = {
        "needs_response": "open", "under_review": "open", "won": "won", "lost": "lost",
    }  # fmt: skip
    if dispute["status"] not in states or not dispute["balance_transactions"] or dispute["currency"] != CURRENCY:
        return None
    return DisputeMoved(
        rail=NAME,
        reference=dispute["id"],
        receipt_reference=id_of(dispute["charge"]) or "",
        amount=dispute["amount"],
        state=states[dispute["status"]],
        fee=sum(_fee_cents(entry) for entry in dispute["balance_transactions"]),
    )


def read_transfer(transfer: Thing) -> PayoutMoved | None:
    """None for one that we did not make. What was taken back in part is still paid, and says so."""
    payout_id = (transfer.get("metadata") or {}).get("payout_id")
    if payout_id is None:
        return None
    back = transfer["amount_reversed"]
    return PayoutMoved(
        rail=NAME,
        payout_id=payout_id,
        reference=transfer["id"],
        state="returned" if transfer["reversed"] else "paid",
        why=f"{back} of {transfer['amount']} cents were taken back at Stripe" if back else "",
    )


def read_account(account: Thing, now_ms: int) -> ConnectAccount:
    wanted = account.get("requirements") or {}
    due = [*(wanted.get("past_due") or []), *(wanted.get("currently_due") or [])]
    return ConnectAccount(
        account_id=account["id"],
        user_id=(account.get("metadata") or {}).get("user_id", ""),
        status=_status(account),
        country=account.get("country"),
        default_currency=account.get("default_currency"),
        details_submitted=bool(account.get("details_submitted")),
        charges_enabled=bool(account.get("charges_enabled")),
        payouts_enabled=bool(account.get("payouts_enabled")),
        requirements_due=tuple(dict.fromkeys(due)),
        requirements_errors=tuple(error["reason"] for error in wanted.get("errors") or []),
        requirements_disabled_reason=wanted.get("disabled_reason"),
        created_ms=(account.get("created") or 0) * 1000,
        synced_ms=now_ms,
    )


def _status(account: Thing) -> AccountStatus:
    """Active: transfers to it are possible, and it pays out to its bank."""
    if not account.get("details_submitted"):
        return "onboarding"
    transfers = (account.get("capabilities") or {}).get("transfers")
    return "active" if account.get("payouts_enabled") and transfers == "active" else "restricted"


def id_of(value: Any) -> str | None:
    """The id of what is either an id or the object itself."""
    found = value["id"] if isinstance(value, Mapping) else value
    return None if found is None else str(found)
