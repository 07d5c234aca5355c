"""Invocations paid from a plan at Nevermined: looked at first, taken once what was asked for is delivered, and once."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments import ledger
from skillyard.domain.payments.charge_errors import ChargeClosed, HolderNotValid, PaymentRefused, PaymentUsed
from skillyard.domain.payments.charge_jobs import take_payments_due
from skillyard.domain.payments.charge_model import Charge, ChargeStatus
from skillyard.domain.payments.charge_rail import charge_rails
from skillyard.domain.payments.charge_rails.nevermined import get_plan_balance
from skillyard.domain.payments.charges_in_doubt import check_charges, decide_charge, list_charges_in_doubt
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.pay_elsewhere import bill_for, verify_payment
from skillyard.domain.payments.settle_charges import settle_charge
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden, Upstream
from skillyard.infra.money import Asset
from tests.domain.payments.charging import capture, credits_of, find, place, release, status_of
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import make_app
from tests.peers.nevermined.peer import API_KEY, HOLDER, NETWORK, PLAN, Accident, Nevermined, running_nevermined

MINUTE_S = 60
RECORDED = json.loads((Path(__file__).parents[2] / "peers/nevermined/recorded.json").read_bytes())
RAIL = charge_rails()["nevermined"]


@pytest.fixture
def nevermined() -> Iterator[Nevermined]:
    with running_nevermined() as peer:
        peer.balances[HOLDER] = 100
        yield peer


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, nevermined: Nevermined) -> Iterator[Shop]:
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(
        tmp_path, clock=clock, database_url=url, outbound_http_loopback=True, nevermined_api_url=nevermined.url,
        nevermined_api_key=API_KEY, nevermined_plan_id=PLAN, nevermined_network=NETWORK, nevermined_agent_id="7",
        public_url="https://skills.example.org",
    )  # fmt: skip
    shop = a_shop(app, clock)
    yield shop
    shop.check()
    with app.database.reading() as tx:
        in_books = ledger.balance(tx, platform(Kind.NEVERMINED_CLEARING, Asset.USD))
    assert in_books == nevermined.taken[HOLDER], "what was taken there is in the books, and no more"
    app.close()


def place_paid(shop: Shop, peer: Nevermined, ref: str = "sinv_1", amount: int = 10) -> Charge:
    proof = verify_payment(shop.app, bill_for(shop.app, item="sal/report", amount=amount), peer.token())
    return place(shop, ref, amount, proof=proof)


def settle(shop: Shop, *, minutes: float = 0) -> None:
    shop.clock.move(seconds=minutes * MINUTE_S)
    take_payments_due(shop.app)


def test_a_plan_pays_after_delivery_and_its_seller_earns(shop: Shop, nevermined: Nevermined) -> None:
    assert place_paid(shop, nevermined).rail == "nevermined"
    settle(shop)
    assert (nevermined.taken[HOLDER], credits_of(shop)) == (0, (0, 0, 0))
    assert capture(shop).status is ChargeStatus.DUE
    settle(shop)
    assert (status_of(shop), nevermined.taken[HOLDER]) == (ChargeStatus.CAPTURED, 10)
    assert shop.balance() == (9, 0)
    settle(shop, minutes=5)
    assert nevermined.taken[HOLDER] == 10
    shop.later(days=7)
    assert shop.balance() == (0, 9)
    charge = find(shop)
    assert charge.proof is None
    assert (charge.reference or "").startswith("0x")


def test_what_is_not_delivered_is_never_taken(shop: Shop, nevermined: Nevermined) -> None:
    place_paid(shop, nevermined)
    assert release(shop).proof is None
    settle(shop, minutes=5)
    assert (nevermined.taken[HOLDER], shop.balance()) == (0, (0, 0))
    assert [one["path"] for one in nevermined.requests] == ["/api/v1/x402/verify"]


def test_ours_sends_what_nevermineds_own_client_sends(shop: Shop, nevermined: Nevermined) -> None:
    get_plan_balance(shop.app, HOLDER)
    assert RAIL.check(shop.app)[0].ok
    place_paid(shop, nevermined)
    capture(shop)
    settle(shop)
    sent = [{**one, "authorization": bool(one["authorization"])} for one in nevermined.requests]
    theirs = copy.deepcopy(RECORDED["requests"])
    del theirs[3]["body"]["agentRequestId"]  # it is sent by who was given one
    assert [sent[0], sent[1], sent[2], sent[-1]] == theirs
    assert all(one["authorization"] in (None, f"Bearer {API_KEY}") for one in nevermined.requests)


def test_a_payer_has_one_payment_open_at_a_time(shop: Shop, nevermined: Nevermined) -> None:
    place_paid(shop, nevermined)
    with pytest.raises(PaymentUsed):
        place_paid(shop, nevermined, "sinv_2")
    capture(shop)
    with pytest.raises(PaymentUsed):
        place_paid(shop, nevermined, "sinv_2")
    settle(shop)
    place_paid(shop, nevermined, "sinv_2")
    release(shop, "sinv_2")
    place_paid(shop, nevermined, "sinv_3")


def test_too_little_is_refused_before_anything_is_placed(shop: Shop, nevermined: Nevermined) -> None:
    with pytest.raises(PaymentRefused, match="insufficient credits"):
        place_paid(shop, nevermined, amount=101)
    assert status_of(shop) is None


@pytest.mark.parametrize("token", ["0x" + "a1" * 20, "x", "e30=", "eyJhIjogMX0=", "W10=", "\u00e9", "a" * 20_000])
def test_what_is_no_payment_is_refused_with_how_to_pay(shop: Shop, token: str) -> None:
    """The address of an account is known to everybody: it pays nothing."""
    with pytest.raises(PaymentRefused) as refusal:
        verify_payment(shop.app, bill_for(shop.app, item="sal/report", amount=10), token)
    (offer,) = refusal.value.facts["offers"]
    assert (offer["rail"], offer["checkout_url"]) == ("nevermined", f"https://nevermined.app/checkout/{PLAN}")
    assert offer["payment_required"]["accepts"][0]["planId"] == PLAN


@pytest.mark.parametrize("holder", ["", "bob", "0x12", "0x" + "g1" * 20, "0x" + "a1" * 20 + "/../x", "0X" + "a1" * 20])
def test_the_balance_of_what_is_no_address_is_not_asked_for(shop: Shop, nevermined: Nevermined, holder: str) -> None:
    with pytest.raises(HolderNotValid):
        get_plan_balance(shop.app, holder)
    assert not nevermined.requests
    assert get_plan_balance(shop.app, HOLDER) == 100


@pytest.mark.parametrize("accident", ["error", "lose_answer", "lose_request", "nonsense"])
def test_nevermined_away_before_delivery_is_told_and_nothing_is_placed(
    shop: Shop, nevermined: Nevermined, accident: Accident
) -> None:
    nevermined.order(accident, "/verify")
    with pytest.raises(Upstream):
        place_paid(shop, nevermined)
    assert status_of(shop) is None


@pytest.mark.parametrize("accident", ["error", "lose_answer", "nonsense"])
def test_an_answer_that_is_lost_does_not_take_twice(shop: Shop, nevermined: Nevermined, accident: Accident) -> None:
    """It was done there, and is found by the balance."""
    place_paid(shop, nevermined)
    capture(shop)
    nevermined.order(accident, "/settle")
    settle(shop)
    assert status_of(shop) is ChargeStatus.UNKNOWN
    assert shop.balance() == (0, 0)
    settle(shop, minutes=2)
    assert (status_of(shop), nevermined.taken[HOLDER], shop.balance()) == (ChargeStatus.CAPTURED, 10, (9, 0))


def test_a_request_that_is_lost_is_made_again_once_it_is_certain(shop: Shop, nevermined: Nevermined) -> None:
    place_paid(shop, nevermined)
    capture(shop)
    nevermined.order("lose_request", "/settle")
    settle(shop)
    settle(shop, minutes=2)
    assert (status_of(shop), nevermined.taken[HOLDER]) == (ChargeStatus.UNKNOWN, 0)
    settle(shop, minutes=10)
    settle(shop)
    assert (status_of(shop), nevermined.taken[HOLDER]) == (ChargeStatus.CAPTURED, 10)


def test_many_workers_take_it_once(shop: Shop, nevermined: Nevermined) -> None:
    place_paid(shop, nevermined)
    capture(shop)
    with ThreadPoolExecutor(6) as workers:
        list(workers.map(lambda _: take_payments_due(shop.app), range(12)))
    assert (status_of(shop), nevermined.taken[HOLDER]) == (ChargeStatus.CAPTURED, 10)
    assert [one["path"] for one in nevermined.requests].count("/api/v1/x402/settle") == 1


def test_nobody_guesses_where_the_payer_bought_more_meanwhile(shop: Shop, nevermined: Nevermined) -> None:
    place_paid(shop, nevermined)
    capture(shop)
    nevermined.order("lose_request", "/settle")
    settle(shop)
    nevermined.balances[HOLDER] += 500
    for _ in range(3):
        settle(shop, minutes=20)
    assert (status_of(shop), nevermined.taken[HOLDER]) == (ChargeStatus.UNKNOWN, 0)


def test_a_payment_that_was_good_and_is_gone_after_delivery_has_failed(shop: Shop, nevermined: Nevermined) -> None:
    place_paid(shop, nevermined)
    capture(shop)
    nevermined.balances[HOLDER] = 3
    settle(shop)
    settle(shop, minutes=20)
    assert (status_of(shop), nevermined.taken[HOLDER], shop.balance()) == (ChargeStatus.FAILED, 0, (0, 0))
    assert find(shop).why == "insufficient credits"


@pytest.mark.parametrize("is_taken", [False, True])
def test_an_administrator_who_looked_it_up_decides(shop: Shop, nevermined: Nevermined, *, is_taken: bool) -> None:
    place_paid(shop, nevermined)
    capture(shop)
    nevermined.order("lose_answer" if is_taken else "lose_request", "/settle")
    settle(shop)
    nevermined.balances[HOLDER] += 500
    settle(shop, minutes=20)
    with shop.app.database.reading() as tx:
        (found,) = check_charges(tx, shop.clock.now_ms() + 3600 * 1000)
    assert (found.ok, "sinv_1" in found.detail) == (False, True)
    with pytest.raises(Forbidden):
        list_charges_in_doubt(shop.app, shop.sal)
    with pytest.raises(Forbidden):
        decide_charge(shop.app, shop.sal, ref="sinv_1", is_taken=True)
    assert [one.ref for one in list_charges_in_doubt(shop.app, shop.ada)] == ["sinv_1"]
    decide_charge(shop.app, shop.ada, ref="sinv_1", is_taken=is_taken, reference="0xab")
    assert status_of(shop) is (ChargeStatus.CAPTURED if is_taken else ChargeStatus.FAILED)
    assert shop.balance() == ((9, 0) if is_taken else (0, 0))
    settle(shop, minutes=20)
    if is_taken:
        with pytest.raises(ChargeClosed):
            decide_charge(shop.app, shop.ada, ref="sinv_1", is_taken=False)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_a_worker_that_dies_anywhere_takes_the_payment_once(
    shop: Shop, nevermined: Nevermined, dies_at: int, *, after: bool
) -> None:
    place_paid(shop, nevermined)
    capture(shop)
    mortal = dying(shop.app, dies_at=dies_at, after=after)
    try:
        settle_charge(mortal, "sinv_1")
    except Killed:
        assert nevermined.taken[HOLDER] <= 10
    for _ in range(8):
        settle(shop, minutes=6)
    assert (status_of(shop), nevermined.taken[HOLDER], shop.balance()) == (ChargeStatus.CAPTURED, 10, (9, 0))


def test_without_a_plan_tokens_are_let_be_and_credits_pay(tmp_path: Path) -> None:
    app: App = make_app(tmp_path)
    assert verify_payment(app, bill_for(app, item="sal/report", amount=10), "0x" + "a1" * 20) is None
    app.close()
