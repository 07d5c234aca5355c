"""A run of random steps against an application that everything goes wrong with; and its end, when nothing does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import jobs as periodic
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.invoices import list_invoices
from skillyard.domain.payments.model import Invoice
from skillyard.domain.payments.payout_jobs import advance_payouts
from skillyard.domain.payments.payouts import cancel_payout, list_payouts, request_payout
from skillyard.infra import jobs
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset, show_amount
from tests.domain.payments.paper_bank import Killed
from tests.faults.accidents import Accidents
from tests.peers.stripe.faults import Refused

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 24 * 3600
PAUSES = (1, 25, 3 * MINUTE_S, 10 * MINUTE_S, 35 * MINUTE_S, 6 * HOUR_S, 25 * HOUR_S, 3 * DAY_S)
PAUSE_WEIGHTS = (4, 4, 4, 4, 4, 1, 5, 1)
PERIODIC = (
    periodic.look_at_invoices, periodic.sweep_rails, periodic.go_on_with_refunds, periodic.mature_sales,
    advance_payouts,
)  # fmt: skip
MOST_JOBS = 40
Step = Callable[[], object]


class Run(ABC):
    """`log`: what was done, for when something is wrong in the end. A subclass brings the people and the steps."""

    seller: Caller
    buyers: list[Caller]

    def __init__(self, app: App, clock: FixedClock, seed: int) -> None:
        self.app, self.clock, self.seed, self.random = app, clock, seed, Random(seed)
        chance = self.random.choice((0.01, 0.05, 0.1, 0.2))
        self.accidents = Accidents(self.random, chance=chance, overtake=self.one_of_others)
        self.log: list[str] = []
        self.steps = 0

    @abstractmethod
    def buy(self) -> None: ...

    @abstractmethod
    def steps_and_weights(self) -> list[tuple[Step, float]]: ...

    @abstractmethod
    def one_of_others(self) -> None:
        """What somebody else does in the middle of something."""

    @abstractmethod
    def rush(self) -> None:
        """What everybody does at the last moment while things still go wrong."""

    @abstractmethod
    def clear_up(self) -> None:
        """From now on nothing goes wrong outside either."""

    @abstractmethod
    def settle(self) -> None:
        """Run everything until nothing waits."""

    def run(self) -> None:
        self.step(self.buy)
        for _ in range(self.random.randint(15, 45)):
            self.step(self.random.choices(*zip(*self.steps_and_weights(), strict=True))[0])
        self.rush()
        self.accidents.chance = 0
        self.clear_up()
        self.settle()

    def step(self, do: Step) -> None:
        self.steps += 1
        outcome = "done"
        try:
            do()
        except Killed:
            outcome = "killed"
        except (SkillyardError, Refused) as refusal:
            outcome = str(refusal)[:80]
        self.log.append(f"{getattr(do, '__name__', do)}: {outcome}")

    @property
    def frail(self) -> App:
        return self.accidents.around(self.app)

    def perhaps(self, *following: Step) -> None:
        """What mostly comes right after."""
        if self.random.random() < 0.6:
            self.random.choice(following)()

    def wait(self) -> None:
        self.clock.move(seconds=self.random.choices(PAUSES, PAUSE_WEIGHTS)[0])

    # What happens by itself

    def some_periodic(self) -> None:
        self.random.choice(PERIODIC)(self.frail)

    def look_at_invoices(self) -> None:
        periodic.look_at_invoices(self.frail)

    def all_periodic(self) -> None:
        for job in PERIODIC:
            with suppress(SkillyardError):  # its time comes again
                job(self.app)

    def work(self, app: App | None = None) -> None:
        """Run what was enqueued and is due; what fails, or dies, is run again later."""
        for row in self.due_jobs():
            try:
                jobs.known()[row["name"]](app or self.frail, **orjson.loads(row["arguments"]))
            except (Killed, SkillyardError):
                continue
            with self.app.database.transaction() as tx:
                tx.run("DELETE FROM jobs WHERE id = ?", row["id"])

    def due_jobs(self) -> list[Mapping[str, Any]]:
        with self.app.database.reading() as tx:
            return tx.all(
                "SELECT id, name, arguments FROM jobs WHERE name LIKE 'payments.%' AND run_at_ms <= ?"
                " ORDER BY id LIMIT ?",
                self.clock.now_ms(), MOST_JOBS,
            )  # fmt: skip

    # What was bought, and what sellers want

    def invoices(self) -> list[Invoice]:
        return [one for buyer in self.buyers for one in self.invoices_of(buyer)]

    def invoices_of(self, buyer: Caller) -> Sequence[Invoice]:
        return list_invoices(self.app, buyer, limit=100).items

    def some_invoice(self) -> tuple[Caller, Invoice | None]:
        buyer = self.random.choice(self.buyers)
        found = self.invoices_of(buyer)
        return buyer, self.random.choice(found) if found else None

    def some_paid_invoice(self) -> Invoice | None:
        found = [one for one in self.invoices() if one.status.gives_access]
        return self.random.choice(found) if found else None

    def ask_for(self, who: Caller, asset: Asset, kind: str) -> None:
        """A payout of some or all of what is there."""
        there = {one.asset: one.available for one in get_balance(self.app, who).assets}.get(asset, 0)
        if there:
            amount = show_amount(max(1, there * self.random.choice((30, 100, 100)) // 100), asset)
            request_payout(self.frail, who, amount=amount, asset=asset, kind=kind)
            self.perhaps(self.work)

    @abstractmethod
    def ask_for_payout(self) -> None: ...

    def cancel_payout(self) -> None:
        for payout in list_payouts(self.app, self.seller).items:
            with suppress(SkillyardError):
                cancel_payout(self.frail, self.seller, payout_id=payout.id)

    def a_day_later(self) -> None:
        """What was earned is mature, and the seller wants it."""
        self.clock.move(seconds=25 * HOUR_S)
        with suppress(SkillyardError):
            periodic.mature_sales(self.frail)
        self.ask_for_payout()
        advance_payouts(self.frail)
