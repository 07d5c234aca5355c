"""Checkout Sessions: the page at Stripe on which an invoice is paid, one per invoice and attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillyard.app import App
from skillyard.domain.payments.model import Invoice, PayTo
from skillyard.domain.payments.stripe.asking import (
    StripeGaveUp,
    StripeKeyTaken,
    StripeRefused,
    Thing,
    ask,
    ask_all,
    open_client,
)
from skillyard.domain.payments.stripe.reading import CURRENCY, invoice_of

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params.checkout import SessionCreateParams, SessionListParams

EXPANDED = ["payment_intent.latest_charge.balance_transaction"]
# Stripe wants a page to be open for 30 minutes to 24 hours, counted from its own clock.
_SHORTEST_S, _LONGEST_S, _SLACK_S = 30 * 60, 24 * 60 * 60, 10 * 60
_MOST_SESSIONS = 1000


def open_session(app: App, invoice: Invoice) -> PayTo:
    """The page to pay on; the same for the same attempt. Raises StripeRefused, StripeSilent."""
    client = open_client(app)
    key = f"inv:{invoice.id}:cs:{invoice.attempt}"
    wish = _wish(app, invoice)
    try:
        session = ask(lambda: client.v1.checkout.sessions.create(wish, {"idempotency_key": key}))
    except (StripeGaveUp, StripeKeyTaken):
        found = _search(client, invoice)
        if found is None:
            raise
        session = found
    return PayTo(checkout_url=session["url"], reference=session["id"])


def _wish(app: App, invoice: Invoice) -> SessionCreateParams:
    page = f"{app.settings.address}/invoices/{invoice.id}"
    names = {"invoice_id": invoice.id, "attempt": str(invoice.attempt), "item": invoice.item}
    price = {"currency": CURRENCY, "unit_amount": invoice.amount, "product_data": {"name": invoice.item}}
    return {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],  # type: ignore[typeddict-item]
        "client_reference_id": invoice.id,
        "metadata": names,
        "payment_intent_data": {
            "transfer_group": invoice.id,
            "metadata": names,
            "description": invoice.item,
            "capture_method": "automatic",  # or the fee is not known when the payment is
        },
        "adaptive_pricing": {"enabled": False},
        "expires_at": _expires_s(app, invoice),
        "success_url": page,
        "cancel_url": page,
    }


def _expires_s(app: App, invoice: Invoice) -> int:
    """When the invoice does, as near as Stripe allows; the same each time while that is possible."""
    created_s, now_s = invoice.created_ms // 1000, app.clock.now_ms() // 1000
    wanted = max(invoice.expires_ms // 1000, created_s + _SHORTEST_S + _SLACK_S)
    if wanted < now_s + _SHORTEST_S:
        return now_s + _SHORTEST_S + _SLACK_S
    return min(wanted, created_s + _LONGEST_S - _SLACK_S)


def find_session(app: App, invoice: Invoice) -> Thing | None:
    """With the payment intent, its charge and what was booked for that. Raises StripeRefused, StripeSilent."""
    client = open_client(app)
    found = invoice.pay_to.reference or (_search(client, invoice) or {}).get("id")
    return None if found is None else fetch_session(client, found)


def fetch_session(client: StripeClient, session_id: str) -> Thing:
    return ask(lambda: client.v1.checkout.sessions.retrieve(session_id, {"expand": EXPANDED}))


def _search(client: StripeClient, invoice: Invoice) -> Thing | None:
    """The session of this attempt, when all that we know is the invoice."""
    since = invoice.created_ms // 1000 - _SLACK_S
    wish: SessionListParams = {"limit": 100, "created": {"gte": since, "lte": since + _LONGEST_S}}
    listed = ask_all(lambda: client.v1.checkout.sessions.list(wish), most=_MOST_SESSIONS)
    attempt = str(invoice.attempt)
    for session in listed:
        if invoice_of(session) == invoice.id and session["metadata"].get("attempt") == attempt:
            return session
    return None


def close_session(app: App, invoice: Invoice) -> None:
    """Let nobody pay on it any more; one that is closed or paid stays as it is. Raises StripeSilent."""
    client = open_client(app)
    found = invoice.pay_to.reference or (_search(client, invoice) or {}).get("id")
    if found is None:
        return
    try:
        ask(lambda: client.v1.checkout.sessions.expire(found))
    except StripeRefused:
        return
