"""What is true of credits and charges after any sequence of commands, each given by several clients at once.

Beside them stands a small model: what the buyer has, what is held, what was earned.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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

from skillyard.domain.payments.charge_model import ChargeStatus
from skillyard.domain.payments.credit_purchases import buy_credits
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.payments.facts import apply_fact
from skillyard.domain.payments.maturity import mature
from skillyard.domain.payments.model import DisputeMoved, Receipt
from skillyard.domain.payments.purchases import list_sales
from skillyard.domain.payments.rates import set_rate
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from tests.domain.payments.charging import (
    capture,
    credits_are_covered,
    credits_of,
    place,
    release,
    status_of,
)
from tests.domain.payments.shop import DAY_S, Shop, a_shop
from tests.makers import make_app
from tests.peers.ton.driver import WALLET_WORDS

CLIENTS = 3
amounts = st.integers(1, 400)


@dataclass
class Bought:
    credits: int
    reference: str
    state: Literal["paid", "disputed", "won", "lost"] = "paid"


class Machine(RuleBasedStateMachine):
    """`make`: opens a shop in an empty database."""

    make: Callable[[], Shop]
    steps: Counter[str] = Counter()

    @initialize()
    def open(self) -> None:
        self.shop = type(self).make()
        set_rate(self.shop.app, self.shop.ada, asset=Asset.TON, usd="1")
        self.number = 0
        self.given = self.spent = self.earned = 0
        self.held: dict[str, int] = {}
        self.ended: dict[str, ChargeStatus] = {}
        self.bought: list[Bought] = []

    def teardown(self) -> None:
        self.shop.check()
        credits_are_covered(self.shop)
        self.shop.app.close()

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}_{self.number}"

    def at_once(self, what: str, *commands: Callable[[], object]) -> list[str]:
        """What each client was told, when all of them asked at once."""
        self.steps[what] += 1

        def attempt(command: Callable[[], object]) -> str:
            try:
                return str(command())
            except SkillyardError as refusal:
                return refusal.code

        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(attempt, commands * CLIENTS if len(commands) == 1 else commands))

    @property
    def there(self) -> int:
        """What the buyer has and may spend, less what is owed."""
        bought = sum(one.credits for one in self.bought if one.state in ("paid", "won"))
        return self.given + bought - self.spent - sum(self.held.values())

    @rule(amount=amounts)
    def grant(self, amount: int) -> None:
        app, key = self.shop.app, self.name("gift")
        self.at_once(
            "grant", lambda: grant_credits(app, self.shop.ada, username="bob", amount=str(amount), key=key).username
        )
        self.given += amount

    @rule(amount=st.integers(100, 600))
    def buy(self, amount: int) -> None:
        """However often the money is told of, it is credits once."""
        shop, reference = self.shop, self.name("tx")
        invoice = buy_credits(shop.app, shop.bob, amount=str(amount), rail="ton").invoice
        came_in = Receipt(
            rail="ton", reference=reference, asset=Asset.TON, amount=invoice.amount, received_ms=shop.clock.now_ms(),
            memo=invoice.memo,
        )  # fmt: skip
        self.at_once("buy", lambda: apply_fact(shop.app, came_in))
        self.bought.append(Bought(credits=amount, reference=reference))

    @precondition(lambda self: any(one.state in ("paid", "disputed") for one in self.bought))
    @rule(data=st.data(), won=st.booleans())
    def dispute(self, data: st.DataObject, won: bool) -> None:
        """Opened, and decided the next time; what it takes may be spent already."""
        one = data.draw(st.sampled_from([one for one in self.bought if one.state in ("paid", "disputed")]))
        after: Literal["open", "won", "lost"] = "open" if one.state == "paid" else "won" if won else "lost"
        moved = DisputeMoved(
            rail="ton", reference=f"d_{one.reference}", receipt_reference=one.reference,
            amount=one.credits * 10**7, state=after,
        )  # fmt: skip
        self.at_once(f"dispute {after}", lambda: apply_fact(self.shop.app, moved))
        one.state = "disputed" if after == "open" else after

    @rule(amount=amounts)
    def place(self, amount: int) -> None:
        ref, can = self.name("sinv"), self.there >= amount
        answers = self.at_once("place", lambda: place(self.shop, ref, amount).status.value)
        if answers == ["held"] * CLIENTS:
            self.held[ref] = amount
        else:
            assert (answers, can) == (["not_enough_credits"] * CLIENTS, False)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), is_delivered=st.booleans())
    def end(self, data: st.DataObject, is_delivered: bool) -> None:
        ref = data.draw(st.sampled_from(sorted(self.held)))
        command = capture if is_delivered else release
        wanted = "captured" if is_delivered else "released"
        assert self.at_once(wanted, lambda: command(self.shop, ref).status.value) == [wanted] * CLIENTS
        self.close(ref)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def race(self, data: st.DataObject) -> None:
        """Some say that it was delivered, some that it was not: one side is right, and the other is told so."""
        ref = data.draw(st.sampled_from(sorted(self.held)))
        answers = self.at_once(
            "race",
            lambda: capture(self.shop, ref).status.value,
            lambda: release(self.shop, ref).status.value,
            lambda: capture(self.shop, ref).status.value,
        )
        won, lost = ["captured", "captured", "charge_closed"], ["charge_closed", "charge_closed", "released"]
        assert sorted(answers) in (won, lost)
        self.close(ref)

    @precondition(lambda self: self.ended)
    @rule(data=st.data(), is_delivered=st.booleans())
    def end_again(self, data: st.DataObject, is_delivered: bool) -> None:
        ref = data.draw(st.sampled_from(sorted(self.ended)))
        wanted = ChargeStatus.CAPTURED if is_delivered else ChargeStatus.RELEASED
        (answer, *others) = self.at_once(
            "end again", lambda: (capture if is_delivered else release)(self.shop, ref).status.value
        )
        assert set(others) == {answer}
        assert answer == (wanted.value if self.ended[ref] is wanted else "charge_closed")

    @rule(days=st.sampled_from((1, 7)))
    def later(self, days: int) -> None:
        self.shop.clock.move(seconds=days * DAY_S)
        set_rate(self.shop.app, self.shop.ada, asset=Asset.TON, usd="1")
        self.at_once("mature", lambda: mature(self.shop.app))

    def close(self, ref: str) -> None:
        status, amount = status_of(self.shop, ref), self.held.pop(ref)
        assert status is not None
        self.ended[ref] = status
        if status is ChargeStatus.CAPTURED:
            self.spent += amount
            self.earned += amount - amount * 1000 // 10_000

    @invariant()
    def credits_are_what_the_model_says(self) -> None:
        available, held, owed = credits_of(self.shop)
        assert (available - owed, held) == (self.there, sum(self.held.values()))
        assert min(available, owed) == 0, "nobody has credits and owes some"

    @invariant()
    def what_is_delivered_is_earned_once(self) -> None:
        assert sum(self.shop.balance()) == self.earned
        total = list_sales(self.shop.app, self.shop.sal)[1]
        assert total == sum(status is ChargeStatus.CAPTURED for status in self.ended.values())


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Shop]]:
    """Opens a shop in a database of its own."""
    made: list[str] = []

    def a_new_shop() -> Shop:
        if request.param == "postgresql":
            made.append(request.getfixturevalue("postgres").new_database())
        clock, folder = FixedClock(), Path(tempfile.mkdtemp(dir=tmp_path))
        url = made[-1] if made else ""
        return a_shop(make_app(folder, clock=clock, database_url=url, ton_wallet_words=WALLET_WORDS), clock)

    yield a_new_shop
    for url in made:
        request.getfixturevalue("postgres").drop(url)


def test_credits_and_charges_agree_with_the_model(make: Callable[[], Shop]) -> None:
    machine = type("Run", (Machine,), {"make": staticmethod(make), "steps": Counter()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8, stateful_step_count=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck), print_blob=True,
        ),
    )  # fmt: skip
    assert {"place", "captured", "released", "race", "dispute open"} <= set(machine.steps), machine.steps
