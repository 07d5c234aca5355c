"""Holds: money set aside is captured or released, exactly once."""

from __future__ import annotations

import pytest

from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.holds import Hold, capture, get_hold, list_expired, place, release
from skillyard.domain.payments.ledger import balance, credit, debit, list_entries
from skillyard.domain.payments.ledger_errors import (
    HoldClosed,
    HoldTooSmall,
    InsufficientFunds,
    LedgerConflict,
    NoSuchHold,
)
from skillyard.infra.database import Database, Tx
from skillyard.infra.money import Asset
from tests.domain.payments.books import CLEARING, NOW_MS, book, deposit, everything, faults, of

HELD = of("ada", Kind.PAYOUT_HOLD)


def a_hold(tx: Tx, amount: int = 60, *, key: str = "hold", expires_ms: int | None = None) -> Hold:
    return place(
        tx, key=key, source=of("ada"), target_kind=Kind.PAYOUT_HOLD, amount=amount, ref="po_1", now_ms=NOW_MS,
        expires_ms=expires_ms,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _books(database: Database) -> None:
    deposit(database, "ada", 100)


def kinds_of_journals(tx: Tx) -> list[str]:
    return [entry.kind for entry in list_entries(tx, owner="ada", kinds=[Kind.PAYOUT_HOLD], limit=9)]


def test_a_captured_hold_passes_its_part_on_and_returns_the_rest(database: Database) -> None:
    with database.transaction() as tx:
        hold = a_hold(tx)
        assert (balance(tx, of("ada")), balance(tx, HELD)) == (40, 60)
        closed = capture(tx, hold.id, amount=50, to=[credit(CLEARING, 50)], now_ms=NOW_MS)
        assert (closed.status, closed.captured) == ("captured", 50)
        assert (balance(tx, of("ada")), balance(tx, HELD), balance(tx, CLEARING)) == (50, 0, 50)
        assert kinds_of_journals(tx) == ["payout_paid", "payout_hold"]
    assert not faults(database)


def test_a_released_hold_returns_all(database: Database) -> None:
    with database.transaction() as tx:
        closed = release(tx, a_hold(tx).id, now_ms=NOW_MS)
        assert (closed.status, balance(tx, of("ada")), balance(tx, HELD)) == ("released", 100, 0)
        assert kinds_of_journals(tx) == ["payout_returned", "payout_hold"]
    assert not faults(database)


def test_the_same_again_changes_nothing(database: Database) -> None:
    with database.transaction() as tx:
        hold = a_hold(tx)
        done = capture(tx, hold.id, amount=50, to=[credit(CLEARING, 50)], now_ms=NOW_MS)
    before = everything(database)
    with database.transaction() as tx:
        assert a_hold(tx) == done
        assert capture(tx, hold.id, amount=50, to=[credit(CLEARING, 50)], now_ms=NOW_MS + 1) == done
    assert everything(database) == before


def test_a_closed_hold_is_not_closed_otherwise(database: Database) -> None:
    with database.transaction() as tx:
        hold = a_hold(tx)
        capture(tx, hold.id, amount=60, to=[credit(CLEARING, 60)], now_ms=NOW_MS)
        with pytest.raises(HoldClosed, match="was captured already"):
            release(tx, hold.id, now_ms=NOW_MS)
        with pytest.raises(HoldClosed):
            capture(tx, hold.id, amount=59, to=[credit(CLEARING, 59)], now_ms=NOW_MS)
        other = a_hold(tx, 5, key="other")
        release(tx, other.id, now_ms=NOW_MS)
        with pytest.raises(HoldClosed, match="was released already"):
            capture(tx, other.id, amount=5, to=[credit(CLEARING, 5)], now_ms=NOW_MS)
    assert not faults(database)


def test_the_same_key_for_another_hold_is_a_conflict(database: Database) -> None:
    with database.transaction() as tx:
        a_hold(tx, 60)
        with pytest.raises(LedgerConflict):
            a_hold(tx, 61)
        with pytest.raises(LedgerConflict):
            a_hold(tx, 60, key="deposit:ada")


def test_no_more_is_held_than_there_is_and_no_more_captured_than_held(database: Database) -> None:
    with database.transaction() as tx:
        hold = a_hold(tx, 60)
        with pytest.raises(InsufficientFunds):
            a_hold(tx, 41, key="more")
        with pytest.raises(HoldTooSmall, match=r"0\.61 USD cannot be captured"):
            capture(tx, hold.id, amount=61, to=[credit(CLEARING, 61)], now_ms=NOW_MS)
        with pytest.raises(ValueError, match="do not balance"):
            capture(tx, hold.id, amount=50, to=[credit(CLEARING, 60)], now_ms=NOW_MS)


def test_a_capture_may_carry_the_worth_in_another_asset(database: Database) -> None:
    """An invocation: credits are used up, and what they were worth becomes the seller's."""
    issued, deferred = platform(Kind.CREDITS_ISSUED, Asset.CREDIT), platform(Kind.DEFERRED_REVENUE, Asset.USD)
    mine = of("ada", Kind.CREDITS, Asset.CREDIT)
    with database.transaction() as tx:
        grants = debit(platform(Kind.CREDIT_GRANTS, Asset.USD), 30)
        book(tx, "grant", [debit(issued, 30), credit(mine, 30), grants, credit(deferred, 30)])
        hold = place(tx, key="run", source=mine, target_kind=Kind.CREDITS_HOLD, amount=20, ref="run", now_ms=NOW_MS)
        worth = [debit(deferred, 15), credit(of("bob", Kind.SELLER_PENDING), 15)]
        capture(tx, hold.id, amount=15, to=[credit(issued, 15), *worth], now_ms=NOW_MS)
        assert (balance(tx, mine), balance(tx, issued), balance(tx, deferred)) == (15, 15, 15)
    assert not faults(database)


def test_expired_holds_are_found_while_they_are_open(database: Database) -> None:
    with database.transaction() as tx:
        early, late = (a_hold(tx, 1, key=str(at), expires_ms=NOW_MS + at) for at in (10, 20))
        a_hold(tx, 1, key="for ever")
        gone = a_hold(tx, 1, key="gone", expires_ms=NOW_MS)
        release(tx, gone.id, now_ms=NOW_MS)
        assert list_expired(tx, NOW_MS + 9, 5) == []
        assert list_expired(tx, NOW_MS + 10, 5) == [early]
        assert list_expired(tx, NOW_MS + 99, 5) == [early, late]
        assert list_expired(tx, NOW_MS + 99, 1) == [early]


def test_a_hold_that_is_not_there_is_not_found(database: Database) -> None:
    with database.transaction() as tx, pytest.raises(NoSuchHold):
        get_hold(tx, "hld_none")


def test_a_payout_can_take_its_fee_from_what_is_held(database: Database) -> None:
    fee = platform(Kind.CHAIN_FEE, Asset.USD)
    with database.transaction() as tx:
        hold = a_hold(tx)
        capture(tx, hold.id, amount=60, to=[credit(CLEARING, 62), debit(fee, 2)], now_ms=NOW_MS)
        assert (balance(tx, CLEARING), balance(tx, fee)) == (38, 2)
    assert not faults(database)
