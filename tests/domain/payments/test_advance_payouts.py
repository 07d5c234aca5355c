"""Sending payouts: whatever dies, is lost, late or done twice, nobody is paid twice and no money disappears."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.advance_payouts import advance, advance_all
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.model import Payout, PayoutMoved, PayoutStatus
from skillyard.domain.payments.payout_checks import check_payouts
from skillyard.domain.payments.payout_errors import PayoutNotWaiting
from skillyard.domain.payments.payout_methods import set_ton_wallet
from skillyard.domain.payments.payout_model import ALLOWED
from skillyard.domain.payments.payout_states import apply_payout, move
from skillyard.domain.payments.payouts import approve_payout, cancel_payout, get_payout, request_payout
from skillyard.domain.payments.store import payout_methods
from skillyard.infra.errors import Unavailable
from skillyard.infra.events import read_after
from skillyard.infra.money import Asset
from tests.domain.payments.dying import DyingDatabase, dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.payments.sellers import TON, Market
from tests.makers import make_app

LEASE_S = 121


def a_payout(market: Market, amount: str = "25", name: str = "sal") -> tuple[Caller, Payout]:
    seller = market.with_wallet(market.seller(name), ton=100 * TON)
    return seller, ask(market, seller, amount)


def ask(market: Market, seller: Caller, amount: str = "25") -> Payout:
    return request_payout(market.app, seller, amount=amount, asset=Asset.TON, kind="ton")


def work(market: Market, *, rounds: int = 1, pause_s: float = 0) -> None:
    """What the periodic job does, so many times, the clock moving on in between."""
    for _ in range(rounds):
        market.clock.move(seconds=pause_s)
        advance_all(market.app)


def told(
    market: Market,
    payout: Payout,
    state: Literal["paid", "failed", "returned"],
    reference: str = "",
    *,
    fee: int = 0,
) -> None:
    """A webhook brings a fact."""
    ref = reference or f"ref-{payout.id}:1"
    moved = PayoutMoved(rail="ton", payout_id=payout.id, reference=ref, state=state, fee=fee)
    with market.app.database.transaction() as tx:
        for event in apply_payout(tx, moved, market.clock.now_ms()):
            market.app.events.record(tx, event)


def path_of(market: Market, seller: Caller, payout: Payout) -> list[str]:
    return [step.to_status.value for step in get_payout(market.app, seller, payout_id=payout.id)[1]]


def test_an_approved_payout_is_sent_and_paid(market: Market) -> None:
    seller, payout = a_payout(market)
    work(market)
    paid = market.payout(payout)
    assert (paid.status, paid.reference, paid.fee) == (PayoutStatus.PAID, f"ref-{payout.id}:1", 3)
    assert path_of(market, seller, payout) == ["requested", "approved", "submitting", "paid"]
    ton = get_balance(market.app, seller).assets[1]
    assert (ton.available, ton.held, ton.lifetime_paid_out) == (75 * TON, 0, 25 * TON)
    with market.app.database.reading() as tx:
        kinds = [event.kind for event in read_after(tx, 0) if event.kind.startswith("payout.")]
    assert kinds == ["payout.requested", "payout.paid"]


def test_what_was_prepared_is_committed_before_the_provider_is_asked(market: Market) -> None:
    _, payout = a_payout(market)
    seen: list[Payout] = []
    market.bank.during["send"] = lambda: seen.append(market.payout(payout))
    work(market)
    assert (seen[0].status, seen[0].attempt) == (PayoutStatus.SUBMITTING, 1)
    assert seen[0].prepared == f'{{"key":"{payout.id}:1"}}'


def test_a_timeout_that_was_paid_in_truth_is_found_paid(market: Market) -> None:
    _, payout = a_payout(market)
    market.bank.script = ["lost"]
    market.bank.is_blind = True
    work(market)
    assert market.payout(payout).status is PayoutStatus.UNKNOWN
    market.bank.is_blind = False
    work(market, pause_s=LEASE_S)
    assert market.payout(payout).status is PayoutStatus.PAID


def test_a_timeout_that_was_not_paid_is_sent_again_with_the_same_key(market: Market) -> None:
    _, payout = a_payout(market)
    market.bank.script = ["cut"]
    work(market)
    assert market.payout(payout).status is PayoutStatus.UNKNOWN
    work(market, pause_s=LEASE_S)
    assert market.payout(payout).status is PayoutStatus.PAID
    assert list(market.bank.paid) == [f"{payout.id}:1"]


def test_an_attempt_that_can_never_be_paid_is_followed_by_another(market: Market) -> None:
    seller, payout = a_payout(market)
    market.bank.script = ["cut"]
    work(market)
    market.bank.expire(market.payout(payout))
    work(market, rounds=2, pause_s=LEASE_S)
    assert market.payout(payout).status is PayoutStatus.PAID
    assert list(market.bank.paid) == [f"{payout.id}:2"]
    assert path_of(market, seller, payout)[2:] == ["submitting", "unknown", "approved", "submitting", "paid"]


def test_after_five_attempts_the_money_is_given_back(market: Market) -> None:
    seller, payout = a_payout(market)
    for _ in range(5):
        market.bank.script = ["cut"]
        work(market, pause_s=LEASE_S)
        market.bank.expire(market.payout(payout))
        work(market, pause_s=LEASE_S)
    failed = market.payout(payout)
    assert (failed.status, failed.attempt, failed.why) == (PayoutStatus.FAILED, 5, "it ran out of time")
    assert get_balance(market.app, seller).assets[1].available == 100 * TON


def test_a_refusal_gives_the_money_back_and_says_why(market: Market) -> None:
    seller, payout = a_payout(market)
    market.bank.script = ["refused"]
    work(market, rounds=2, pause_s=LEASE_S)
    failed = market.payout(payout)
    assert (failed.status, failed.why) == (PayoutStatus.FAILED, "the wallet is frozen")
    assert get_balance(market.app, seller).assets[1].available == 100 * TON
    assert market.bank.calls.count("send") == 1


def test_what_is_accepted_is_submitted_until_it_is_paid(market: Market) -> None:
    seller, payout = a_payout(market)
    market.bank.script = ["accepted"]
    work(market, rounds=2, pause_s=LEASE_S)
    assert market.payout(payout).status is PayoutStatus.SUBMITTED
    market.bank.settle()
    work(market, pause_s=600)
    assert path_of(market, seller, payout)[2:] == ["submitting", "submitted", "paid"]


@pytest.mark.parametrize("sending", ["done", "lost", "cut", "accepted", "refused", "killed_before", "killed_after"])
def test_a_worker_that_dies_between_any_two_steps_loses_and_doubles_nothing(market: Market, sending: str) -> None:
    """One dies before or after each of its commits in turn, and perhaps at the call; the next ones finish the work."""
    for dies_at, after in product((1, 2, 3, 4), (False, True)):
        _, payout = a_payout(market, name=f"seller{dies_at}{after}".lower())
        market.bank.script = [sending]
        with suppress(Killed):
            advance(dying(market.app, dies_at=dies_at, after=after), payout.id)
        market.check()
        with suppress(Killed):
            work(market, pause_s=LEASE_S)
        market.check()
        market.bank.settle()
        work(market, rounds=4, pause_s=LEASE_S)
        finished = market.payout(payout)
        assert finished.status is PayoutStatus.PAID or (sending, finished.status) == ("refused", PayoutStatus.FAILED)


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
def test_a_request_that_dies_holds_all_or_nothing(market: Market, after: bool) -> None:
    seller = market.with_wallet(market.seller(), ton=100 * TON)
    mortal = dying(market.app, dies_at=1, after=after)
    with pytest.raises(Killed):
        request_payout(mortal, seller, amount="25", asset=Asset.TON, kind="ton", key="k")
    assert isinstance(mortal.database, DyingDatabase)
    assert mortal.database.is_dead
    market.check()
    again = request_payout(market.app, seller, amount="25", asset=Asset.TON, kind="ton", key="k")
    work(market)
    assert market.payout(again).status is PayoutStatus.PAID
    assert get_balance(market.app, seller).assets[1].available == 75 * TON


def test_two_workers_at_once_send_once(market: Market) -> None:
    _, payout = a_payout(market)
    at_once(lambda: advance(market.app, payout.id), times=8)
    assert market.payout(payout).status is PayoutStatus.PAID
    assert market.bank.calls.count("send") == 1


def test_a_worker_leaves_alone_what_another_one_works_on(market: Market) -> None:
    _, payout = a_payout(market)
    market.bank.during["send"] = lambda: advance(market.app, payout.id)
    work(market)
    assert market.bank.calls == ["prepare", "send"]
    assert market.payout(payout).status is PayoutStatus.PAID


def test_two_nodes_at_once_advance_many(market: Market, tmp_path: Path) -> None:
    made = [a_payout(market, name=f"seller{number}")[1] for number in range(6)]
    settings = market.app.settings
    other = make_app(tmp_path, clock=market.clock, database_url=settings.database_url, payout_cooling_hours=0)
    nodes = iter([market.app, other] * 2)
    at_once(lambda: advance_all(next(nodes)), times=4)
    assert {market.payout(one).status for one in made} == {PayoutStatus.PAID}
    assert market.bank.calls.count("send") == 6
    other.close()


def test_a_worker_that_slept_through_its_time_changes_nothing(market: Market) -> None:
    """It has the answer to an attempt that others have finished meanwhile."""
    _, payout = a_payout(market)

    def sleep() -> None:
        market.clock.move(seconds=LEASE_S)
        advance(market.app, payout.id)

    market.bank.during["send"] = sleep
    work(market)
    assert market.payout(payout).status is PayoutStatus.PAID
    assert list(market.bank.paid) == [f"{payout.id}:1"]


def test_a_slow_refusal_does_not_undo_what_somebody_else_found(market: Market) -> None:
    seller, payout = a_payout(market)

    def sleep() -> None:
        market.clock.move(seconds=LEASE_S)
        market.bank.script = ["accepted"]
        advance(market.app, payout.id)
        market.bank.script = ["denied"]

    market.bank.during["send"] = sleep
    work(market)
    assert market.payout(payout).status is PayoutStatus.SUBMITTED
    market.bank.settle()
    work(market, pause_s=600)
    assert path_of(market, seller, payout)[2:] == ["submitting", "submitted", "paid"]


def test_a_payout_that_is_on_its_way_cannot_be_cancelled(market: Market) -> None:
    seller, payout = a_payout(market)
    refusals: list[Exception] = []

    def cancel() -> None:
        with pytest.raises(PayoutNotWaiting) as refusal:
            cancel_payout(market.app, seller, payout_id=payout.id)
        refusals.append(refusal.value)

    market.bank.during["send"] = cancel
    work(market)
    assert len(refusals) == 1
    assert market.payout(payout).status is PayoutStatus.PAID


def test_a_payout_that_is_cancelled_while_it_is_prepared_is_not_sent(market: Market) -> None:
    seller, payout = a_payout(market)
    market.bank.during["prepare"] = lambda: cancel_payout(market.app, seller, payout_id=payout.id) and None
    work(market, rounds=2, pause_s=LEASE_S)
    assert market.payout(payout).status is PayoutStatus.CANCELLED
    assert "send" not in market.bank.calls


def test_a_provider_that_is_away_keeps_payouts_waiting(market: Market) -> None:
    def away() -> None:
        raise Unavailable

    _, payout = a_payout(market)
    market.bank.during["prepare"] = away
    work(market)
    waiting = market.payout(payout)
    assert (waiting.status, waiting.why) == (PayoutStatus.APPROVED, "This cannot be done right now.")
    work(market)
    assert market.payout(payout).status is PayoutStatus.APPROVED
    work(market, pause_s=6)
    assert market.payout(payout).status is PayoutStatus.PAID


def test_one_payout_that_cannot_be_advanced_does_not_stop_the_others(market: Market) -> None:
    def bug() -> None:
        raise ValueError("a bug")

    made = [a_payout(market, name=name)[1] for name in ("one", "two", "three")]
    market.bank.during["send"] = bug
    work(market)
    assert sorted(market.payout(one).status for one in made) == ["paid", "paid", "submitting"]
    work(market, pause_s=LEASE_S)
    assert {market.payout(one).status for one in made} == {PayoutStatus.PAID}


def test_where_two_would_disturb_each_other_they_go_one_by_one(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(market.bank), "one_payout_at_a_time", True)
    made = [a_payout(market, name=name)[1] for name in ("one", "two")]
    market.bank.script = ["accepted"]
    work(market)
    assert sorted(market.payout(one).status for one in made) == ["approved", "submitted"]
    work(market, rounds=2, pause_s=6)
    assert market.bank.calls.count("prepare") == 1
    market.bank.settle()
    work(market, rounds=3, pause_s=LEASE_S)
    assert {market.payout(one).status for one in made} == {PayoutStatus.PAID}


def test_a_new_wallet_cools_before_anything_goes_there(market: Market) -> None:
    cool = replace(
        market, app=replace(market.app, settings=market.app.settings.model_copy(update={"payout_cooling_hours": 24}))
    )
    seller = market.seller(ton=100 * TON)
    method = set_ton_wallet(cool.app, seller, address="0:" + "ab" * 32)
    assert method.status == "cooling"
    payout = ask(cool, seller)
    assert (payout.status, payout.why, payout.held_until_ms) == (
        PayoutStatus.REQUESTED,
        "the payout method is new",
        method.usable_from_ms,
    )
    work(cool, rounds=2, pause_s=12 * 3600 - 1)
    assert market.payout(payout).status is PayoutStatus.REQUESTED
    work(cool, pause_s=3)
    assert market.payout(payout).status is PayoutStatus.PAID


def test_approval_does_not_shorten_the_cooling(market: Market) -> None:
    app = replace(market.app, settings=market.app.settings.model_copy(update={"payout_cooling_hours": 24}))
    admin, seller = market.admin(), market.seller(ton=500 * TON)
    set_ton_wallet(app, seller, address="0:" + "ab" * 32)
    payout = request_payout(app, seller, amount="500", asset=Asset.TON, kind="ton")
    approved = approve_payout(app, admin, payout_id=payout.id)
    assert (approved.status, approved.why) == (PayoutStatus.REQUESTED, "the payout method is new")
    work(market, pause_s=3600)
    assert market.payout(payout).status is PayoutStatus.REQUESTED
    work(market, pause_s=23 * 3600)
    assert market.payout(payout).status is PayoutStatus.PAID


def test_a_method_that_was_closed_meanwhile_is_not_paid_to(market: Market) -> None:
    _, payout = a_payout(market)
    with market.app.database.transaction() as tx:
        payout_methods.disable(tx, "ton", payout.destination, why="it was stolen", now_ms=market.clock.now_ms())
    work(market)
    failed = market.payout(payout)
    assert (failed.status, failed.why) == (PayoutStatus.FAILED, "it was stolen")


def test_facts_from_webhooks_count_once_in_any_order(market: Market) -> None:
    seller, payout = a_payout(market)
    market.bank.script = ["accepted"]
    work(market)
    market.bank.settle()
    for _ in range(3):
        told(market, payout, "paid")
    assert market.payout(payout).status is PayoutStatus.PAID
    work(market, rounds=2, pause_s=600)
    assert path_of(market, seller, payout)[2:] == ["submitting", "submitted", "paid"]


def test_a_payout_that_the_bank_sends_back_is_available_again(market: Market) -> None:
    seller, payout = a_payout(market)
    work(market)
    for state in ("returned", "failed", "paid", "returned"):
        told(market, payout, state)  # type: ignore[arg-type]
    assert market.payout(payout).status is PayoutStatus.RETURNED
    ton = get_balance(market.app, seller).assets[1]
    assert (ton.available, ton.lifetime_paid_out, ton.lifetime_earned) == (100 * TON, 0, 100 * TON)


def test_what_came_back_before_we_knew_that_it_was_paid_is_returned(market: Market) -> None:
    seller, payout = a_payout(market)
    market.bank.script = ["lost"]
    market.bank.is_blind = True
    work(market)
    market.bank.is_blind = False
    told(market, payout, "returned", fee=2)
    assert market.payout(payout).status is PayoutStatus.UNKNOWN
    work(market)
    back = market.payout(payout)
    assert (back.status, back.fee) == (PayoutStatus.RETURNED, 5)
    assert path_of(market, seller, payout)[-2:] == ["paid", "returned"]
    assert get_balance(market.app, seller).assets[1].available == 100 * TON


def test_what_failed_at_an_earlier_attempt_does_not_undo_a_later_one(market: Market) -> None:
    _, payout = a_payout(market)
    market.bank.script = ["cut"]
    work(market)
    market.bank.expire(market.payout(payout))
    work(market, rounds=2, pause_s=LEASE_S)
    told(market, payout, "returned", f"ref-{payout.id}:1")
    assert market.payout(payout).status is PayoutStatus.PAID


def test_a_failure_of_an_attempt_that_is_not_known_is_looked_up(market: Market) -> None:
    _, payout = a_payout(market)
    market.bank.script = ["lost"]
    market.bank.is_blind = True
    work(market)
    market.bank.is_blind = False
    told(market, payout, "failed")
    assert market.payout(payout).status is PayoutStatus.UNKNOWN
    work(market)
    assert market.payout(payout).status is PayoutStatus.PAID


def test_a_payout_that_was_paid_after_all_is_taken_again_or_owed(market: Market) -> None:
    """The provider said no and paid later: what is so outside counts."""
    seller, payout = a_payout(market, "80")
    market.bank.script = ["refused"]
    work(market)
    other = ask(market, seller, "60")
    market.bank.paid[f"{payout.id}:1"] = (payout.id, payout.amount)
    told(market, payout, "paid")
    assert market.payout(payout).status is PayoutStatus.PAID
    ton = get_balance(market.app, seller).assets[1]
    assert (ton.available, ton.receivable, ton.held) == (0, 40 * TON, 60 * TON)
    cancel_payout(market.app, seller, payout_id=other.id)
    assert get_balance(market.app, seller).assets[1].available == 20 * TON


def test_facts_on_payouts_of_others_are_dropped(market: Market) -> None:
    _, payout = a_payout(market)
    with market.app.database.transaction() as tx:
        for rail, payout_id in (("ton", "po_none"), ("stripe", payout.id)):
            moved = PayoutMoved(rail=rail, payout_id=payout_id, reference="x", state="paid")
            assert apply_payout(tx, moved, market.clock.now_ms()) == []
    assert market.payout(payout).status is PayoutStatus.APPROVED


def test_a_step_that_the_table_does_not_allow_is_a_bug(market: Market) -> None:
    _, payout = a_payout(market)
    work(market)
    paid = market.payout(payout)
    for status in set(PayoutStatus) - ALLOWED[PayoutStatus.PAID]:
        with market.app.database.transaction() as tx, pytest.raises(ValueError, match="cannot become"):
            move(tx, paid, status, cause="", now_ms=market.clock.now_ms())


def test_operators_are_told_which_payouts_wait_for_somebody(market: Market) -> None:
    def checked() -> list[tuple[bool, str]]:
        with market.app.database.reading() as tx:
            return [(one.ok, one.detail) for one in check_payouts(tx, market.clock.now_ms())]

    assert checked() == [(True, "none waits for you")]
    large = ask(market, market.with_wallet(market.seller("large"), ton=500 * TON), "500")
    _, payout = a_payout(market)
    market.bank.script = ["cut"]
    market.bank.is_blind = True
    work(market)
    assert checked() == [(False, f"waiting for an administrator: 1, the oldest is {large.id}")]
    market.clock.move(seconds=3601)
    why = "A service that is needed for this failed."
    assert checked()[1:] == [(False, f"late by an hour or more: 1, the oldest, {payout.id} is unknown: {why}")]


def at_once(call: Callable[[], object], *, times: int) -> None:
    start = threading.Barrier(times)
    failed: list[BaseException] = []

    def run() -> None:
        start.wait()
        try:
            call()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
