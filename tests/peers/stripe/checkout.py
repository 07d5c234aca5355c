"""Checkout Sessions, the payment intents and charges that come of them, and what a buyer does on the page."""

from __future__ import annotations

from typing import Any

from tests.peers.stripe.faults import Refused, not_valid
from tests.peers.stripe.forms import Params, metadata, positive, text
from tests.peers.stripe.world import PLATFORM, Thing, World

LEAST_CENTS = 50
_HALF_HOUR_S, _DAY_S = 30 * 60, 24 * 60 * 60


def create_session(world: World, params: Params, account: str) -> Thing:
    if text(params, "mode") != "payment":
        raise not_valid("mode", "This peer sells by `payment` only.")
    total, currency = _total(params.get("line_items") or [])
    now = world.now()
    expires = int(params.get("expires_at") or now + _DAY_S)
    if not now + _HALF_HOUR_S <= expires <= now + _DAY_S:
        raise not_valid(
            "expires_at",
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
        )
    intent = params.get("payment_intent_data") or {}
    session = world.add(
        "cs_live" if world.livemode else "cs_test", "checkout.session", account, mode="payment", status="open",
        payment_status="unpaid", amount_subtotal=total, amount_total=total, currency=currency, expires_at=expires,
        success_url=text(params, "success_url"), cancel_url=params.get("cancel_url"), url=None,
        client_reference_id=params.get("client_reference_id"), metadata=metadata(params), payment_intent=None,
        payment_method_types=["card"],
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        custom_fields=[], shipping_options=[], ui_mode="hosted_page", customer=None, invoice=None, subscription=None,
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}, after_expiration=None,
        custom_text=dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
    )  # fmt: skip
    session["url"] = f"{params['__base']}/c/pay/{session['id']}"
    world.hidden[session["id"]] = {
        "metadata": metadata(intent), "transfer_group": intent.get("transfer_group"),
        "description": intent.get("description"), "name": params["line_items"][0]["price_data"]["product_data"]["name"],
    }  # fmt: skip
    return session


def _total(lines: list[Params]) -> tuple[int, str]:
    if not lines:
        raise Refused(400, "You must provide `line_items`.", code="parameter_missing", param="line_items")
    prices = [(line["price_data"], positive(line, "quantity", 1)) for line in lines]
    total = sum(positive(price, "unit_amount") * quantity for price, quantity in prices)
    if total < LEAST_CENTS:
        message = "The Checkout Session's total amount due must add up to at least $0.50 usd"
        raise Refused(400, message, code="amount_too_small", param="line_items")
    return total, str(prices[0][0]["currency"])


def retrieve_session(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("checkout.session", id, account)


def expire_session(world: World, params: Params, account: str, id: str) -> Thing:
    session = world.get("checkout.session", id, account)
    if session["status"] != "open":
        raise Refused(400, f"Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `{session['status']}`.", started=True)  # noqa: E501  # fmt: skip
    _expire(world, session)
    return session


def _expire(world: World, session: Thing) -> None:
    session |= {"status": "expired", "url": None}
    world.happened("checkout.session.expired", session)


def expire_due(world: World) -> None:
    """Close every session whose time is over."""
    for session in world.lists[PLATFORM, "checkout.session"]:
        if session["status"] == "open" and session["expires_at"] <= world.now():
            _expire(world, session)


# What the buyer does


def pay(world: World, session_id: str) -> Thing:
    """Pay by card; returns the charge."""
    session = _payable(world, session_id)
    intent = _intent(world, session)
    charge = _charge(world, session, intent)
    _captured(world, charge, intent)
    _complete(world, session, "paid")
    return charge


def decline(world: World, session_id: str) -> Thing:
    """The bank says no; the session stays open. Returns the failed charge."""
    session = _payable(world, session_id)
    intent = _intent(world, session)
    charge = _charge(world, session, intent, status="failed", paid=False, failure_code="card_declined")
    charge["failure_message"] = "Your card was declined."
    intent |= {"status": "requires_payment_method", "latest_charge": charge["id"]}
    world.happened("charge.failed", charge)
    world.happened("payment_intent.payment_failed", intent)
    return charge


def pay_later(world: World, session_id: str) -> Thing:
    """Pay with a method that tells days later whether the money came; see `settle`. Returns the pending charge."""
    session = _payable(world, session_id)
    intent = _intent(world, session)
    charge = _charge(world, session, intent, status="pending", paid=False, method="us_bank_account")
    intent |= {"status": "processing", "latest_charge": charge["id"]}
    world.happened("charge.pending", charge)
    _complete(world, session, "unpaid")
    return charge


def settle(world: World, session_id: str, *, ok: bool = True) -> Thing:
    """The end of `pay_later`; returns the charge."""
    session = world.get("checkout.session", session_id)
    intent = world.things[session["payment_intent"]]
    charge = world.things[intent["latest_charge"]]
    if ok:
        _captured(world, charge, intent)
        session["payment_status"] = "paid"
        world.happened("checkout.session.async_payment_succeeded", session)
    else:
        charge |= {"status": "failed", "failure_code": "insufficient_funds", "failure_message": "Insufficient funds"}
        intent["status"] = "requires_payment_method"
        world.happened("charge.failed", charge)
        world.happened("checkout.session.async_payment_failed", session)
    return charge


def _payable(world: World, session_id: str) -> Thing:
    expire_due(world)
    session = world.get("checkout.session", session_id)
    if session["status"] != "open":
        raise Refused(400, f"This Checkout Session is {session['status']}.")
    return session


def _intent(world: World, session: Thing) -> Thing:
    if session["payment_intent"]:
        return world.things[session["payment_intent"]]
    hidden = world.hidden[session["id"]]
    intent = world.add(
        "pi", "payment_intent", status="requires_payment_method", amount=session["amount_total"], amount_received=0,
        amount_capturable=0, currency=session["currency"], metadata=dict(hidden["metadata"]), latest_charge=None,
        transfer_group=hidden["transfer_group"], description=hidden["description"], capture_method="automatic",
        confirmation_method="automatic", payment_method_types=["card"], customer=None, canceled_at=None,
        last_payment_error=None, next_action=None, cancellation_reason=None,
    )  # fmt: skip
    session["payment_intent"] = intent["id"]
    world.happened("payment_intent.created", intent)
    return intent


def _charge(world: World, session: Thing, intent: Thing, *, method: str = "card", **changed: Any) -> Thing:
    kind = "ch" if method == "card" else "py"
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return world.add(
        kind, "charge", amount=session["amount_total"], amount_captured=0, amount_refunded=0,
        currency=session["currency"], captured=False, disputed=False, refunded=False, balance_transaction=None,
        billing_details={"address": address, "email": "a@example.org", "name": "A", "phone": None, "tax_id": None},
        metadata=dict(intent["metadata"]), payment_intent=intent["id"], transfer_group=intent["transfer_group"],
        description=intent["description"], failure_message=None, customer=None,
        failure_balance_transaction=None, application=None, application_fee=None, application_fee_amount=None,
        receipt_email=None, on_behalf_of=None, transfer_data=None,
        **({"status": "succeeded", "paid": True, "failure_code": None} | changed),
    )  # fmt: skip


def _captured(world: World, charge: Thing, intent: Thing) -> None:
    """The money is ours: 2.9 % + 30 of it stay with Stripe."""
    fee = (charge["amount"] * 29 + 500) // 1000 + 30
    type = "charge" if charge["id"].startswith("ch_") else "payment"
    entry = world.book(type, charge["amount"], charge["id"], fee=fee, pending=True, category="charge")
    charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
    charge["balance_transaction"] = entry["id"]
    intent |= {"status": "succeeded", "amount_received": charge["amount"], "latest_charge": charge["id"]}
    world.happened("charge.succeeded", charge)
    world.happened("payment_intent.succeeded", intent)


def _complete(world: World, session: Thing, payment_status: str) -> None:
    session |= {"status": "complete", "payment_status": payment_status, "url": None}
    world.happened("checkout.session.completed", session)


ROUTES = (
    ("POST", "/v1/checkout/sessions", create_session),
    ("GET", "/v1/checkout/sessions/{id}", retrieve_session),
    ("POST", "/v1/checkout/sessions/{id}/expire", expire_session),
)
