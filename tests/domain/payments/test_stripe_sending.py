"""Refunds and transfers at Stripe: once, whatever is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from skillyard.app import App
from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.rails.stripe import RAIL
from tests.domain.payments.stripe_makers import a_charge, a_payout, a_refund, an_app
from tests.peers.stripe.faults import Accident
from tests.peers.stripe.peer import DirectOutbound, Peer
from tests.peers.stripe.world import PLATFORM

LOST_AFTER: list[Accident] = ["cut_after", "fail_after"]
LOST_BEFORE: list[Accident] = ["cut_before", "fail_before", "rate_limit"]
DAY_S = 24 * 60 * 60


@pytest.fixture
def app(tmp_path: Path, stripe_peer: Peer) -> Iterator[App]:
    app = an_app(tmp_path, stripe_peer)
    yield app
    app.close()


def made(peer: Peer, kind: str) -> list[dict[str, object]]:
    return peer.world.lists[PLATFORM, kind]


# Refunds


def test_a_refund_goes_back_to_the_card_and_names_ours(app: App, stripe_peer: Peer) -> None:
    charge = a_charge(app, stripe_peer)
    outcome = RAIL.refund(app, a_refund(app, charge, cents=900))
    [refund] = made(stripe_peer, "refund")
    assert outcome == Outcome(state="paid", reference=str(refund["id"]))
    assert (refund["amount"], refund["charge"]) == (900, charge)
    assert refund["metadata"] == {"refund_id": "ref_1", "attempt": "1"}


def test_a_refund_that_takes_its_time_is_submitted_until_it_arrives(app: App, stripe_peer: Peer) -> None:
    stripe_peer.world.refunds_wait = True
    refund = a_refund(app, a_charge(app, stripe_peer))
    submitted = RAIL.refund(app, refund)
    assert submitted.state == "submitted"
    stripe_peer.settle_refund(str(submitted.reference))
    assert RAIL.find_refund(app, refund) == Outcome(state="paid", reference=submitted.reference)


def test_a_refund_that_comes_back_has_failed_and_a_new_attempt_is_another_one(app: App, stripe_peer: Peer) -> None:
    refund = a_refund(app, a_charge(app, stripe_peer))
    stripe_peer.settle_refund(str(RAIL.refund(app, refund).reference), ok=False)
    failed = RAIL.find_refund(app, refund)
    assert (failed.state, failed.why) == ("failed", "lost_or_stolen_card")
    again = RAIL.refund(app, replace(refund, attempt=2))
    assert again.state == "paid"
    assert again.reference != failed.reference


def test_no_more_than_was_paid_can_be_refunded(app: App, stripe_peer: Peer) -> None:
    charge = a_charge(app, stripe_peer)
    assert RAIL.refund(app, a_refund(app, charge, "ref_1", cents=2000)).state == "paid"
    refused = RAIL.refund(app, a_refund(app, charge, "ref_2", cents=901))
    assert refused.state == "failed"
    assert "greater than unrefunded amount on charge ($9.00)" in refused.why
    assert RAIL.refund(app, a_refund(app, charge, "ref_3", cents=900)).state == "paid"
    assert "already been refunded" in RAIL.refund(app, a_refund(app, charge, "ref_4", cents=1)).why


@pytest.mark.parametrize("accident", LOST_AFTER)
def test_a_refund_whose_answer_was_lost_is_unknown_and_then_found(
    app: App, stripe_peer: Peer, accident: Accident
) -> None:
    refund = a_refund(app, a_charge(app, stripe_peer))
    stripe_peer.accidents.order(accident, "/v1/refunds", times=2)
    assert RAIL.refund(app, refund).state == "unknown"
    stripe_peer.accidents.stop()
    [sent] = made(stripe_peer, "refund")
    assert RAIL.find_refund(app, refund) == Outcome(state="paid", reference=str(sent["id"]))
    assert len(made(stripe_peer, "refund")) == 1


# Payouts


def test_a_payout_moves_money_to_the_sellers_account(app: App, stripe_peer: Peer) -> None:
    account = stripe_peer.new_account()
    stripe_peer.fund(10_000)
    payout = a_payout(app, account["id"])
    assert json.loads(str(payout.prepared)) == {"idempotency_key": "po:po_1:1"}
    outcome = RAIL.send_payout(app, payout)
    [transfer] = made(stripe_peer, "transfer")
    assert outcome == Outcome(state="paid", reference=str(transfer["id"]))
    assert (transfer["transfer_group"], transfer["destination"]) == ("po_1", account["id"])
    assert transfer["metadata"] == {"payout_id": "po_1", "attempt": "1"}
    assert (stripe_peer.balance(), stripe_peer.balance(account["id"])) == (7500, 2500)


def test_sending_a_payout_again_pays_once_even_after_stripe_has_forgotten_the_key(app: App, stripe_peer: Peer) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.fund(10_000)
    first = RAIL.send_payout(app, payout)
    stripe_peer.move(3 * DAY_S)
    assert RAIL.send_payout(app, payout) == RAIL.find_payout(app, payout) == first
    assert stripe_peer.balance() == 7500


@pytest.mark.parametrize("accident", LOST_AFTER)
def test_a_payout_whose_answer_was_lost_is_unknown_and_then_found(
    app: App, stripe_peer: Peer, accident: Accident
) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.fund(10_000)
    stripe_peer.accidents.order(accident, "/v1/transfers", times=2)
    assert RAIL.send_payout(app, payout).state == "unknown"
    stripe_peer.accidents.stop()
    [sent] = made(stripe_peer, "transfer")
    assert RAIL.find_payout(app, payout) == Outcome(state="paid", reference=str(sent["id"]))
    assert stripe_peer.balance() == 7500


@pytest.mark.parametrize("accident", LOST_BEFORE)
def test_a_payout_that_never_arrived_is_unknown_and_then_sent(app: App, stripe_peer: Peer, accident: Accident) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.fund(10_000)
    stripe_peer.accidents.order(accident, "/v1/transfers", times=2)
    assert RAIL.send_payout(app, payout).state == "unknown"
    assert made(stripe_peer, "transfer") == []
    stripe_peer.accidents.stop()
    assert RAIL.find_payout(app, payout).state == "paid"
    assert stripe_peer.balance() == 7500


def test_a_payout_over_which_stripe_broke_down_for_good_has_failed_and_can_be_tried_anew(
    app: App, stripe_peer: Peer
) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.fund(10_000)
    stripe_peer.accidents.order("fail_saved", "/v1/transfers")
    assert RAIL.send_payout(app, payout).state == "unknown"
    assert RAIL.find_payout(app, payout).state == "failed"
    assert RAIL.send_payout(app, a_payout(app, payout.destination, attempt=2)).state == "paid"
    assert stripe_peer.balance() == 7500


def test_looking_for_a_payout_says_unknown_while_stripe_is_silent(app: App, stripe_peer: Peer) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.fund(10_000)
    stripe_peer.accidents.order("cut_before", "/v1/transfers", method="GET", times=2)
    assert RAIL.find_payout(app, payout).state == "unknown"
    assert made(stripe_peer, "transfer") == []


def test_an_earlier_request_that_still_runs_is_waited_for(app: App, stripe_peer: Peer) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.fund(10_000)
    stripe_peer.api.in_use.add("po:po_1:1")
    assert RAIL.send_payout(app, payout).state == "unknown"


def test_a_wrong_key_says_nothing_of_what_was_sent_before(app: App, tmp_path: Path, stripe_peer: Peer) -> None:
    payout = a_payout(app, stripe_peer.new_account()["id"])
    stripe_peer.world.secret_key = "sk_test_replaced"
    assert RAIL.send_payout(app, payout).state == "unknown"


def test_without_enough_money_at_stripe_a_payout_fails_and_says_so(app: App, stripe_peer: Peer) -> None:
    account = stripe_peer.new_account()
    a_charge(app, stripe_peer, cents=10_000)  # pending for two days
    outcome = RAIL.send_payout(app, a_payout(app, account["id"]))
    assert outcome.state == "failed"
    assert "insufficient available funds" in outcome.why
    stripe_peer.move(3 * DAY_S)
    assert RAIL.send_payout(app, a_payout(app, account["id"], attempt=2)).state == "paid"


def test_an_account_that_stripe_has_not_cleared_is_not_paid(app: App, stripe_peer: Peer) -> None:
    stripe_peer.fund(10_000)
    outcome = RAIL.send_payout(app, a_payout(app, stripe_peer.new_account(finished=False)["id"]))
    assert outcome.state == "failed"
    assert "capabilities enabled: transfers" in outcome.why


def test_hundreds_of_payouts_through_all_accidents_are_each_paid_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In process, with a fourth of all calls going wrong in every way there is."""
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)
    peer, chance = Peer(settle_s=0), Random(20)
    app = an_app(tmp_path, peer)
    app = replace(app, outbound=DirectOutbound(peer))
    account = peer.new_account()["id"]
    peer.fund(300 * 100)
    accidents: list[Accident] = [*LOST_BEFORE, *LOST_AFTER, "fail_saved"]
    peer.accidents.by_chance(dict.fromkeys(accidents, 0.04), chance)
    for number in range(300):
        attempt, outcome = 1, Outcome(state="unknown")
        while outcome.state != "paid":
            payout = a_payout(app, account, f"po_{number}", cents=100, attempt=attempt)
            outcome = RAIL.find_payout(app, payout)
            attempt += outcome.state == "failed"
    assert (peer.balance(), peer.balance(account)) == (0, 300 * 100)
    app.close()
