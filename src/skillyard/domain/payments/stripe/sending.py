"""Money that leaves: refunds of charges, and transfers to sellers' accounts. Each at most once, however often asked.

Two things see to that: the idempotency key, which Stripe remembers for a day, and the metadata, which stays and is
looked for first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from skillyard.app import App
from skillyard.domain.payments.model import Payout, Refund
from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.stripe.asking import StripeGaveUp, Thing, ask, ask_all, open_client, outcome_of
from skillyard.domain.payments.stripe.reading import CURRENCY

if TYPE_CHECKING:
    from stripe import StripeClient

_MOST = 500


def prepare_transfer(payout: Payout) -> str:
    """What makes sending it again harmless."""
    return json.dumps({"idempotency_key": f"po:{payout.id}:{payout.attempt}"})


def send_transfer(app: App, payout: Payout) -> Outcome:
    """Move the money to the seller's account at Stripe, unless that was done."""
    client = open_client(app)
    find, create = partial(_find_transfer, client, payout), partial(_create_transfer, client, payout)
    return outcome_of(lambda: _transferred(_once(find, create)))


def _find_transfer(client: StripeClient, payout: Payout) -> Thing | None:
    """Of this attempt; or of another that stands, since a worker may wake up late and must not pay again."""
    found = ask_all(lambda: client.v1.transfers.list({"transfer_group": payout.id, "limit": 100}), most=_MOST)
    ours = [transfer for transfer in found if (transfer.get("metadata") or {}).get("payout_id") == payout.id]
    return _of_attempt(ours, payout.attempt) or next((one for one in ours if not one["reversed"]), None)


def _create_transfer(client: StripeClient, payout: Payout) -> Thing:
    key = json.loads(payout.prepared or prepare_transfer(payout))["idempotency_key"]
    return ask(
        lambda: client.v1.transfers.create(
            {
                "amount": payout.amount,
                "currency": CURRENCY,
                "destination": payout.destination,
                "transfer_group": payout.id,
                "metadata": {"payout_id": payout.id, "attempt": str(payout.attempt)},
            },
            {"idempotency_key": key},
        )
    )


def _transferred(transfer: Thing) -> Outcome:
    """A transfer arrives when it is made. One that was taken back is known as returned by its event."""
    return Outcome(state="paid", reference=transfer["id"])


def send_refund(app: App, refund: Refund) -> Outcome:
    """Give back part or all of a charge, unless that was done."""
    client = open_client(app)
    find, create = partial(_find_refund, client, refund), partial(_create_refund, client, refund)
    return outcome_of(lambda: _refunded(_once(find, create)))


def _find_refund(client: StripeClient, refund: Refund) -> Thing | None:
    listed = ask_all(lambda: client.v1.refunds.list({"charge": refund.receipt_reference, "limit": 100}), most=_MOST)
    ours = [found for found in listed if (found.get("metadata") or {}).get("refund_id") == refund.id]
    standing = (found for found in ours if found["status"] not in ("failed", "canceled"))
    return _of_attempt(ours, refund.attempt) or next(standing, None)


def _create_refund(client: StripeClient, refund: Refund) -> Thing:
    return ask(
        lambda: client.v1.refunds.create(
            {
                "charge": refund.receipt_reference,
                "amount": refund.amount,
                "reason": "requested_by_customer",
                "metadata": {"refund_id": refund.id, "attempt": str(refund.attempt)},
            },
            {"idempotency_key": f"ref:{refund.id}:{refund.attempt}"},
        )
    )


def _refunded(refund: Thing) -> Outcome:
    if refund["status"] == "succeeded":
        return Outcome(state="paid", reference=refund["id"])
    if refund["status"] in ("failed", "canceled"):
        return Outcome(
            state="failed", reference=refund["id"], why=refund.get("failure_reason") or "Stripe gave no reason"
        )
    return Outcome(state="submitted", reference=refund["id"])


def _once(find: Callable[[], Thing | None], create: Callable[[], Thing]) -> Thing:
    """What is there already, or a new one, even if Stripe broke down over it. Raises StripeRefused, StripeSilent."""
    found = find()
    if found:
        return found
    try:
        return create()
    except StripeGaveUp:
        found = find()
        if found:
            return found
        raise


def _of_attempt(found: Sequence[Thing], attempt: int) -> Thing | None:
    return next((one for one in found if one["metadata"].get("attempt") == str(attempt)), None)
