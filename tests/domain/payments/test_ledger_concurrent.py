"""Many clients at once: nobody overdraws, nothing is booked twice, nobody waits for ever."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.holds import capture, place, release
from skillyard.domain.payments.ledger import credit, debit, list_entries, reverse
from skillyard.domain.payments.ledger_errors import HoldClosed, InsufficientFunds, LedgerConflict
from skillyard.domain.payments.store import ledger as store
from skillyard.infra.database import Database, open_database
from skillyard.infra.errors import SkillyardError
from tests.domain.payments.books import CLEARING, FEE, NOW_MS, balance_now, book, deposit, faults, income, of

THREADS = 8


def together(act: Callable[[int], object], count: int = THREADS) -> Counter[str]:
    """Run it on so many threads, all at once; how often it did and how often it was refused, by code."""
    gate = threading.Barrier(THREADS)

    def outcome(number: int) -> str:
        if number < THREADS:
            gate.wait()
        try:
            act(number)
        except SkillyardError as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(outcome, range(count)))


def test_of_320_holds_of_one_dollar_against_26_10_exactly_26_are_placed(database: Database) -> None:
    deposit(database, "ada", 2610)

    def hold(number: int) -> None:
        with database.transaction() as tx:
            source, kind = of("ada"), Kind.PAYOUT_HOLD
            place(tx, key=f"po:{number}", source=source, target_kind=kind, amount=100, ref="po", now_ms=NOW_MS)

    outcomes = together(hold, THREADS * 40)
    assert outcomes == {"done": 26, InsufficientFunds.code: 294}
    assert balance_now(database, of("ada")) == 10
    assert balance_now(database, of("ada", Kind.PAYOUT_HOLD)) == 2600
    assert not faults(database)


def test_one_key_from_many_clients_is_one_journal(database: Database) -> None:
    made: list[bool] = []

    def deposit_once(number: int) -> None:
        with database.transaction() as tx:
            made.append(book(tx, "charge:ch_1", income("ada", 100)).is_new)

    assert together(deposit_once) == {"done": THREADS}
    assert made.count(True) == 1
    assert balance_now(database, of("ada")) == 100


def test_one_hold_is_closed_by_one_of_many(database: Database) -> None:
    deposit(database, "ada", 100)
    with database.transaction() as tx:
        hold = place(
            tx, key="po", source=of("ada"), target_kind=Kind.PAYOUT_HOLD, amount=90, ref="po", now_ms=NOW_MS
        ).id

    def close(number: int) -> None:
        with database.transaction() as tx:
            if number % 2:
                capture(tx, hold, amount=number, to=[credit(CLEARING, number)], now_ms=NOW_MS)
            else:
                release(tx, hold, now_ms=NOW_MS)

    outcomes = together(close)
    assert outcomes[HoldClosed.code] in (THREADS - 1, THREADS - 4)  # all releases are the same one
    assert outcomes.total() == THREADS
    with database.reading() as tx:
        assert len(list_entries(tx, owner="ada", kinds=[Kind.PAYOUT_HOLD], limit=9)) == 2
    assert not faults(database)


def test_one_journal_is_reversed_by_one_of_many(database: Database) -> None:
    journal = deposit(database, "ada", 100).id

    def undo(number: int) -> None:
        with database.transaction() as tx:
            reverse(tx, journal_id=journal, key=f"undo:{number}", now_ms=NOW_MS)

    assert together(undo) == {"done": 1, LedgerConflict.code: THREADS - 1}
    assert balance_now(database, of("ada")) == 0


def test_money_sent_around_in_circles_neither_grows_nor_stops(database: Database) -> None:
    """Everybody pays everybody in another order, which would deadlock were accounts not locked in one order."""
    people = [f"p{number}" for number in range(4)]
    for person in people:
        deposit(database, person, 1000)

    def pay(number: int) -> None:
        payer, payee = people[number % 4], people[(number * 7 + 1 + number // 4) % 4]
        with database.transaction() as tx:
            book(tx, f"pay:{number}", [debit(of(payer), 10), credit(of(payee), 9), credit(FEE, 1)])

    assert together(pay, 160) == {"done": 160}
    assert sum(balance_now(database, of(person)) for person in people) + balance_now(database, FEE) == 4000
    assert not faults(database)


def test_accounts_that_all_are_new_to_all_are_made_once(database: Database) -> None:
    def first(number: int) -> None:
        with database.transaction() as tx:
            book(tx, f"in:{number}", [*income("ada", 1), *income("bob", 1), *income(f"own {number}", 1)])

    assert together(first) == {"done": THREADS}
    assert (balance_now(database, of("ada")), balance_now(database, CLEARING)) == (THREADS, 3 * THREADS)


def test_a_leg_slipped_into_a_journal_while_it_is_closed_is_refused(postgres_url: str) -> None:
    """On PostgreSQL only, where two transactions can write at once: the second cannot see the journal of the first."""
    database = open_database(postgres_url)
    with database.transaction() as tx:
        accounts = store.lock_accounts(tx, {CLEARING, FEE})

    def add_legs(tx: object, journal_id: str) -> None:
        entries = [
            store.NewEntry(account_id=accounts[account].id, side=side, amount=5)
            for account, side in ((CLEARING, "D"), (FEE, "C"))
        ]
        store.add_entries(tx, journal_id, entries)  # type: ignore[arg-type]

    waiting = threading.Event()

    def slip_in() -> None:
        with database.transaction() as tx:
            waiting.set()
            add_legs(tx, "jrn_1")

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as tx:
            add_legs(tx, "jrn_1")
            store.add_journal(
                tx,
                store.JournalRow(
                    id="jrn_1", key="k", fingerprint="", kind="", ref="", reverses=None, facts="{}", at_ms=0
                ),
            )
            slipping = other.submit(slip_in)
            assert waiting.wait(5)
            with pytest.raises(TimeoutError):
                slipping.result(timeout=0.3)
        with pytest.raises(psycopg.IntegrityError, match="closed"):
            slipping.result(timeout=5)
    assert balance_now(database, FEE) == 5
    assert not faults(database)
    database.close()
