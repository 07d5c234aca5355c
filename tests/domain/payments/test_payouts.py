"""Asking for money, stopping it, and looking at large ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skillyard.domain.accounts.errors import AdministratorsOnly, TokenTooNarrow
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.errors import KeyUsedOtherwise, RailNotReady
from skillyard.domain.payments.ledger import balances
from skillyard.domain.payments.model import PayoutStatus
from skillyard.domain.payments.payout_errors import (
    NoPayoutMethod,
    NoRate,
    NotEnoughAvailable,
    PayoutAssetNotPossible,
    PayoutKindUnknown,
    PayoutNeedsAnother,
    PayoutNotFound,
    PayoutNotWaiting,
    PayoutOpen,
    PayoutTooSmall,
    ReasonNotAcceptable,
)
from skillyard.domain.payments.payouts import (
    approve_payout,
    cancel_payout,
    get_payout,
    list_all_payouts,
    list_payouts,
    reject_payout,
    request_payout,
    request_payout_in_usd,
)
from skillyard.domain.payments.rates import set_rate
from skillyard.infra.errors import SkillyardError
from skillyard.infra.events import read_after
from skillyard.infra.money import AmountNotValid, Asset
from tests.domain.payments.sellers import TON, Market


def ask(market: Market, seller: Caller, amount: str = "25", **more: Any) -> Any:
    return request_payout(market.app, seller, **{"amount": amount, "asset": Asset.TON, "kind": "ton", **more})


def a_seller(market: Market, *, ton: int = 100 * TON) -> Caller:
    return market.with_wallet(market.seller(), ton=ton)


def test_a_request_holds_the_amount_at_once(market: Market) -> None:
    seller = a_seller(market)
    payout = ask(market, seller)
    assert (payout.status, payout.amount, payout.rail) == (PayoutStatus.APPROVED, 25 * TON, "ton")
    ton = get_balance(market.app, seller).assets[1]
    assert (ton.available, ton.held) == (75 * TON, 25 * TON)


def test_what_is_no_plain_decimal_amount_is_refused(market: Market) -> None:
    seller = a_seller(market)
    wrong: list[Any] = ["25.0000000001", "-1", "1e3", "", " 25", "25,0", "0", "NaN", 25, 25.0, None, True]
    for amount in wrong:
        with pytest.raises(AmountNotValid):
            ask(market, seller, amount=amount)
    assert not list_payouts(market.app, seller).items


def test_dollars_have_two_decimals(market: Market) -> None:
    seller = market.seller(usd=10_000)
    with pytest.raises(AmountNotValid):
        ask(market, seller, amount="25.001", asset=Asset.USD, kind="credits")


def test_nobody_is_paid_more_than_is_available(market: Market) -> None:
    seller = a_seller(market)
    market.earn(seller, 10**9 * TON, Asset.TON, is_mature=False)
    for amount in ("100.000000001", "1000000000"):
        with pytest.raises(NotEnoughAvailable) as refusal:
            ask(market, seller, amount)
        assert refusal.value.facts["available"] == "100.000000000"


def test_what_a_seller_owes_is_paid_back_first(market: Market) -> None:
    seller = a_seller(market)
    market.claw_back(seller, 30 * TON, Asset.TON)
    before = get_balance(market.app, seller).assets[1]
    assert (before.available, before.receivable) == (70 * TON, 0)
    with pytest.raises(NotEnoughAvailable):
        ask(market, seller, "70.1")
    ask(market, seller, "70")
    with market.app.database.reading() as tx:
        there = balances(tx, seller.identity[0])
    assert there[Kind.SELLER_RECEIVABLE, Asset.TON] == there[Kind.SELLER_AVAILABLE, Asset.TON] == 0


def test_a_debt_larger_than_what_is_there_leaves_nothing_available(market: Market) -> None:
    seller = a_seller(market, ton=5 * TON)
    market.claw_back(seller, 30 * TON, Asset.TON)
    ton = get_balance(market.app, seller).assets[1]
    assert (ton.available, ton.receivable, ton.lifetime_earned) == (0, 25 * TON, -25 * TON)
    with pytest.raises(NotEnoughAvailable):
        ask(market, seller, "1")


def test_a_payout_has_a_smallest_amount(market: Market) -> None:
    with pytest.raises(PayoutTooSmall):
        ask(market, a_seller(market), "0.999999999")


def test_each_kind_pays_in_its_own_asset(market: Market) -> None:
    seller = a_seller(market)
    with pytest.raises(PayoutAssetNotPossible):
        ask(market, seller, asset=Asset.USD)
    with pytest.raises(PayoutAssetNotPossible):
        ask(market, seller, kind="credits")
    with pytest.raises(PayoutAssetNotPossible):
        ask(market, seller, kind="credits", asset=Asset.CREDIT)


def test_an_unknown_kind_is_refused(market: Market) -> None:
    seller = a_seller(market)
    for kind in ("paypal", "", "TON", "x" * 1000, "../stripe"):
        with pytest.raises(PayoutKindUnknown):
            ask(market, seller, kind=kind)


def test_without_a_method_nothing_can_be_paid(market: Market) -> None:
    with pytest.raises(NoPayoutMethod):
        ask(market, market.seller(ton=100 * TON))


def test_one_payout_by_a_method_at_a_time(market: Market) -> None:
    seller = a_seller(market)
    first = ask(market, seller)
    with pytest.raises(PayoutOpen) as refusal:
        ask(market, seller, "10")
    assert refusal.value.facts["payout_id"] == first.id
    cancel_payout(market.app, seller, payout_id=first.id)
    assert ask(market, seller, "10").status is PayoutStatus.APPROVED


def test_the_same_request_again_is_the_same_payout(market: Market) -> None:
    seller = a_seller(market)
    first = ask(market, seller, key="monday")
    assert ask(market, seller, key="monday").id == first.id
    with pytest.raises(KeyUsedOtherwise):
        ask(market, seller, "26", key="monday")
    cancel_payout(market.app, seller, payout_id=first.id)
    assert ask(market, seller, key="monday").status is PayoutStatus.CANCELLED
    assert ask(market, seller, key="\x00" + "x" * 5000).id != first.id
    other = market.with_wallet(market.seller("other"), ton=30 * TON)
    assert ask(market, other, key="monday").id != first.id


def test_the_owner_stops_a_payout_before_it_is_sent(market: Market) -> None:
    seller = a_seller(market)
    payout = ask(market, seller)
    stranger = market.seller("eve")
    with pytest.raises(PayoutNotFound):
        cancel_payout(market.app, stranger, payout_id=payout.id)
    assert cancel_payout(market.app, seller, payout_id=payout.id).status is PayoutStatus.CANCELLED
    assert get_balance(market.app, seller).assets[1].available == 100 * TON
    with pytest.raises(PayoutNotWaiting):
        cancel_payout(market.app, seller, payout_id=payout.id)
    for payout_id in ("po_none", "", "po_\x00" + "a" * 25, "x" * 10_000):
        with pytest.raises(PayoutNotFound):
            cancel_payout(market.app, seller, payout_id=payout_id)
        with pytest.raises(PayoutNotFound):
            get_payout(market.app, seller, payout_id=payout_id)


def test_a_large_payout_waits_for_an_administrator(market: Market) -> None:
    admin = market.admin()
    seller = a_seller(market, ton=500 * TON)
    payout = ask(market, seller, "100.000000001")
    assert (payout.status, payout.needs_approval, payout.why) == (
        PayoutStatus.REQUESTED,
        True,
        "waits for an administrator",
    )
    with pytest.raises(AdministratorsOnly):
        approve_payout(market.app, seller, payout_id=payout.id)
    approved = approve_payout(market.app, admin, payout_id=payout.id)
    assert (approved.status, approved.approved_by) == (PayoutStatus.APPROVED, admin.user_id)
    with pytest.raises(PayoutNotWaiting):
        approve_payout(market.app, admin, payout_id=payout.id)


def test_nobody_approves_their_own_payout(market: Market) -> None:
    admin = market.with_wallet(market.admin(), ton=500 * TON)
    payout = ask(market, admin, "500")
    with pytest.raises(PayoutNeedsAnother):
        approve_payout(market.app, admin, payout_id=payout.id)
    assert market.payout(payout).status is PayoutStatus.REQUESTED


def test_an_administrator_rejects_with_a_reason(market: Market) -> None:
    admin = market.admin()
    seller = a_seller(market, ton=500 * TON)
    payout = ask(market, seller, "500")
    for reason in ("", " ", "x" * 501, "a\x00b"):
        with pytest.raises(ReasonNotAcceptable):
            reject_payout(market.app, admin, payout_id=payout.id, reason=reason)
    rejected = reject_payout(market.app, admin, payout_id=payout.id, reason="Please show an invoice.")
    assert (rejected.status, rejected.why) == (PayoutStatus.REJECTED, "Please show an invoice.")
    assert get_balance(market.app, seller).assets[1].available == 500 * TON
    with pytest.raises(PayoutNotWaiting):
        approve_payout(market.app, admin, payout_id=payout.id)


def test_credits_are_there_at_once(market: Market) -> None:
    seller = market.seller(usd=5_000)
    payout = ask(market, seller, "29.00", asset=Asset.USD, kind="credits")
    assert (payout.status, payout.amount, payout.rail) == (PayoutStatus.PAID, 2900, "credits")
    with market.app.database.reading() as tx:
        there = balances(tx, seller.identity[0])
        platform = balances(tx, "platform")
    assert there[Kind.CREDITS, Asset.CREDIT] == platform[Kind.DEFERRED_REVENUE, Asset.USD] == 2900
    assert ask(market, seller, "0.01", asset=Asset.USD, kind="credits").status is PayoutStatus.PAID
    with pytest.raises(NotEnoughAvailable):
        ask(market, seller, "21", asset=Asset.USD, kind="credits")


def test_every_step_is_written_down_with_its_cause(market: Market) -> None:
    admin = market.admin()
    seller = a_seller(market, ton=500 * TON)
    payout = ask(market, seller, "500")
    reject_payout(market.app, admin, payout_id=payout.id, reason="Not now.")
    _, steps = get_payout(market.app, seller, payout_id=payout.id)
    assert [(step.from_status, step.to_status, step.cause, step.actor) for step in steps] == [
        (None, PayoutStatus.REQUESTED, "waits for an administrator", seller.user_id),
        (PayoutStatus.REQUESTED, PayoutStatus.REJECTED, "Not now.", admin.user_id),
    ]
    assert all(step.journal_id for step in steps)
    with pytest.raises(PayoutNotFound):
        get_payout(market.app, market.seller("eve"), payout_id=payout.id)


def test_what_happens_is_told_as_events(market: Market) -> None:
    seller = a_seller(market)
    payout = ask(market, seller)
    cancel_payout(market.app, seller, payout_id=payout.id)
    with market.app.database.reading() as tx:
        told = [event for event in read_after(tx, 0) if event.kind.startswith("payout.")]
    assert [(event.kind, event.data["payout_id"]) for event in told] == [
        ("payout.requested", payout.id),
        ("payout.failed", payout.id),
    ]
    assert told[0].data["amount"] == "25.000000000"


def test_lists_come_in_pages_newest_first(market: Market) -> None:
    seller = a_seller(market)
    made = []
    for number in range(5):
        market.clock.move(seconds=1)
        made.append(ask(market, seller, f"{number + 1}").id)
        cancel_payout(market.app, seller, payout_id=made[-1])
    first = list_payouts(market.app, seller, limit=2)
    second = list_payouts(market.app, seller, limit=2, cursor=first.next_cursor)
    assert [one.id for one in (*first.items, *second.items)] == made[:0:-1]
    assert [one.id for one in list_payouts(market.app, seller, limit=2, offset=4).items] == made[:1]
    assert not list_payouts(market.app, market.seller("eve")).items


def test_administrators_list_the_payouts_of_all(market: Market) -> None:
    admin = market.admin()
    sellers = [market.with_wallet(market.seller(name), ton=500 * TON) for name in ("one", "two")]
    waiting, going = ask(market, sellers[0], "500"), ask(market, sellers[1])
    everything = list_all_payouts(market.app, admin)
    assert {one.id for one in everything.items} == {waiting.id, going.id}
    found = list_all_payouts(market.app, admin, statuses=[PayoutStatus.REQUESTED])
    assert [one.id for one in found.items] == [waiting.id]
    with pytest.raises(AdministratorsOnly):
        list_all_payouts(market.app, sellers[0])


def test_an_amount_in_dollars_is_paid_at_the_current_rate(market: Market) -> None:
    admin = market.admin()
    seller = a_seller(market)
    with pytest.raises(NoRate):
        request_payout_in_usd(market.app, seller, amount_usd="25.00", kind="ton")
    set_rate(market.app, admin, asset=Asset.TON, usd="5.30")
    payout = request_payout_in_usd(market.app, seller, amount_usd="25.00", kind="ton")
    assert (payout.amount, payout.asset) == (4_716_981_132, Asset.TON)


def test_all_at_once_get_no_more_than_there_is(market: Market) -> None:
    """Eight ask for all of it in eight ways; one payout is held."""
    seller = market.with_wallet(market.seller(usd=8_000), ton=100 * TON)

    def one(number: int) -> str:
        try:
            if number % 2:
                return str(ask(market, seller, "100", key=f"k{number}").rail)
            return str(ask(market, seller, "80", asset=Asset.USD, kind="credits").rail)
        except SkillyardError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(one, range(8)))
    assert results == ["credits", *["not_enough_available"] * 3, *["payout_open"] * 3, "ton"]


def test_the_same_key_at_once_is_one_payout(market: Market) -> None:
    seller = a_seller(market)
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: ask(market, seller, key="once").id, range(8)))
    assert len(ids) == 1


def test_many_small_ones_at_once_never_overdraw(market: Market) -> None:
    """8 threads ask 40 times for 1.00 of 26.10; 26 get it."""
    seller = market.seller(usd=2_610)

    def one(_: int) -> bool:
        try:
            ask(market, seller, "1.00", asset=Asset.USD, kind="credits")
        except NotEnoughAvailable:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(40))) == 26


def test_a_token_that_is_narrower_than_its_owner_moves_no_money(market: Market) -> None:
    from skillyard.domain.accounts.authenticate import authenticate
    from skillyard.domain.accounts.tokens import create_token

    seller = a_seller(market)
    made = create_token(market.app, seller, name="narrow", scopes=[Scope.READ, Scope.MANAGE], expires_in_days=1)
    narrow = authenticate(market.app, made.secret)
    with pytest.raises(TokenTooNarrow):
        ask(market, narrow)


def test_without_stripe_set_up_there_are_no_payouts_by_it(market: Market) -> None:
    seller = market.seller(usd=5_000)
    with pytest.raises((RailNotReady, SkillyardError)):
        ask(market, seller, asset=Asset.USD, kind="stripe")
