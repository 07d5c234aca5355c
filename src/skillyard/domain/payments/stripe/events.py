"""Webhooks: is an event Stripe's, and what is so now of the object that it is about.

Stripe promises neither order nor a single delivery, so nothing of an event is believed but which object to look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import orjson

from skillyard.app import App
from skillyard.domain.payments.errors import WebhookNotValid
from skillyard.domain.payments.model import AccountMoved, ConnectAccount, Fact
from skillyard.domain.payments.rail import ProviderEvent
from skillyard.domain.payments.stripe import reading
from skillyard.domain.payments.stripe.accounts import StripeAccountNotFound, find_account
from skillyard.domain.payments.stripe.asking import StripeRefused, Thing, ask, ask_all, open_client
from skillyard.domain.payments.stripe.checkout import fetch_session

if TYPE_CHECKING:
    from stripe import StripeClient

TOLERANCE_S = 300
_SIGNATURE = re.compile(r"t=([0-9]{1,12})(,[a-z0-9]{1,8}=[0-9a-zA-Z]{1,128})+", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_MOST = 500


def read_event(app: App, headers: Mapping[str, str], body: bytes) -> ProviderEvent | None:
    """The event in a request, when one of our secrets signed it in the last minutes. Raises WebhookNotValid."""
    _verify(app, headers.get("stripe-signature", ""), body)
    try:
        event = orjson.loads(body)
        kind, about, account = event["type"], event["data"]["object"], event.get("account")
        if kind not in FOLLOWED:
            return None
        ids = [event["id"], about["id"], account or ""]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WebhookNotValid(why="it is not an event of Stripe's") from None
    if not all(isinstance(id, str) and (_ID.fullmatch(id) or not id) for id in ids) or not ids[0] or not ids[1]:
        raise WebhookNotValid(why="it names no object of Stripe's")
    return ProviderEvent(id=ids[0], kind=kind, object_id=ids[1], account=account)


def _verify(app: App, header: str, body: bytes) -> None:
    """https://docs.stripe.com/webhooks#verify-manually; the time is compared with our own clock."""
    import stripe

    secrets = app.settings.stripe_webhook_secrets.get_secret_value().split()
    if not secrets:
        raise WebhookNotValid(why="this server has no webhook secret of Stripe's")
    match = _SIGNATURE.fullmatch(header)
    if match is None:
        raise WebhookNotValid(why="it has no signature of Stripe's")
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        if int(match[1]) < app.clock.now_ms() // 1000 - TOLERANCE_S:
            raise WebhookNotValid(why="it was signed more than five minutes ago")
        return
    raise WebhookNotValid(why="its signature is wrong")


def follow_up(app: App, event: ProviderEvent) -> list[Fact]:
    """What is so now of what the event is about; nothing if that is not there any more. Raises StripeSilent."""
    try:
        return FOLLOWED[event.kind](app, event) if event.kind in FOLLOWED else []
    except StripeRefused as refused:
        if refused.facts["reason"] == "resource_missing":
            return []
        raise


def facts_of_session(app: App, session: Thing) -> list[Fact]:
    """`session` with all of `EXPANDED` in it."""
    closed = reading.read_closed(session)
    charge = (session.get("payment_intent") or {}).get("latest_charge")
    found: list[Fact] = [closed] if closed else []
    return found + (facts_of_charge(open_client(app), charge) if charge else [])


def facts_of_charge(client: StripeClient, charge: Thing) -> list[Fact]:
    """The money that came, and what of it went back or is in dispute. `balance_transaction` is in it."""
    found: list[Fact | None] = [reading.read_receipt(charge)]
    of_it = charge["id"]
    if charge["amount_refunded"]:
        listed = ask_all(lambda: client.v1.refunds.list({"charge": of_it, "limit": 100}), most=_MOST)
        found += [reading.read_refund(refund) for refund in reversed(listed)]
    if charge["disputed"]:
        listed = ask_all(lambda: client.v1.disputes.list({"charge": of_it, "limit": 100}), most=_MOST)
        found += [reading.read_dispute(dispute) for dispute in reversed(listed)]
    return [fact for fact in found if fact]


def _follow_session(app: App, event: ProviderEvent) -> list[Fact]:
    return facts_of_session(app, fetch_session(open_client(app), event.object_id))


def _follow_charge(app: App, event: ProviderEvent) -> list[Fact]:
    client = open_client(app)
    charge = ask(lambda: client.v1.charges.retrieve(event.object_id, {"expand": ["balance_transaction"]}))
    return facts_of_charge(client, charge)


def _follow_refund(app: App, event: ProviderEvent) -> list[Fact]:
    client = open_client(app)
    moved = reading.read_refund(ask(lambda: client.v1.refunds.retrieve(event.object_id)))
    return [moved] if moved else []


def _follow_dispute(app: App, event: ProviderEvent) -> list[Fact]:
    client = open_client(app)
    moved = reading.read_dispute(ask(lambda: client.v1.disputes.retrieve(event.object_id)))
    return [moved] if moved else []


def _follow_transfer(app: App, event: ProviderEvent) -> list[Fact]:
    client = open_client(app)
    moved = reading.read_transfer(ask(lambda: client.v1.transfers.retrieve(event.object_id)))
    return [moved] if moved else []


def _follow_account(app: App, event: ProviderEvent) -> list[Fact]:
    """The account of a seller, also after it took our access away."""
    if event.account is None:
        return []  # the platform's own
    try:
        account = find_account(app, event.account)
    except StripeAccountNotFound:
        now_ms = app.clock.now_ms()
        account = ConnectAccount(account_id=event.account, user_id="", status="disconnected", synced_ms=now_ms)
    return [AccountMoved(rail=reading.NAME, account=account)]


FOLLOWED: Mapping[str, Callable[[App, ProviderEvent], list[Fact]]] = {
    **dict.fromkeys(
        (
            "checkout.session.completed", "checkout.session.async_payment_succeeded",
            "checkout.session.async_payment_failed", "checkout.session.expired",
        ),
        _follow_session,
    ),
    **dict.fromkeys(("charge.refunded", "charge.updated"), _follow_charge),
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"), _follow_refund),
    **dict.fromkeys(
        (
            "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
            "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
        ),
        _follow_dispute,
    ),
    **dict.fromkeys(("transfer.created", "transfer.updated", "transfer.reversed"), _follow_transfer),
    **dict.fromkeys(
        ("account.updated", "account.application.deauthorized", "payout.paid", "payout.failed"), _follow_account
    ),
}  # fmt: skip
"""Every event that we have a use for."""
