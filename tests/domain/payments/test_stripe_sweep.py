"""What is found without any webhook: by reading Stripe's own books, and what `doctor` finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments.model import Closed, DisputeMoved, OperatorMoved, PayoutMoved, Receipt, RefundMoved
from skillyard.domain.payments.rails.stripe import RAIL
from skillyard.domain.payments.stripe.asking import StripeSilent
from skillyard.domain.payments.stripe.events import FOLLOWED
from skillyard.infra.clock import FixedClock
from tests.domain.payments.stripe_makers import a_charge, a_payout, a_refund, an_app, an_invoice, opened
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.world import PLATFORM

DAY_S = 24 * 60 * 60


@pytest.fixture
def app(tmp_path: Path, stripe_peer: Peer) -> Iterator[App]:
    app = an_app(tmp_path, stripe_peer)
    yield app
    app.close()


def move(app: App, seconds: int) -> None:
    assert isinstance(app.clock, FixedClock)
    app.clock.move(seconds=seconds)


def caught_up(app: App, cursor: str | None = None) -> str:
    """A cursor that has arrived at the present."""
    while cursor is None or int(cursor) < app.clock.now_ms() // 1000:
        _, cursor = RAIL.sweep(app, cursor)
    return cursor


def test_everything_that_moved_money_is_found_in_order(app: App, stripe_peer: Peer) -> None:
    cursor = caught_up(app)
    stripe_peer.fund(10_000)
    charge = a_charge(app, stripe_peer)
    RAIL.refund(app, a_refund(app, charge, cents=500))
    dispute = stripe_peer.dispute(charge)
    transfer = RAIL.send_payout(app, a_payout(app, stripe_peer.new_account()["id"])).reference
    facts, _ = RAIL.sweep(app, cursor)
    assert [type(fact) for fact in facts] == [OperatorMoved, Receipt, RefundMoved, DisputeMoved, PayoutMoved]
    funded, receipt, refund, disputed, payout = facts
    assert isinstance(funded, OperatorMoved)
    assert isinstance(receipt, Receipt)
    assert isinstance(refund, RefundMoved)
    assert isinstance(disputed, DisputeMoved)
    assert isinstance(payout, PayoutMoved)
    assert (funded.amount, funded.why) == (10_000, "topup")
    assert (receipt.reference, receipt.fee) == (charge, 114)
    assert (refund.refund_id, refund.amount) == ("ref_1", 500)
    assert (disputed.reference, disputed.fee) == (dispute["id"], 1500)
    assert (payout.payout_id, payout.reference) == ("po_1", transfer)


def test_what_moved_no_money_is_found_too(app: App, stripe_peer: Peer) -> None:
    cursor = caught_up(app)
    lost = stripe_peer.dispute(a_charge(app, stripe_peer, "inv_1"))
    opened(app, an_invoice(app, "inv_2"))
    cursor = caught_up(app, cursor)
    move(app, 3 * 3600)
    stripe_peer.move(0)
    stripe_peer.close_dispute(lost["id"], won=False)
    facts, _ = RAIL.sweep(app, cursor)
    assert Closed(rail="stripe", invoice_id="inv_2", why="its page at Stripe has expired") in facts
    assert {fact.state for fact in facts if isinstance(fact, DisputeMoved)} == {"lost"}


def test_a_transfer_that_was_taken_back_is_found(app: App, stripe_peer: Peer) -> None:
    stripe_peer.fund(10_000)
    outcome = RAIL.send_payout(app, a_payout(app, stripe_peer.new_account()["id"]))
    cursor = caught_up(app)
    move(app, 2 * 3600)
    stripe_peer.reverse(str(outcome.reference))
    facts, _ = RAIL.sweep(app, cursor)
    assert {(fact.payout_id, fact.state) for fact in facts if isinstance(fact, PayoutMoved)} == {("po_1", "returned")}


def test_the_last_hour_is_read_again_and_what_is_older_is_not(app: App, stripe_peer: Peer) -> None:
    a_charge(app, stripe_peer)
    cursor = caught_up(app)
    facts, cursor_after = RAIL.sweep(app, cursor)
    assert ([type(fact) for fact in facts], cursor_after) == ([Receipt], cursor)
    move(app, 2 * 3600)
    later = caught_up(app, cursor)
    assert int(later) == int(cursor) + 2 * 3600
    assert RAIL.sweep(app, later) == ([], later)


def test_a_server_that_was_away_for_days_catches_up_a_day_at_a_time(app: App, stripe_peer: Peer) -> None:
    cursor: str | None = caught_up(app)
    for number in range(4):
        a_charge(app, stripe_peer, f"inv_{number}")
        move(app, DAY_S)
    seen, steps = set(), 0
    while int(cursor or 0) < app.clock.now_ms() // 1000:
        facts, cursor = RAIL.sweep(app, cursor)
        seen |= {fact.invoice_id for fact in facts if isinstance(fact, Receipt)}
        steps += 1
    assert (seen, steps) == ({"inv_0", "inv_1", "inv_2", "inv_3"}, 4)


def test_more_than_a_page_of_movements_is_read_whole(app: App, stripe_peer: Peer) -> None:
    cursor = caught_up(app)
    charges = {a_charge(app, stripe_peer, f"inv_{number}") for number in range(130)}
    facts, _ = RAIL.sweep(app, cursor)
    assert {fact.reference for fact in facts if isinstance(fact, Receipt)} == charges


def test_the_first_sweep_says_where_to_begin_even_if_stripe_is_silent(app: App, stripe_peer: Peer) -> None:
    a_charge(app, stripe_peer)
    stripe_peer.accidents.order("cut_before", method="GET", times=99)
    begun = RAIL.sweep(app, None)
    assert begun == ([], str(app.clock.now_ms() // 1000 - DAY_S))
    stripe_peer.accidents.stop()
    assert [type(fact) for fact in RAIL.sweep(app, begun[1])[0]] == [Receipt]


def test_a_sweep_that_stripe_does_not_answer_is_done_again(app: App, stripe_peer: Peer) -> None:
    cursor = caught_up(app)
    stripe_peer.accidents.order("fail_before", "/v1/balance_transactions", method="GET", times=2)
    with pytest.raises(StripeSilent):
        RAIL.sweep(app, cursor)


def test_money_that_names_no_invoice_is_a_receipt_all_the_same(app: App, stripe_peer: Peer) -> None:
    cursor = caught_up(app)
    charge = stripe_peer.world.things[a_charge(app, stripe_peer)]
    charge["metadata"] = {}
    [receipt] = RAIL.sweep(app, cursor)[0]
    assert isinstance(receipt, Receipt)
    assert (receipt.invoice_id, receipt.amount) == (None, 2900)


def test_a_fee_in_another_currency_is_converted_at_stripes_own_rate(app: App, stripe_peer: Peer) -> None:
    cursor = caught_up(app)
    charge = stripe_peer.world.things[a_charge(app, stripe_peer)]
    booked = stripe_peer.world.things[charge["balance_transaction"]]
    booked |= {"currency": "eur", "fee": 100, "exchange_rate": 0.9}
    [receipt] = RAIL.sweep(app, cursor)[0]
    assert isinstance(receipt, Receipt)
    assert receipt.fee == 112


# doctor


def _found(app: App) -> dict[str, tuple[bool, str]]:
    return {check.name: (check.ok, check.detail) for check in RAIL.check(app)}


def test_all_is_well_when_all_is_set_up(app: App, stripe_peer: Peer) -> None:
    stripe_peer.add_endpoint("https://skills.example.org/v1/webhooks/stripe", "whsec_test")
    assert _found(app) == {
        "stripe webhook secrets": (True, "1 set"),
        "stripe key": (True, "test mode: no real money"),
        "stripe clock": (True, "0 s from Stripe's"),
        "stripe account": (True, f"{PLATFORM} in US"),
        "stripe currency": (True, "the balance is kept in usd"),
        "stripe balance": (True, "it goes to your own bank: manual"),
        "stripe webhooks": (True, "1 here"),
    }


def test_every_mistake_of_setting_up_is_named(tmp_path: Path, app: App, stripe_peer: Peer) -> None:
    events = sorted(set(FOLLOWED) - {"refund.failed"})
    stripe_peer.add_endpoint("https://skills.example.org/v1/webhooks/stripe", "whsec_test", events=events)
    stripe_peer.world.currency, stripe_peer.world.own_payouts = "eur", "daily"
    stripe_peer.world.ahead_s = 600
    found = _found(app)
    assert found["stripe webhooks"] == (False, "no endpoint is sent refund.failed")
    assert found["stripe currency"] == (False, "the balance is kept in eur")
    assert found["stripe balance"] == (False, "it goes to your own bank: daily")
    assert found["stripe clock"] == (False, "-600 s from Stripe's")
    no_secret = replace(app, settings=app.settings.model_copy(update={"stripe_secret_key": _secret("pk_test_public")}))
    assert _found(no_secret)["stripe key"] == (False, "this is no secret key of Stripe's")
    wrong = replace(app, settings=app.settings.model_copy(update={"stripe_secret_key": _secret("sk_test_wrong")}))
    assert _found(wrong)["stripe"] == (
        False,
        "Stripe could not be asked: it does not accept our secret key, or not for this.",
    )
    unsigned = replace(app, settings=app.settings.model_copy(update={"stripe_webhook_secrets": _secret("nonsense")}))
    assert not _found(unsigned)["stripe webhook secrets"][0]


def _secret(text: str) -> object:
    from pydantic import SecretStr

    return SecretStr(text)
