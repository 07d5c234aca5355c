"""Offers run one after the other: checked beforehand, paid hop by hop, and resumed wherever they were left."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.market.advance import advance
from skillyard.domain.market.board_errors import (
    CompositionKeyUsed,
    CompositionNotFound,
    CompositionNotValid,
    CompositionSettled,
)
from skillyard.domain.market.board_model import Composition, CompositionStatus
from skillyard.domain.market.claim import claim
from skillyard.domain.market.composing import resume_compositions
from skillyard.domain.market.compositions import (
    cancel_composition,
    get_composition,
    list_compositions,
    start_composition,
)
from skillyard.domain.market.errors import InputNotValid, OfferNotActive, OfferNotFound, TooLittleTrust
from skillyard.domain.market.invocations import list_my_invocations, list_pending_invocations
from skillyard.domain.market.model import Offer, OfferChanges
from skillyard.domain.market.publish_offer import update_offer
from skillyard.domain.market.settle import complete, fail
from skillyard.domain.market.states import suspend_offer
from skillyard.domain.payments.charge_errors import NotEnoughCredits
from skillyard.infra import jobs
from tests.domain.market.stall import Stall
from tests.domain.market.test_board import TEXT, an_object
from tests.domain.payments.dying import DyingDatabase, dying
from tests.domain.payments.paper_bank import Killed

INPUT = {"url": "https://example.com", "language": "fr"}


def three(stall: Stall) -> list[Offer]:
    """Fetch, extract, translate: for 5, 6 and 7 credits."""
    ends = [
        ("fetch", an_object(url=TEXT), an_object(html=TEXT)),
        ("extract", an_object(html=TEXT), an_object(text=TEXT)),
        ("translate", an_object(text=TEXT, language=TEXT), an_object(translation=TEXT)),
    ]
    return [
        stall.offer(f"sal/{name}", input_schema=taking, output_schema=giving, price=5 + number)
        for number, (name, taking, giving) in enumerate(ends)
    ]


def started(stall: Stall, offers: list[Offer], *, by: Caller | None = None, **more: Any) -> Composition:
    ids = [offer.id for offer in offers]
    return start_composition(stall.app, by or stall.bob, offer_ids=ids, **{"input": INPUT, **more})


def deliver_next(stall: Stall) -> None:
    """As its provider: whatever is asked for is there."""
    for waiting in list_pending_invocations(stall.app, stall.sal):
        claim(stall.app, stall.sal, invocation_id=waiting.id)
        words = " ".join(str(waiting.input[key]) for key in sorted(waiting.input))
        outputs = {"fetch": "html", "extract": "text", "closed": "text", "translate": "translation"}
        output = outputs[waiting.name.removeprefix("sal/")]
        complete(stall.app, stall.sal, invocation_id=waiting.id, output={output: f"{output} of {words}"})


def deliver_all(stall: Stall, composition_id: str) -> Composition:
    advance(stall.app, composition_id)
    for _ in range(5):
        deliver_next(stall)
        advance(stall.app, composition_id)
    return get_composition(stall.app, stall.bob, composition_id=composition_id)


def test_each_hop_is_given_what_was_before_and_is_paid_when_it_delivers(both: Stall) -> None:
    composition = started(both, three(both))
    assert (composition.price, composition.paid, composition.status) == (18, 0, "running")
    advance(both.app, composition.id)
    assert both.credits() == (95, 5)
    ended = deliver_all(both, composition.id)
    assert ended.status is CompositionStatus.COMPLETED
    assert ended.output == {"translation": "translation of fr text of html of fr https://example.com"}
    inputs = [one.input for one in list_my_invocations(both.app, both.bob).items]
    assert inputs[::-1] == [
        INPUT,
        {"html": "html of fr https://example.com"},
        {"language": "fr", "text": "text of html of fr https://example.com"},
    ]
    assert (ended.paid, both.credits()) == (18, (82, 0))
    assert [hop.status for hop in ended.hops] == ["completed"] * 3


def test_the_first_is_not_given_what_is_meant_for_a_later_one_and_does_not_take(both: Stall) -> None:
    closed = {**an_object(html=TEXT), "additionalProperties": False}
    extract = both.offer("sal/closed", input_schema=closed, output_schema=an_object(text=TEXT), price=1)
    translate = three(both)[2]
    composition = started(both, [extract, translate], input={"html": "x", "language": "fr"})
    ended = deliver_all(both, composition.id)
    assert ended.output == {"translation": "translation of fr text of x"}
    with pytest.raises(InputNotValid):
        started(both, [extract], input={"html": 3, "language": "fr"})
    with pytest.raises(InputNotValid):
        started(both, [extract], input={"language": "fr"})
    with pytest.raises(InputNotValid):
        started(both, [extract], input=["x"])


def test_when_a_hop_fails_the_whole_does_and_says_what_stays_paid(both: Stall) -> None:
    composition = started(both, three(both))
    advance(both.app, composition.id)
    deliver_next(both)
    advance(both.app, composition.id)
    (waiting,) = list_pending_invocations(both.app, both.sal)
    claim(both.app, both.sal, invocation_id=waiting.id)
    fail(both.app, both.sal, invocation_id=waiting.id, code="empty_page", message="There was nothing on it.")
    advance(both.app, composition.id)
    ended = get_composition(both.app, both.bob, composition_id=composition.id)
    assert (ended.status, ended.paid, both.credits()) == ("failed", 5, (95, 0))
    assert ended.failure is not None
    assert ended.failure.code == "empty_page"
    assert "sal/extract: There was nothing on it." in ended.failure.message
    assert "(1 of 3) stays paid" in ended.failure.message


def test_offers_that_do_not_join_are_refused_with_reasons_and_nothing_is_charged(stall: Stall) -> None:
    fetch, extract, translate = three(stall)
    with pytest.raises(CompositionNotValid) as refused:
        started(stall, [fetch, translate, extract])
    assert [fault["message"] for fault in refused.value.faults] == [
        "sal/fetch → sal/translate: text: the output does not have it; the input does not have it",
        "sal/translate → sal/extract: html: the output does not have it; the input does not have it",
    ]
    with pytest.raises(InputNotValid):
        started(stall, [extract])
    with pytest.raises(CompositionNotValid):
        started(stall, [])
    with pytest.raises(CompositionNotValid):
        started(stall, [fetch] * 6)
    with pytest.raises(CompositionNotValid):
        started(stall, [fetch, extract], max_price=10)
    assert (stall.credits(), list_compositions(stall.app, stall.bob).items) == ((100, 0), ())


def test_what_would_make_a_later_hop_fail_is_refused_before_the_first(both: Stall) -> None:
    fetch, extract, translate = three(both)
    with pytest.raises(NotEnoughCredits):
        started(both, [fetch, extract, translate], by=both.ada)
    trusted = both.offer(
        "sal/trusted", input_schema=an_object(html=TEXT), output_schema=an_object(text=TEXT), trust_level="L1"
    )
    with pytest.raises(TooLittleTrust):
        started(both, [fetch, trusted])
    hidden = both.offer("sal/hidden", input_schema=an_object(html=TEXT), visibility="private")
    with pytest.raises(OfferNotFound):
        started(both, [fetch, hidden])
    suspend_offer(both.app, both.sal, offer_id=translate.id)
    with pytest.raises(OfferNotActive):
        started(both, [fetch, extract, translate])
    assert both.credits() == (100, 0)


def test_the_same_key_is_the_same_composition(both: Stall) -> None:
    offers = three(both)
    first = started(both, offers, key="order-1")
    assert started(both, offers, key="order-1") == first
    with pytest.raises(CompositionKeyUsed):
        started(both, offers[:2], key="order-1")
    assert len(list_compositions(both.app, both.bob).items) == 1


def test_no_hop_costs_more_than_when_it_was_started(both: Stall) -> None:
    fetch, extract, translate = three(both)
    composition = started(both, [fetch, extract, translate])
    advance(both.app, composition.id)
    update_offer(both.app, both.sal, offer_id=extract.id, changes=OfferChanges(price=60))
    ended = deliver_all(both, composition.id)
    assert ended.failure is not None
    assert (ended.status, ended.failure.code, ended.paid) == ("failed", "price_raised", 5)


def test_an_output_without_what_was_assumed_fails_the_next_hop(both: Stall) -> None:
    loose = {"type": "object", "properties": {"html": TEXT}}
    fetch = both.offer("sal/fetch", input_schema=an_object(url=TEXT), output_schema=loose, price=1)
    extract = both.offer("sal/extract", input_schema=an_object(html=TEXT), output_schema=an_object(text=TEXT), price=1)
    composition = started(both, [fetch, extract])
    advance(both.app, composition.id)
    (waiting,) = list_pending_invocations(both.app, both.sal)
    claim(both.app, both.sal, invocation_id=waiting.id)
    complete(both.app, both.sal, invocation_id=waiting.id, output={})
    advance(both.app, composition.id)
    ended = get_composition(both.app, both.bob, composition_id=composition.id)
    assert ended.failure is not None
    assert (ended.status, ended.failure.code, ended.paid) == ("failed", "input_not_valid", 1)


def test_who_is_locked_out_meanwhile_buys_nothing_more(both: Stall) -> None:
    composition = started(both, three(both))
    advance(both.app, composition.id)
    suspend_user(both.app, both.ada, username="bob")
    deliver_next(both)
    advance(both.app, composition.id)
    with both.app.database.reading() as tx:
        row = tx.one("SELECT status, error_code FROM compositions WHERE id = ?", composition.id)
    assert row is not None
    assert (row["status"], row["error_code"]) == ("failed", "account_suspended")


def test_a_composition_that_is_taken_back_goes_no_further(both: Stall) -> None:
    composition = started(both, three(both))
    advance(both.app, composition.id)
    ended = cancel_composition(both.app, both.bob, composition_id=composition.id)
    assert (ended.status, ended.hops[0].status, both.credits()) == ("cancelled", "failed", (100, 0))
    advance(both.app, composition.id)
    assert list_pending_invocations(both.app, both.sal) == []
    with pytest.raises(CompositionSettled):
        cancel_composition(both.app, both.bob, composition_id=composition.id)


def test_what_is_worked_on_is_delivered_and_paid_though_the_rest_is_taken_back(both: Stall) -> None:
    composition = started(both, three(both))
    advance(both.app, composition.id)
    (waiting,) = list_pending_invocations(both.app, both.sal)
    claim(both.app, both.sal, invocation_id=waiting.id)
    cancel_composition(both.app, both.bob, composition_id=composition.id)
    complete(both.app, both.sal, invocation_id=waiting.id, output={"html": "x"})
    advance(both.app, composition.id)
    ended = get_composition(both.app, both.bob, composition_id=composition.id)
    assert (ended.status, ended.paid, both.credits()) == ("cancelled", 5, (95, 0))


def test_nobody_else_sees_a_composition(stall: Stall) -> None:
    composition = started(stall, three(stall))
    for other in (stall.sal, stall.ada):
        with pytest.raises(CompositionNotFound):
            get_composition(stall.app, other, composition_id=composition.id)
        with pytest.raises(CompositionNotFound):
            cancel_composition(stall.app, other, composition_id=composition.id)
    with pytest.raises(CompositionNotFound):
        get_composition(stall.app, stall.bob, composition_id="cmp_\x00")


@pytest.mark.parametrize(("dies_at", "after"), [(dies_at, after) for dies_at in range(1, 9) for after in (False, True)])
def test_it_goes_on_after_a_death_at_each_transaction_and_nothing_is_paid_twice(
    stall: Stall, dies_at: int, after: bool
) -> None:
    composition = started(stall, three(stall))
    app = dying(stall.app, dies_at=dies_at, after=after)
    assert isinstance(app.database, DyingDatabase)
    try:
        for _ in range(4):
            advance(app, composition.id)
            deliver_next(stall)
    except Killed:
        pass
    ended = deliver_all(stall, composition.id)
    assert (ended.status, ended.paid, stall.credits()) == ("completed", 18, (82, 0))
    assert len(list_my_invocations(stall.app, stall.bob).items) == 3


def test_those_who_advance_at_once_begin_each_hop_once(both: Stall) -> None:
    composition = started(both, three(both))
    for _ in range(4):
        threads = [threading.Thread(target=advance, args=(both.app, composition.id)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        deliver_next(both)
    ended = deliver_all(both, composition.id)
    assert (ended.status, ended.paid) == ("completed", 18)
    assert len(list_my_invocations(both.app, both.bob).items) == 3


def work_off(app: App, done: threading.Event) -> threading.Thread:
    worker = jobs.engine(app.database.dialect)
    thread = threading.Thread(target=worker.work, args=(app, jobs.DEFAULT_LANE, 1, 30.0, done), daemon=True)
    thread.start()
    return thread


def test_workers_take_it_from_hop_to_hop_by_themselves(both: Stall) -> None:
    composition = started(both, three(both))
    done, seen = threading.Event(), threading.Event()
    worker = work_off(both.app, done)
    try:
        for _ in range(300):
            deliver_next(both)
            if get_composition(both.app, both.bob, composition_id=composition.id).status.is_settled:
                break
            seen.wait(0.05)
    finally:
        done.set()
        worker.join(10)
    assert get_composition(both.app, both.bob, composition_id=composition.id).status == "completed"


def test_one_that_was_left_behind_is_resumed(both: Stall) -> None:
    composition = started(both, three(both)[:1])
    with both.app.database.transaction() as tx:  # the job that was to begin it is lost
        tx.run("DELETE FROM jobs" if tx.dialect == "sqlite" else "DELETE FROM procrastinate_jobs")
    both.clock.move(seconds=61)
    resume_compositions(both.app)
    done = threading.Event()
    worker = work_off(both.app, done)
    try:
        for _ in range(200):
            if list_pending_invocations(both.app, both.sal):
                break
            done.wait(0.05)
    finally:
        done.set()
        worker.join(10)
    assert deliver_all(both, composition.id).status == "completed"
