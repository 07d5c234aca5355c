"""An invoice at Stripe: the page it is paid on, and what Stripe knows of it. The real SDK, against a peer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments.model import Closed, DisputeMoved, PayTo, Receipt, RefundMoved
from skillyard.domain.payments.rail import rails
from skillyard.domain.payments.rails.stripe import RAIL
from skillyard.domain.payments.stripe.asking import StripeRefused, StripeSilent
from skillyard.infra.money import Asset
from tests.domain.payments.stripe_makers import an_app, an_invoice, opened, session_of
from tests.makers import make_app
from tests.peers.stripe.faults import Accident
from tests.peers.stripe.peer import Peer


@pytest.fixture
def app(tmp_path: Path, stripe_peer: Peer) -> Iterator[App]:
    app = an_app(tmp_path, stripe_peer)
    yield app
    app.close()


def test_the_rail_is_found_and_ready_once_there_is_a_key(tmp_path: Path, app: App) -> None:
    without = make_app(tmp_path / "other")
    assert rails()["stripe"] is RAIL
    assert RAIL.is_ready(app)
    assert not RAIL.is_ready(without)
    assert (RAIL.asset_for("fixed_usd"), RAIL.asset_for("fixed_ton")) == (Asset.USD, None)
    without.close()


def test_an_invoice_becomes_a_page_that_names_it(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    session = stripe_peer.world.things[session_of(invoice)]
    assert invoice.pay_to.checkout_url == f"{stripe_peer.url}/c/pay/{session['id']}"
    assert (session["client_reference_id"], session["metadata"]["invoice_id"]) == ("inv_1", "inv_1")
    assert (session["amount_total"], session["currency"]) == (2900, "usd")
    assert session["success_url"] == session["cancel_url"] == "https://skills.example.org/invoices/inv_1"
    assert stripe_peer.world.hidden[session["id"]]["transfer_group"] == "inv_1"


@pytest.mark.parametrize("minutes", [1, 30, 120, 60 * 24 * 9])
def test_a_page_is_open_as_long_as_the_invoice_within_what_stripe_allows(
    app: App, stripe_peer: Peer, minutes: int
) -> None:
    invoice = opened(app, an_invoice(app, minutes=minutes))
    open_s = stripe_peer.world.things[session_of(invoice)]["expires_at"] - app.clock.now_ms() // 1000
    assert 30 * 60 <= open_s <= 24 * 60 * 60
    assert open_s >= min(minutes * 60, 23 * 60 * 60)


def test_opening_again_gives_the_same_page_and_a_new_attempt_another(app: App, stripe_peer: Peer) -> None:
    first = opened(app, an_invoice(app))
    app.clock.move(seconds=120)  # type: ignore[attr-defined]
    assert opened(app, replace(first, pay_to=PayTo())).pay_to == first.pay_to
    assert opened(app, replace(first, attempt=2)).pay_to != first.pay_to
    assert len(stripe_peer.world.lists["acct_platform", "checkout.session"]) == 2


def test_opening_again_much_later_finds_the_page_although_it_would_now_expire_at_another_time(app: App) -> None:
    invoice = an_invoice(app, minutes=35)
    first = opened(app, invoice)
    app.clock.move(seconds=15 * 60)  # type: ignore[attr-defined]
    assert opened(app, invoice).pay_to == first.pay_to


def test_money_that_came_is_a_receipt_with_the_fee_that_stripe_kept(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    assert RAIL.look(app, invoice) == []
    charge = stripe_peer.pay(session_of(invoice))
    [receipt] = RAIL.look(app, invoice)
    assert isinstance(receipt, Receipt)
    assert (receipt.reference, receipt.invoice_id, receipt.asset) == (charge["id"], "inv_1", Asset.USD)
    assert (receipt.amount, receipt.fee) == (2900, 114)
    assert receipt.details == {"payment_intent": charge["payment_intent"]}
    assert receipt.received_ms == app.clock.now_ms()


def test_a_declined_card_pays_nothing_and_leaves_the_page_open(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    stripe_peer.decline(session_of(invoice))
    assert RAIL.look(app, invoice) == []
    stripe_peer.pay(session_of(invoice))
    assert [type(fact) for fact in RAIL.look(app, invoice)] == [Receipt]


def test_a_completed_page_is_not_paid_until_the_bank_has_paid(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    stripe_peer.pay_later(session_of(invoice))
    assert RAIL.look(app, invoice) == []
    stripe_peer.settle(session_of(invoice))
    [receipt] = RAIL.look(app, invoice)
    assert isinstance(receipt, Receipt)
    assert receipt.amount == 2900


def test_a_bank_that_does_not_pay_closes_the_page(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    stripe_peer.pay_later(session_of(invoice))
    stripe_peer.settle(session_of(invoice), ok=False)
    assert RAIL.look(app, invoice) == [Closed(rail="stripe", invoice_id="inv_1", why="the bank did not pay")]


def test_a_withdrawn_invoice_cannot_be_paid_and_one_that_is_paid_stays_so(app: App, stripe_peer: Peer) -> None:
    open_one, paid_one = opened(app, an_invoice(app, "inv_1")), opened(app, an_invoice(app, "inv_2"))
    stripe_peer.pay(session_of(paid_one))
    for invoice in (open_one, open_one, paid_one):
        RAIL.withdraw_invoice(app, invoice)
    assert [type(fact) for fact in RAIL.look(app, open_one)] == [Closed]
    assert [type(fact) for fact in RAIL.look(app, paid_one)] == [Receipt]


def test_a_page_whose_time_is_over_is_closed(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    app.clock.move(seconds=3600)  # type: ignore[attr-defined]
    assert [type(fact) for fact in RAIL.look(app, invoice)] == [Closed]


def test_all_that_happened_to_a_payment_is_told_at_once(app: App, stripe_peer: Peer) -> None:
    invoice = opened(app, an_invoice(app))
    charge = stripe_peer.pay(session_of(invoice))
    stripe_peer.refund(charge["id"], 900)
    dispute = stripe_peer.dispute(charge["id"])
    receipt, refund, disputed = RAIL.look(app, invoice)
    assert isinstance(receipt, Receipt)
    assert isinstance(refund, RefundMoved)
    assert (refund.refund_id, refund.amount, refund.state) == (None, 900, "paid")
    assert disputed == DisputeMoved(
        rail="stripe", reference=dispute["id"], receipt_reference=charge["id"], amount=2000, state="open", fee=1500
    )


@pytest.mark.parametrize("accident", ["cut_before", "fail_before", "rate_limit"])
def test_when_stripe_is_silent_nobody_was_told_and_asking_again_makes_one_page(
    app: App, stripe_peer: Peer, accident: Accident
) -> None:
    stripe_peer.accidents.order(accident, "/v1/checkout/sessions", times=2)
    with pytest.raises(StripeSilent):
        RAIL.open_invoice(app, an_invoice(app))
    stripe_peer.accidents.stop()
    RAIL.open_invoice(app, an_invoice(app))
    assert len(stripe_peer.world.lists["acct_platform", "checkout.session"]) == 1


@pytest.mark.parametrize("accident", ["cut_after", "fail_after"])
def test_a_page_that_was_made_although_the_answer_was_lost_is_found_again(
    app: App, stripe_peer: Peer, accident: Accident
) -> None:
    invoice = an_invoice(app)
    stripe_peer.accidents.order(accident, "/v1/checkout/sessions", times=2)
    with pytest.raises(StripeSilent):
        RAIL.open_invoice(app, invoice)
    [made] = stripe_peer.world.lists["acct_platform", "checkout.session"]
    stripe_peer.accidents.stop()
    assert RAIL.open_invoice(app, invoice).reference == made["id"]
    stripe_peer.pay(made["id"])
    assert [type(fact) for fact in RAIL.look(app, invoice)] == [Receipt]  # also without knowing its page


def test_a_lost_page_can_be_closed_without_knowing_it(app: App, stripe_peer: Peer) -> None:
    invoice = an_invoice(app)
    opened(app, invoice)
    RAIL.withdraw_invoice(app, invoice)
    [made] = stripe_peer.world.lists["acct_platform", "checkout.session"]
    assert made["status"] == "expired"
    RAIL.withdraw_invoice(app, an_invoice(app, "inv_unknown"))


def test_what_stripe_will_not_sell_is_refused_in_its_words(app: App) -> None:
    with pytest.raises(StripeRefused, match=r"at least \$0.50"):
        RAIL.open_invoice(app, an_invoice(app, cents=20))


def test_a_wrong_key_is_said_without_showing_it(tmp_path: Path, stripe_peer: Peer) -> None:
    app = an_app(tmp_path, stripe_peer, stripe_secret_key="sk_test_someone_else")
    with pytest.raises(StripeSilent, match="does not accept our secret key") as caught:
        RAIL.open_invoice(app, an_invoice(app))
    assert "someone" not in str(caught.value)
    app.close()


def test_calls_go_through_the_guarded_door_only(tmp_path: Path, stripe_peer: Peer) -> None:
    app = make_app(tmp_path, stripe_secret_key="sk_test_peer", stripe_api_url=stripe_peer.url)
    with pytest.raises(StripeSilent, match="does not call"):
        RAIL.open_invoice(app, an_invoice(app))
    assert stripe_peer.api.calls == []
    app.close()
