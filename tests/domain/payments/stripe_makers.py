"""One line to what the rail for Stripe is asked about, and to an application that asks a peer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from skillyard.app import App
from skillyard.domain.payments.model import (
    Invoice,
    InvoiceStatus,
    Payout,
    PayoutStatus,
    PayTo,
    Price,
    Refund,
    RefundStatus,
)
from skillyard.domain.payments.rail import ProviderEvent
from skillyard.domain.payments.rails.stripe import RAIL
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from tests.makers import make_app
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.webhooks import signed

SECRET = "whsec_test"
MINUTE_MS = 60 * 1000


def an_app(tmp_path: Path, peer: Peer, **settings: Any) -> App:
    """With the peer as its Stripe. Its clock stands still, and is the peer's clock too."""
    stripe = {"stripe_secret_key": "sk_test_peer", "stripe_webhook_secrets": SECRET, "stripe_api_url": peer.url}
    address = {"public_url": "https://skills.example.org", "outbound_http_loopback": True}
    app = make_app(tmp_path, clock=FixedClock(), **(stripe | address | settings))
    peer.world.clock = lambda: app.clock.now_ms() / 1000
    return app


def an_invoice(app: App, id: str = "inv_1", *, cents: int = 2900, attempt: int = 1, minutes: int = 30) -> Invoice:
    now_ms = app.clock.now_ms()
    price = Price(id="prc_1", item="acme/report", mode="fixed_usd", amount=cents, created_ms=now_ms)
    return Invoice(
        id=id, item="acme/report", buyer_id="usr_buyer", seller_id="usr_seller", rail="stripe", price=price,
        asset=Asset.USD, amount=cents, quote=None, memo=None, attempt=attempt, pay_to=PayTo(),
        status=InvoiceStatus.DRAFT, referrer_id=None, fee_bps=1000, referral_bps=500, received=0, created_ms=now_ms,
        expires_ms=now_ms + minutes * MINUTE_MS, paid_ms=None,
    )  # fmt: skip


def opened(app: App, invoice: Invoice) -> Invoice:
    """The invoice, with the page on which it can be paid."""
    return replace(invoice, pay_to=RAIL.open_invoice(app, invoice))


def session_of(invoice: Invoice) -> str:
    assert invoice.pay_to.reference is not None
    return invoice.pay_to.reference


def a_charge(app: App, peer: Peer, id: str = "inv_1", *, cents: int = 2900) -> str:
    """The id of the charge of a paid invoice."""
    return str(peer.pay(session_of(opened(app, an_invoice(app, id, cents=cents))))["id"])


def a_refund(app: App, charge_id: str, id: str = "ref_1", *, cents: int = 2900, attempt: int = 1) -> Refund:
    return Refund(
        id=id, invoice_id="inv_1", buyer_id="usr_buyer", rail="stripe", receipt_reference=charge_id, asset=Asset.USD,
        amount=cents, to_address=None, status=RefundStatus.SUBMITTING, attempt=attempt, prepared="{}", reference=None,
        reason="asked for", why="", requested_ms=app.clock.now_ms(),
    )  # fmt: skip


def a_payout(app: App, account_id: str, id: str = "po_1", *, cents: int = 2500, attempt: int = 1) -> Payout:
    now_ms = app.clock.now_ms()
    payout = Payout(
        id=id, user_id="usr_seller", rail="stripe", method_id="pm_1", destination=account_id, asset=Asset.USD,
        amount=cents, fee=0, status=PayoutStatus.SUBMITTING, attempt=attempt, prepared=None, reference=None, why="",
        requested_ms=now_ms, updated_ms=now_ms,
    )  # fmt: skip
    return replace(payout, prepared=RAIL.prepare_payout(app, payout))


def an_event(kind: str, object_id: str, account: str | None = None) -> ProviderEvent:
    return ProviderEvent(id="evt_1", kind=kind, object_id=object_id, account=account)


def signed_now(app: App, body: bytes, *secrets: str, age_s: int = 0) -> dict[str, str]:
    """Headers as Stripe sends them."""
    return signed(body, list(secrets) or [SECRET], app.clock.now_ms() // 1000 - age_s)
