"""Events from Stripe: which are believed, and what is so now of what they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments.errors import WebhookNotValid
from skillyard.domain.payments.model import AccountMoved, Closed, DisputeMoved, Fact, PayoutMoved, Receipt, RefundMoved
from skillyard.domain.payments.rail import ProviderEvent
from skillyard.domain.payments.rails.stripe import RAIL
from skillyard.domain.payments.stripe.asking import StripeSilent
from tests.domain.payments.stripe_makers import (
    SECRET,
    a_charge,
    a_payout,
    a_refund,
    an_app,
    an_event,
    an_invoice,
    opened,
    session_of,
    signed_now,
)
from tests.peers.stripe.peer import Peer

PAID = b'{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}'
OURS = "https://skills.example.org/api/v1/webhooks/stripe"


@pytest.fixture
def app(tmp_path: Path, stripe_peer: Peer) -> Iterator[App]:
    app = an_app(tmp_path, stripe_peer)
    yield app
    app.close()


class Inbox:
    """What the peer delivers: each event is verified, and followed up at once."""

    def __init__(self, app: App, peer: Peer) -> None:
        self.events: list[ProviderEvent] = []
        self.facts: list[Fact] = []
        self._app, self._peer = app, peer
        peer.webhooks.send, peer.webhooks.by_itself = self._receive, False
        peer.add_endpoint(OURS, SECRET)
        peer.add_endpoint(OURS, SECRET, connect=True)

    def _receive(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        event = RAIL.read_event(self._app, headers, body)
        if event:
            self.events.append(event)
            self.facts += RAIL.follow_up(self._app, event)
        return 200

    def all(self) -> list[Fact]:
        """The different facts so far, each once, in the order in which they were first told."""
        while self._peer.webhooks.queue:
            self._peer.webhooks.deliver()
        return [fact for place, fact in enumerate(self.facts) if fact not in self.facts[:place]]


@pytest.fixture
def inbox(app: App, stripe_peer: Peer) -> Inbox:
    return Inbox(app, stripe_peer)


# Which are believed


def test_an_event_that_one_of_our_secrets_signed_is_read(tmp_path: Path, stripe_peer: Peer) -> None:
    app = an_app(tmp_path, stripe_peer, stripe_webhook_secrets="whsec_old whsec_new")
    for secret in ("whsec_old", "whsec_new"):
        event = RAIL.read_event(app, signed_now(app, PAID, secret), PAID)
        assert event == ProviderEvent(id="evt_1", kind="checkout.session.completed", object_id="cs_1")
    assert RAIL.read_event(app, signed_now(app, PAID, "whsec_other", "whsec_new"), PAID)
    app.close()


def test_an_event_is_believed_for_five_minutes_only(app: App) -> None:
    assert RAIL.read_event(app, signed_now(app, PAID, age_s=299), PAID)
    with pytest.raises(WebhookNotValid, match="more than five minutes ago"):
        RAIL.read_event(app, signed_now(app, PAID, age_s=301), PAID)


def _forgeries(app: App) -> Iterator[tuple[dict[str, str], bytes]]:
    good = signed_now(app, PAID)["stripe-signature"]
    t, v1 = good.split(",")
    old = signed_now(app, PAID, age_s=3600)["stripe-signature"]
    yield {}, PAID
    yield {"stripe-signature": ""}, PAID
    yield {"stripe-signature": good}, PAID + b" "
    yield {"stripe-signature": good}, PAID.replace(b"cs_1", b"cs_2")
    yield {"stripe-signature": good}, b"\xff\xfe" + PAID
    yield signed_now(app, PAID, "whsec_wrong"), PAID
    yield {"stripe-signature": f"{t},{v1.replace('v1', 'v0')}"}, PAID
    yield {"stripe-signature": f"t=9{t[2:]},{v1}"}, PAID
    yield {"stripe-signature": v1}, PAID
    yield {"stripe-signature": f"{t},v1=é"}, PAID
    yield {"stripe-signature": "t=" + "9" * 5000 + f",{v1}"}, PAID
    yield {"stripe-signature": f"{old.split(',')[0]}=x,{good},{old.split(',')[1]}"}, PAID
    yield {"stripe-signature": f"{old.split(',')[0]},{t},{old.split(',')[1]}"}, PAID


def test_forged_altered_and_replayed_events_are_refused(app: App) -> None:
    forgeries = list(_forgeries(app))
    for headers, body in forgeries:
        with pytest.raises(WebhookNotValid):
            RAIL.read_event(app, headers, body)
    assert len(forgeries) == 13


def test_without_a_secret_no_event_is_believed(tmp_path: Path, stripe_peer: Peer) -> None:
    app = an_app(tmp_path, stripe_peer, stripe_webhook_secrets="")
    with pytest.raises(WebhookNotValid, match="no webhook secret"):
        RAIL.read_event(app, signed_now(app, PAID, ""), PAID)
    app.close()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{}", b'"text"', b'{"type": "charge.refunded"}', b'{"type": ["charge.refunded"]}',
        b'{"id": "evt_1", "type": "charge.refunded", "data": {"object": {"id": "../v1/accounts"}}}',
        b'{"id": "evt_1", "type": "charge.refunded", "data": {"object": {"id": 7}}}',
        b'{"id": "", "type": "charge.refunded", "data": {"object": {"id": "ch_1"}}}',
        b'{"id": "evt_1", "type": "payout.paid", "account": "a/b", "data": {"object": {"id": "po_1"}}}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_signed_but_no_event_is_refused(app: App, body: bytes) -> None:
    with pytest.raises(WebhookNotValid):
        RAIL.read_event(app, signed_now(app, body), body)


def test_events_that_we_have_no_use_for_are_passed_over(app: App) -> None:
    body = json.dumps({"id": "evt_1", "type": "balance.available", "data": {"object": {"object": "balance"}}}).encode()
    assert RAIL.read_event(app, signed_now(app, body), body) is None


# What is so now


def test_a_payment_is_told_by_its_page(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    charge = a_charge(app, stripe_peer)
    [receipt] = inbox.all()
    assert isinstance(receipt, Receipt)
    assert (receipt.reference, receipt.invoice_id, receipt.fee) == (charge, "inv_1", 114)
    assert [event.kind for event in inbox.events] == ["checkout.session.completed"]


def test_a_payment_by_bank_is_told_when_it_came_or_when_it_did_not(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    pages = [session_of(opened(app, an_invoice(app, id))) for id in ("inv_1", "inv_2")]
    for page in pages:
        stripe_peer.pay_later(page)
    assert inbox.all() == []
    stripe_peer.settle(pages[0])
    stripe_peer.settle(pages[1], ok=False)
    receipt, closed = inbox.all()
    assert isinstance(receipt, Receipt)
    assert receipt.invoice_id == "inv_1"
    assert closed == Closed(rail="stripe", invoice_id="inv_2", why="the bank did not pay")


def test_a_page_that_expired_is_told(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    opened(app, an_invoice(app))
    stripe_peer.move(3600)
    assert inbox.all() == [Closed(rail="stripe", invoice_id="inv_1", why="its page at Stripe has expired")]


def test_refunds_are_told_ours_by_name_and_those_of_the_dashboard_without(
    app: App, stripe_peer: Peer, inbox: Inbox
) -> None:
    charge = a_charge(app, stripe_peer)
    RAIL.refund(app, a_refund(app, charge, cents=500))
    stripe_peer.refund(charge, 300)
    moved = [fact for fact in inbox.all() if isinstance(fact, RefundMoved)]
    assert sorted((fact.refund_id or "", fact.amount, fact.state) for fact in moved) == [
        ("", 300, "paid"),
        ("ref_1", 500, "paid"),
    ]
    assert {fact.receipt_reference for fact in moved} == {charge}


def test_a_refund_that_comes_back_is_told(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    outcome = RAIL.refund(app, a_refund(app, a_charge(app, stripe_peer)))
    inbox.all()
    stripe_peer.settle_refund(str(outcome.reference), ok=False)
    last = inbox.all()[-1]
    assert isinstance(last, RefundMoved)
    assert (last.refund_id, last.state, last.why) == ("ref_1", "failed", "lost_or_stolen_card")


@pytest.mark.parametrize("won", [True, False])
def test_a_dispute_is_told_when_it_opens_and_when_it_closes(
    app: App, stripe_peer: Peer, inbox: Inbox, won: bool
) -> None:
    charge = a_charge(app, stripe_peer)
    dispute = stripe_peer.dispute(charge)
    opened_as = [fact for fact in inbox.all() if isinstance(fact, DisputeMoved)]
    stripe_peer.close_dispute(dispute["id"], won=won)
    closed_as = inbox.all()[-1]
    assert opened_as == [
        DisputeMoved(
            rail="stripe", reference=dispute["id"], receipt_reference=charge, amount=2900, state="open", fee=1500
        )
    ]
    assert isinstance(closed_as, DisputeMoved)
    assert (closed_as.state, closed_as.fee) == ("won" if won else "lost", 1500)


def test_a_dispute_is_not_told_before_the_money_is_taken(app: App, stripe_peer: Peer) -> None:
    """Its fee is not known until then."""
    dispute = stripe_peer.dispute(a_charge(app, stripe_peer))
    booked, dispute["balance_transactions"] = dispute["balance_transactions"], []
    event = an_event("charge.dispute.created", dispute["id"])
    assert RAIL.follow_up(app, event) == []
    dispute["balance_transactions"] = booked
    assert [type(fact) for fact in RAIL.follow_up(app, event)] == [DisputeMoved]


def test_a_mere_inquiry_of_the_bank_is_no_dispute(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    dispute = stripe_peer.dispute(a_charge(app, stripe_peer), inquiry=True)
    stripe_peer.close_dispute(dispute["id"], won=True)
    assert [type(fact) for fact in inbox.all()] == [Receipt]


def test_a_transfer_is_told_when_it_is_made_and_when_it_is_taken_back(
    app: App, stripe_peer: Peer, inbox: Inbox
) -> None:
    stripe_peer.fund(10_000)
    outcome = RAIL.send_payout(app, a_payout(app, stripe_peer.new_account()["id"]))
    transfer = str(outcome.reference)
    inbox.all()
    stripe_peer.reverse(transfer, 1000)
    inbox.all()
    stripe_peer.reverse(transfer)
    moved = [fact for fact in inbox.all() if isinstance(fact, PayoutMoved)]
    assert [(fact.payout_id, fact.reference, fact.state) for fact in moved] == [
        ("po_1", transfer, "paid"), ("po_1", transfer, "paid"), ("po_1", transfer, "returned"),
    ]  # fmt: skip
    assert moved[1].why == "1000 of 2500 cents were taken back at Stripe"


def test_a_sellers_account_is_told_as_it_goes_through_its_life(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    account = RAIL.open_account(app, user_id="usr_seller", country="us").account_id
    stripe_peer.finish_onboarding(account)
    inbox.all()
    stripe_peer.restrict(account)
    inbox.all()
    stripe_peer.disconnect(account)
    moved = [fact.account for fact in inbox.all() if isinstance(fact, AccountMoved)]
    assert [(one.account_id, one.status) for one in moved] == [
        (account, "active"), (account, "restricted"), (account, "disconnected"),
    ]  # fmt: skip
    assert moved[1].requirements_errors == ("The image supplied is not readable.",)


def test_a_seller_whose_bank_refuses_the_money_is_looked_at_again(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    account = stripe_peer.new_account()["id"]
    stripe_peer.fund(10_000)
    RAIL.send_payout(app, a_payout(app, account))
    headers = {"authorization": "Bearer sk_test_peer", "stripe-account": account}
    stripe_peer.call("POST", "/v1/payouts", "", "amount=2500&currency=usd", headers)
    [payout] = stripe_peer.world.lists[account, "payout"]
    stripe_peer.settle_payout(payout["id"], ok=False)
    inbox.all()
    assert ("payout.failed", account) in [(event.kind, event.account) for event in inbox.events]
    assert stripe_peer.balance(account) == 2500


def test_order_and_number_of_events_do_not_matter(app: App, stripe_peer: Peer, inbox: Inbox) -> None:
    stripe_peer.webhooks.weather.duplicates = 0.5
    stripe_peer.webhooks.weather.reorder = True
    charges = [a_charge(app, stripe_peer, f"inv_{number}") for number in range(5)]
    for charge in charges:
        stripe_peer.refund(charge, 100)
        stripe_peer.close_dispute(stripe_peer.dispute(charge)["id"], won=True)
    told = inbox.all()
    assert len(inbox.events) > 5 * 6
    assert {fact.reference for fact in told if isinstance(fact, Receipt)} == set(charges)
    assert sum(isinstance(fact, RefundMoved) for fact in told) == 5
    assert {fact.state for fact in told if isinstance(fact, DisputeMoved)} == {"won"}  # what is so now, not then


def test_an_event_about_what_is_not_there_says_nothing(app: App) -> None:
    kinds = {"checkout.session.completed": "cs_1", "charge.refunded": "ch_1", "transfer.created": "tr_1"}
    assert [RAIL.follow_up(app, an_event(kind, id)) for kind, id in kinds.items()] == [[], [], []]


def test_following_up_while_stripe_is_silent_fails_so_that_it_is_done_again(app: App, stripe_peer: Peer) -> None:
    page = session_of(opened(app, an_invoice(app)))
    stripe_peer.pay(page)
    stripe_peer.accidents.order("cut_before", method="GET", times=2)
    with pytest.raises(StripeSilent):
        RAIL.follow_up(app, an_event("checkout.session.completed", page))
    assert [type(fact) for fact in RAIL.follow_up(app, an_event("checkout.session.completed", page))] == [Receipt]
