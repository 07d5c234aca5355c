"""The twelve invariants of the books, after any sequence of commands from several clients at once.

Beside the ledger stands a small model of its own: invoices, payouts and what the provider outside holds.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.holds import capture, place, release
from skillyard.domain.payments.ledger import balance, balances, credit, debit, examine, list_entries, reverse
from skillyard.domain.payments.ledger_errors import InsufficientFunds, LedgerConflict
from skillyard.infra.database import Database, Row, Tx, open_database
from skillyard.infra.errors import SkillyardError
from skillyard.infra.migrations import migrate
from skillyard.infra.money import Asset, share, split
from tests.domain.payments.books import CLEARING, FEE, NOW_MS, book, of
from tests.services import Postgres

CLIENTS = 4
SELLERS = ("sam", "sue")
BUYERS = ("ben", "bea")
PROCESSOR_FEE = platform(Kind.PROCESSOR_FEE, Asset.USD)
RECEIVABLE, LOSS = Kind.SELLER_RECEIVABLE, platform(Kind.REFUND_LOSS, Asset.USD)
amounts = st.integers(1, 5_000)
percents = st.sampled_from((30, 5, 60, 100, 110))


@dataclass
class Invoice:
    buyer: str
    seller: str
    paid: int
    refunded: int = 0


@dataclass
class Payout:
    seller: str
    amount: int
    hold: str
    state: str = "held"


class Machine(RuleBasedStateMachine):
    """`make`: opens an empty, migrated database."""

    make: Callable[[], Database]
    steps: Counter[str] = Counter()

    @initialize()
    def open(self) -> None:
        self.database = type(self).make()
        self.invoices: dict[str, Invoice] = {}
        self.payouts: dict[str, Payout] = {}
        self.outside = 0  # the provider's own balance
        self.earned: Counter[str] = Counter()
        self.clawed_back: Counter[str] = Counter()
        self.seen: dict[str, list[Row]] = {"ledger_entries": [], "ledger_journals": []}
        self.done: list[Callable[[Tx], str]] = []
        self.number = 0
        for seller, buyer in zip(SELLERS, BUYERS, strict=True):
            self.sell(buyer, seller, 5_000, 1_000)
            self.mature(seller, 60)

    def teardown(self) -> None:
        self.database.close()

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}_{self.number}"

    def run(self, what: str, command: Callable[[Tx], str]) -> bool:
        """Run the command as several clients at once; what it books is booked once. False: it was refused."""
        self.steps[what] += 1
        answers = self.at_once([command] * CLIENTS)
        assert len(set(answers)) == 1, f"{what}: {answers}"
        if answers[0].startswith("refused"):
            return False
        self.done.append(command)
        return True

    def at_once(self, commands: list[Callable[[Tx], str]]) -> list[str]:
        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(self.attempt, commands))

    def attempt(self, command: Callable[[Tx], str]) -> str:
        try:
            with self.database.transaction() as tx:
                return command(tx)
        except SkillyardError as refusal:
            return f"refused: {refusal.code}"

    @rule(buyer=st.sampled_from(BUYERS), seller=st.sampled_from(SELLERS), amount=amounts, fee_bps=st.integers(0, 3_000))
    def sell(self, buyer: str, seller: str, amount: int, fee_bps: int) -> None:
        """A charge at the provider becomes one receipt, and the invoice one sale, whoever tells of it how often."""
        invoice, charge = self.name("inv"), self.name("ch")
        taken = min(amount, 30 + share(amount, 290))
        for_us, theirs = split(amount, [fee_bps, 10_000 - fee_bps])
        assert for_us + theirs == amount
        mine = of(buyer, Kind.BUYER_REFUNDABLE)

        def command(tx: Tx) -> str:
            receipt = [debit(CLEARING, amount - taken), debit(PROCESSOR_FEE, taken), credit(mine, amount)]
            sale = [debit(mine, amount), credit(of(seller, Kind.SELLER_PENDING), theirs), credit(FEE, for_us)]
            first = book(tx, f"receipt:{charge}", receipt, ref=invoice)
            return first.id + book(tx, f"sale:{invoice}", sale, kind="sale", ref=invoice).id

        assert self.run("sell", command)
        self.outside += amount - taken
        self.earned[seller] += theirs
        self.invoices[invoice] = Invoice(buyer=buyer, seller=seller, paid=amount)

    def percent_of(self, account: Account, percent: int) -> int:
        """About what is there; sometimes more than that."""
        with self.database.reading() as tx:
            return max(1, balance(tx, account) * percent // 100)

    @rule(seller=st.sampled_from(SELLERS), percent=percents)
    def mature(self, seller: str, percent: int) -> None:
        amount = self.percent_of(of(seller, Kind.SELLER_PENDING), percent)
        legs = [debit(of(seller, Kind.SELLER_PENDING), amount), credit(of(seller), amount)]
        key = self.name("maturity")
        self.run("mature", lambda tx: book(tx, key, legs, kind="maturity").id)

    @rule(seller=st.sampled_from(SELLERS), percent=percents, then=st.sampled_from(("", "paid", "returned")))
    def ask_for_payout(self, seller: str, percent: int, then: str) -> None:
        payout, amount = self.name("po"), self.percent_of(of(seller), percent)
        holds: list[str] = []

        def command(tx: Tx) -> str:
            hold = place(
                tx, key=f"{payout}:hold", source=of(seller), target_kind=Kind.PAYOUT_HOLD, amount=amount, ref=payout,
                now_ms=NOW_MS,
            )  # fmt: skip
            holds.append(hold.id)
            return hold.id

        if self.run("ask for payout", command):
            self.payouts[payout] = Payout(seller=seller, amount=amount, hold=holds[0])
            if then:
                self.close(self.payouts[payout], then, fee=20)

    @precondition(lambda self: any(payout.state == "held" for payout in self.payouts.values()))
    @rule(data=st.data(), is_paid=st.booleans(), fee=st.integers(0, 50))
    def finish_payout(self, data: st.DataObject, is_paid: bool, fee: int) -> None:
        open_ones = sorted(name for name, payout in self.payouts.items() if payout.state == "held")
        payout = self.payouts[data.draw(st.sampled_from(open_ones))]
        self.close(payout, "paid" if is_paid else "returned", fee)

    @precondition(lambda self: any(payout.state != "held" for payout in self.payouts.values()))
    @rule(data=st.data(), is_paid=st.booleans(), fee=st.integers(0, 50))
    def finish_payout_again(self, data: st.DataObject, is_paid: bool, fee: int) -> None:
        """What was closed stays closed, whatever is told of it later."""
        closed = sorted(name for name, payout in self.payouts.items() if payout.state != "held")
        payout = self.payouts[data.draw(st.sampled_from(closed))]
        answer = self.attempt(self.closing(payout, "paid" if is_paid else "returned", fee + 100))
        same = not is_paid and payout.state == "returned"
        assert answer.startswith("refused") is not same

    def close(self, payout: Payout, state: str, fee: int) -> None:
        assert self.run(f"payout {state}", self.closing(payout, state, fee))
        payout.state = state
        self.outside -= payout.amount + fee if state == "paid" else 0

    def closing(self, payout: Payout, state: str, fee: int) -> Callable[[Tx], str]:
        to = [credit(CLEARING, payout.amount + fee), debit(PROCESSOR_FEE, fee)]

        def command(tx: Tx) -> str:
            if state == "paid":
                return capture(tx, payout.hold, amount=payout.amount, to=to, now_ms=NOW_MS).status
            return release(tx, payout.hold, now_ms=NOW_MS).status

        return command

    @precondition(lambda self: self.invoices)
    @rule(data=st.data(), amount=amounts)
    def refund(self, data: st.DataObject, amount: int) -> None:
        """Never more than was paid; the seller owes what is not there any more."""
        name = data.draw(st.sampled_from(sorted(self.invoices)))
        invoice, refund = self.invoices[name], self.name("ref")
        mine = of(invoice.buyer, Kind.BUYER_REFUNDABLE)
        pending, owing = of(invoice.seller, Kind.SELLER_PENDING), of(invoice.seller, RECEIVABLE)
        amount = min(amount, invoice.paid - invoice.refunded)
        if not amount:
            return
        with self.database.reading() as tx:
            there = min(amount, balance(tx, pending))

        def command(tx: Tx) -> str:
            undo = [debit(pending, there), debit(owing, amount - there), credit(mine, amount)]
            undone = book(tx, f"sale_refund:{refund}", undo, kind="sale_refund", ref=name)
            hold = place(
                tx, key=f"{refund}:hold", source=mine, target_kind=Kind.REFUND_HOLD, amount=amount, ref=refund,
                now_ms=NOW_MS,
            )  # fmt: skip
            capture(tx, hold.id, amount=amount, to=[credit(CLEARING, amount)], now_ms=NOW_MS)
            return undone.id + hold.id

        assert self.run("refund", command)
        invoice.refunded += amount
        self.outside -= amount
        self.clawed_back[invoice.seller] += there

    @precondition(lambda self: self.seen["ledger_journals"])
    @rule(data=st.data())
    def reverse_a_mistake(self, data: st.DataObject) -> None:
        """Something that is no sale: booked, undone, and the accounts are as before."""
        key, seller, amount = self.name("mistake"), data.draw(st.sampled_from(SELLERS)), data.draw(amounts)
        with self.database.reading() as tx:
            before = balances(tx, seller)
        found: list[str] = []

        def mistake(tx: Tx) -> str:
            found.append(book(tx, key, [debit(LOSS, amount), credit(of(seller), amount)]).id)
            return found[-1]

        assert self.run("mistake", mistake)
        assert self.run("reverse", lambda tx: reverse(tx, journal_id=found[0], key=f"{key}:undo", now_ms=NOW_MS).id)
        again = self.attempt(lambda tx: reverse(tx, journal_id=found[0], key=f"{key}:twice", now_ms=NOW_MS).id)
        assert again == f"refused: {LedgerConflict.code}"
        with self.database.reading() as tx:
            assert {**balances(tx, seller), **before} == balances(tx, seller)

    @rule(seller=st.sampled_from(SELLERS), percent=st.integers(5, 60), count=st.integers(2, 2 * CLIENTS))
    def race(self, seller: str, percent: int, count: int) -> None:
        """Different commands at once for the same money: as many as it suffices for are done, whichever these are."""
        self.steps["race"] += count
        size = self.percent_of(of(seller), percent)
        with self.database.reading() as tx:
            before = balance(tx, of(seller))
        answers = self.at_once([self.spending(seller, self.name("race"), size) for _ in range(count)])
        refused = [answer for answer in answers if answer.startswith("refused")]
        assert set(refused) <= {f"refused: {InsufficientFunds.code}"}
        assert len(answers) - len(refused) == min(count, before // size)
        self.clawed_back[seller] += size * (len(answers) - len(refused))

    @staticmethod
    def spending(seller: str, key: str, size: int) -> Callable[[Tx], str]:
        return lambda tx: book(tx, key, [debit(of(seller), size), credit(FEE, size)], kind="spend").id

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Any command of the past, again: the same answer, and nothing new in the books."""
        self.steps["replay"] += 1
        command = self.done[data.draw(st.integers(0, len(self.done) - 1))]
        before = self.count()
        assert not self.attempt(command).startswith("refused")
        assert self.count() == before

    def count(self) -> int:
        with self.database.reading() as tx:
            row = tx.one("SELECT count(*) AS found FROM ledger_entries")
        return int(row["found"]) if row else 0

    @invariant()
    def the_books_are_sound(self) -> None:
        """1, 2, 3, 6, 7: sums per asset, floors, carried sums, reversals, holds."""
        with self.database.reading() as tx:
            assert examine(tx) == []
            for owner in (*SELLERS, *BUYERS):
                assert all(amount >= 0 for amount in balances(tx, owner).values())

    @invariant()
    def what_was_written_stays(self) -> None:
        """5: entries and journals are as they were when they were first seen."""
        with self.database.reading() as tx:
            for table, seen in self.seen.items():
                rows = {row["id"]: row for row in tx.all(f"SELECT * FROM {table} ORDER BY id")}
                assert all(rows.get(row["id"]) == row for row in seen)
                self.seen[table] = list(rows.values())

    @invariant()
    def refunds_stay_within_what_was_paid(self) -> None:
        """8, from the books alone."""
        with self.database.reading() as tx:
            back = self.sums_by_ref(tx, "sale_refund")
            paid = self.sums_by_ref(tx, "sale")
        assert all(amount <= paid[invoice] for invoice, amount in back.items())
        assert paid == {name: invoice.paid for name, invoice in self.invoices.items()}

    def sums_by_ref(self, tx: Tx, kind: str) -> Counter[str]:
        """What went through the buyers' accounts, by invoice."""
        sums: Counter[str] = Counter()
        for buyer in BUYERS:
            for entry in list_entries(tx, owner=buyer, kinds=[Kind.BUYER_REFUNDABLE], limit=10_000):
                if entry.kind == kind:
                    sums[entry.ref] += abs(entry.amount)
        return sums

    @invariant()
    def sellers_have_what_they_earned(self) -> None:
        """9: paid out, held, available and pending make up what was credited without what was taken back."""
        with self.database.reading() as tx:
            for seller in SELLERS:
                paid = sum(one.amount for one in self.payouts.values() if one.seller == seller and one.state == "paid")
                kinds = (Kind.SELLER_PENDING, Kind.SELLER_AVAILABLE, Kind.PAYOUT_HOLD)
                there = sum(balance(tx, of(seller, kind)) for kind in kinds)
                assert paid + there == self.earned[seller] - self.clawed_back[seller]

    @invariant()
    def each_provider_object_is_one_journal(self) -> None:
        """11: a charge, an invoice, a payout has at most one journal of its kind."""
        with self.database.reading() as tx:
            rows = tx.all("SELECT kind, ref FROM ledger_journals WHERE kind IN ('receipt', 'sale', 'payout_paid')")
        assert max(Counter((row["kind"], row["ref"]) for row in rows).values(), default=1) == 1

    @invariant()
    def clearing_is_what_the_provider_says(self) -> None:
        """12."""
        with self.database.reading() as tx:
            assert balance(tx, CLEARING) == self.outside


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[type[Machine]]:
    class Chosen(Machine):
        steps: Counter[str] = Counter()

    urls: list[str] = []
    if request.param == "sqlite":
        migrated = tmp_path / "migrated.db"
        database = open_database(f"sqlite://{migrated}")
        migrate(database)
        database.close()

        def make() -> Database:
            copy = Path(tempfile.mkdtemp(dir=tmp_path)) / "books.db"
            copy.write_bytes(migrated.read_bytes())
            return open_database(f"sqlite://{copy}")

    else:
        server: Postgres = request.getfixturevalue("postgres")

        def make() -> Database:
            urls.append(server.new_database())
            return open_database(urls[-1])

    Chosen.make = staticmethod(make)
    yield Chosen
    for url in urls:
        request.getfixturevalue("postgres").drop(url)


def test_the_invariants_hold_after_any_sequence_of_commands(
    machine: type[Machine], capsys: pytest.CaptureFixture[str]
) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=16, stateful_step_count=36, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    with capsys.disabled():
        total = machine.steps.total()
        print(f"\nledger: {total} commands by {CLIENTS} clients at once: {dict(machine.steps)}", file=sys.stderr)
    assert machine.steps.total() > 200
