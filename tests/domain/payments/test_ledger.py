"""The ledger by its operations, on each database."""

from __future__ import annotations

import pytest

from skillyard.domain.payments.chart import HOLDS, Kind, platform
from skillyard.domain.payments.ledger import balance, balances, credit, debit, find_journal, list_entries, reverse
from skillyard.domain.payments.ledger_errors import InsufficientFunds, LedgerConflict, NoSuchJournal
from skillyard.infra.database import Database
from skillyard.infra.money import Asset
from tests.domain.payments.books import (
    CLEARING,
    FEE,
    NOW_MS,
    balance_now,
    book,
    deposit,
    everything,
    faults,
    income,
    of,
)


def test_a_sale_of_29_dollars_is_split_as_it_was_agreed(database: Database) -> None:
    fee, pending = platform(Kind.PROCESSOR_FEE, Asset.USD), of("seller", Kind.SELLER_PENDING)
    legs = [debit(CLEARING, 2786), debit(fee, 114), credit(FEE, 290), credit(pending, 2610)]
    with database.transaction() as tx:
        book(tx, "sale", legs)
        assert [balance(tx, account) for account in (CLEARING, fee, FEE, pending)] == [2786, 114, 290, 2610]
    assert not faults(database)


def test_the_same_key_and_legs_again_is_the_same_journal(database: Database) -> None:
    first = deposit(database, "ada", 100)
    before = everything(database)
    with database.transaction() as tx:
        again = book(tx, "deposit:ada", list(reversed(income("ada", 100))))
    assert first.is_new
    assert (again.id, again.is_new) == (first.id, False)
    assert everything(database) == before


@pytest.mark.parametrize("change", [{"legs": income("ada", 101)}, {"kind": "other"}, {"ref": "other"}])
def test_the_same_key_for_something_else_is_a_conflict(database: Database, change: dict[str, object]) -> None:
    deposit(database, "ada", 100)
    asked = {"legs": income("ada", 100), **change}
    with database.transaction() as tx, pytest.raises(LedgerConflict) as refused:
        book(tx, "deposit:ada", **asked)  # type: ignore[arg-type]
    assert "deposit:ada" in refused.value.message
    assert balance_now(database, of("ada")) == 100


def test_facts_and_time_are_kept_and_do_not_make_another_journal(database: Database) -> None:
    with database.transaction() as tx:
        book(tx, "one", income("ada", 5), facts={"rate": "5.20"})
        assert not book(tx, "one", income("ada", 5), facts={"rate": "5.30"}).is_new
        (entry,) = list_entries(tx, owner="ada", kinds=[Kind.SELLER_AVAILABLE], limit=5)
    assert (entry.facts, entry.at_ms, entry.amount) == ({"rate": "5.20"}, NOW_MS, 5)


def test_nobody_spends_more_than_there_is(database: Database) -> None:
    deposit(database, "ada", 100)
    with database.transaction() as tx, pytest.raises(InsufficientFunds) as refused:
        book(tx, "spend", [debit(of("ada"), 101), credit(FEE, 101)])
    assert refused.value.message == "There is not enough: 1.01 USD is needed, 1.00 USD is there."
    assert balance_now(database, of("ada")) == 100


def test_what_mirrors_money_outside_may_go_below_zero(database: Database) -> None:
    with database.transaction() as tx:
        book(tx, "returned", [credit(CLEARING, 30), debit(platform(Kind.REFUND_LOSS, Asset.USD), 30)])
        assert balance(tx, CLEARING) == -30
    assert not faults(database)


def test_within_one_journal_what_comes_in_can_go_on(database: Database) -> None:
    legs = [debit(of("ada"), 40), credit(FEE, 40), credit(of("ada"), 100), debit(CLEARING, 100)]
    with database.transaction() as tx:
        book(tx, "both", legs)
        assert balance(tx, of("ada")) == 60
    assert not faults(database)


def test_legs_of_zero_are_dropped_and_those_of_one_account_added_up(database: Database) -> None:
    with database.transaction() as tx:
        book(tx, "one", [*income("ada", 60), *income("ada", 40), credit(FEE, 0)])
        assert balances(tx, "ada") == {(Kind.SELLER_AVAILABLE, Asset.USD): 100}
        assert balances(tx, "platform") == {(Kind.STRIPE_CLEARING, Asset.USD): 100}
        assert len(list_entries(tx, owner="ada", kinds=list(Kind), limit=9)) == 1


@pytest.mark.parametrize(
    "legs",
    [
        [],
        [debit(CLEARING, 0), credit(FEE, 0)],
        [debit(CLEARING, 2), credit(FEE, 1)],
        [debit(CLEARING, 2)],
        [debit(CLEARING, 2), credit(of("ada", asset=Asset.TON), 2)],
    ],
)
def test_legs_that_do_not_balance_are_a_bug(database: Database, legs: list[object]) -> None:
    with database.transaction() as tx, pytest.raises(ValueError, match="do not balance"):
        book(tx, "wrong", legs)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [-1, 1.0, True, "1", None, 2**62])
def test_a_leg_takes_whole_units_only(amount: object) -> None:
    with pytest.raises(ValueError, match="whole minor units"):
        debit(CLEARING, amount)  # type: ignore[arg-type]


def test_an_exchange_is_balanced_in_each_asset(database: Database) -> None:
    usd, ton = platform(Kind.FX_POSITION, Asset.USD), platform(Kind.FX_POSITION, Asset.TON)
    deposit(database, "ada", 520)
    with database.transaction() as tx:
        legs = [debit(of("ada"), 520), credit(usd, 520), debit(ton, 10**9), credit(of("ada", asset=Asset.TON), 10**9)]
        book(tx, "exchange", legs, facts={"rate": "5.20"})
        assert (balance(tx, usd), balance(tx, ton)) == (-520, 10**9)
    assert not faults(database)


def test_a_reversal_leaves_every_account_as_it_was(database: Database) -> None:
    journal = deposit(database, "ada", 100)
    with database.transaction() as tx:
        undone = reverse(tx, journal_id=journal.id, key="undo", now_ms=NOW_MS)
        assert undone.reverses == journal.id
        assert undone.ref == journal.ref
        assert (balance(tx, of("ada")), balance(tx, CLEARING)) == (0, 0)
        assert reverse(tx, journal_id=journal.id, key="undo", now_ms=NOW_MS).id == undone.id
    assert not faults(database)


def test_a_journal_is_reversed_once(database: Database) -> None:
    journal = deposit(database, "ada", 100)
    with database.transaction() as tx:
        reverse(tx, journal_id=journal.id, key="undo", now_ms=NOW_MS)
        with pytest.raises(LedgerConflict, match="reversal"):
            reverse(tx, journal_id=journal.id, key="undo again", now_ms=NOW_MS)


def test_what_was_spent_cannot_be_reversed(database: Database) -> None:
    journal = deposit(database, "ada", 100)
    with database.transaction() as tx:
        book(tx, "spend", [debit(of("ada"), 1), credit(FEE, 1)])
        with pytest.raises(InsufficientFunds):
            reverse(tx, journal_id=journal.id, key="undo", now_ms=NOW_MS)


def test_only_a_journal_that_is_there_is_reversed(database: Database) -> None:
    with database.transaction() as tx, pytest.raises(NoSuchJournal):
        reverse(tx, journal_id="jrn_none", key="undo", now_ms=NOW_MS)


def test_entries_are_listed_newest_first_and_in_pages(database: Database) -> None:
    for number in range(5):
        deposit(database, "ada", 10 + number, key=f"in:{number}")
    deposit(database, "bob", 99)
    with database.transaction() as tx:
        book(tx, "out", [debit(of("ada"), 7), credit(FEE, 7)], kind="spend", ref="inv_1")
        kinds = [Kind.SELLER_AVAILABLE]
        every = list_entries(tx, owner="ada", kinds=kinds, limit=99)
        assert [entry.amount for entry in every] == [-7, 14, 13, 12, 11, 10]
        assert (every[0].kind, every[0].ref, every[0].account) == ("spend", "inv_1", of("ada"))
        assert list_entries(tx, owner="ada", kinds=kinds, limit=2, before=every[1].position) == every[2:4]
        assert list_entries(tx, owner="ada", kinds=kinds, limit=2, offset=3) == every[3:5]
        assert list_entries(tx, owner="ada", kinds=[Kind.CREDITS], limit=9) == []


def test_a_journal_is_found_by_its_key(database: Database) -> None:
    journal = deposit(database, "ada", 1)
    with database.reading() as tx:
        found = find_journal(tx, journal.key)
        assert found is not None
        assert (found.id, found.is_new) == (journal.id, False)
        assert find_journal(tx, "other") is None


def test_nobody_has_a_balance_before_the_first_posting(database: Database) -> None:
    with database.reading() as tx:
        assert balance(tx, of("nobody")) == 0
        assert balances(tx, "nobody") == {}


def test_every_kind_that_holds_money_names_its_journals_and_has_a_floor() -> None:
    assert {kind for kind in Kind if kind.value.endswith("_hold")} == set(HOLDS)
    assert all(kind.has_floor and kind.normal == "C" for kind in HOLDS)
