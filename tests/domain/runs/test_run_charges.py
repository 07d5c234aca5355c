"""What a run costs is set aside, then paid or given back: exactly one of these, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Role
from skillyard.domain.payments import ledger
from skillyard.domain.payments.account import get_account
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.charge_errors import NotEnoughCredits
from skillyard.domain.payments.charge_jobs import release_forgotten_charges
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.runs.cancel import cancel_run
from skillyard.domain.runs.errors import RunCostsMore
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.jobs import end_abandoned_runs
from skillyard.domain.runs.model import Run, RunStatus
from skillyard.domain.runs.read import get_run, list_runs
from skillyard.domain.runs.start import start_run
from skillyard.domain.runs.watch import LEASE_MS
from skillyard.infra.clock import FixedClock
from skillyard.sandbox.lazy import LazySandbox
from skillyard.sandbox.model import Result, SandboxUnavailable, Task
from skillyard.skill.names import SkillName
from tests.domain.payments.dying import dying
from tests.domain.payments.paper_bank import Killed
from tests.domain.runs.yard import CountingSandbox
from tests.makers import a_person, a_release, again, an_organization, make_app

NAME = SkillName("acme", "paid")
PRICE = 3
GRANT = 30
MOST_TRANSACTIONS = 6
SCRIPTS = {
    "scripts/echo.py": "print('hello')\n",
    "scripts/fail.py": "import sys\nsys.exit(3)\n",
}


@dataclass
class Shop:
    """acme/paid is sal's and costs 3 credits a run; bob has 30."""

    app: App
    clock: FixedClock
    sal: Caller
    bob: Caller

    def start(self, script: str = "echo.py", *, by: Caller | None = None, app: App | None = None, **more: Any) -> Run:
        return start_run(app or self.app, by or self.bob, name=NAME, script=script, **more)

    def run(self, script: str = "echo.py", **more: Any) -> Run:
        run = self.start(script, **more)
        execute(self.app, run_id=run.id)
        return self.look(run)

    def look(self, run: Run) -> Run:
        return get_run(self.app, self.bob, run_id=run.id)

    @property
    def credits(self) -> tuple[int, int]:
        """Bob's: available, held."""
        found = get_account(self.app, self.bob).credits
        return found.available, found.held

    @property
    def earned(self) -> int:
        """Cents, pending, of sal."""
        return sum(one.pending for one in get_balance(self.app, self.sal).assets)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    yield from _shop(tmp_path, request.getfixturevalue("postgres_url") if request.param == "postgresql" else "")


@pytest.fixture
def one_shop(tmp_path: Path) -> Iterator[Shop]:
    yield from _shop(tmp_path, "")


def _shop(tmp_path: Path, url: str) -> Iterator[Shop]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock, database_url=url)
    ada, bob = a_person(app, "ada"), a_person(app, "bob")
    sal = an_organization(app, a_person(app, "sal"))
    _publish(app, sal, "1.0.0", PRICE)
    grant_credits(app, ada, username="bob", amount=str(GRANT), reason="a present")
    yield Shop(app, clock, sal, bob)
    with app.database.reading() as tx:
        assert ledger.examine(tx) == []
    app.close()


def _publish(app: App, sal: Caller, version: str, price: object) -> None:
    front = f'name: paid\ndescription: "Costs something. Use it in tests."\nmetadata:\n  version: "{version}"\n'
    skill = f'---\n{front}  credits-per-run: "{price}"\n---\n\n# How to use it\n'
    a_release(app, sal, str(NAME), version, files={**SCRIPTS, "SKILL.md": skill})


def test_a_run_is_paid_when_its_program_came_to_an_end(shop: Shop) -> None:
    waiting = shop.start()
    assert (waiting.credits, waiting.is_charged, shop.credits) == (PRICE, False, (27, 3))
    execute(shop.app, run_id=waiting.id)
    done = shop.look(waiting)
    assert (done.status, done.is_charged, shop.credits) == (RunStatus.SUCCEEDED, True, (27, 0))
    failed = shop.run("fail.py")
    assert (failed.status, failed.is_charged, shop.credits) == (RunStatus.FAILED, True, (24, 0))
    assert shop.earned == 6, "a fee of a tenth of three cents is none"
    newest = get_account(shop.app, shop.bob).last[0]
    assert (newest.kind, newest.credits, newest.ref) == ("charged", -PRICE, failed.id)


def test_one_that_never_began_costs_nothing(shop: Shop) -> None:
    cancelled = shop.start()
    cancel_run(shop.app, shop.bob, run_id=cancelled.id)
    assert (shop.look(cancelled).status, shop.credits) == (RunStatus.CANCELLED, (GRANT, 0))
    refused = shop.start()
    execute(_without_sandbox(shop.app), run_id=refused.id)
    ended = shop.look(refused)
    assert (ended.status, ended.is_charged, shop.credits) == (RunStatus.REFUSED, False, (GRANT, 0))
    assert shop.earned == 0


def test_who_has_too_little_or_agreed_to_less_starts_nothing(shop: Shop) -> None:
    with pytest.raises(RunCostsMore, match="costs 3 credits, and you agreed to 2"):
        shop.start(max_credits=2)
    assert shop.start(max_credits=3).credits == 3
    for _ in range(9):
        shop.start()
    with pytest.raises(NotEnoughCredits, match="acme/paid costs 3 credits, and you have 0"):
        shop.start()
    assert len(list_runs(shop.app, shop.bob, limit=100).items) == 10
    assert shop.credits == (0, GRANT)


def test_the_same_key_is_the_same_run_and_paid_once(shop: Shop) -> None:
    first = shop.run(key="order-1")
    assert shop.start(key="order-1").id == first.id
    execute(shop.app, run_id=first.id)
    assert shop.credits == (GRANT - PRICE, 0)


def test_members_pay_nothing_and_a_new_price_is_one_of_a_new_release(one_shop: Shop) -> None:
    assert one_shop.start(by=one_shop.sal).credits == 0
    _publish(one_shop.app, one_shop.sal, "1.1.0", 7)
    assert [one_shop.start(version=version).credits for version in ("1.0.0", "1.1.0")] == [3, 7]
    _publish(one_shop.app, one_shop.sal, "1.2.0", 0)
    assert one_shop.start().credits == 0
    set_member(one_shop.app, one_shop.sal, namespace="acme", username="bob", role=Role.READER)
    assert one_shop.start(by=again(one_shop.app, one_shop.bob), version="1.1.0").credits == 0


def test_a_worker_that_dies_at_any_transaction_charges_once_or_not_at_all(shop: Shop) -> None:
    """What came to an end is paid; what nobody can tell of is not."""
    sandbox = CountingSandbox(shop.app.sandbox)
    app = replace(shop.app, sandbox=LazySandbox(lambda: sandbox))
    paid, ends = 0, set()
    for dies_at in range(1, MOST_TRANSACTIONS):
        for after in (False, True):
            run = shop.start()
            sandbox.tasks.clear()
            with suppress(Killed):
                execute(dying(app, dies_at=dies_at, after=after), run_id=run.id)
            shop.clock.move(seconds=LEASE_MS / 1000 + 1)
            execute(app, run_id=run.id)
            end_abandoned_runs(app)
            ended = shop.look(run)
            ends.add(ended.status)
            paid += PRICE * (ended.status is RunStatus.SUCCEEDED)
            assert len(sandbox.tasks) <= 1
            assert shop.credits == (GRANT - paid, 0)
            assert shop.earned == paid
    assert ends == {RunStatus.SUCCEEDED, RunStatus.LOST}


@pytest.mark.parametrize("after", [False, True])
def test_a_death_while_a_run_is_asked_for_holds_nothing_without_a_run(one_shop: Shop, after: bool) -> None:
    with suppress(Killed):
        one_shop.start(app=dying(one_shop.app, dies_at=1, after=after))
    runs = list_runs(one_shop.app, one_shop.bob).items
    assert (len(runs), one_shop.credits) == ((1, (27, 3)) if after else (0, (GRANT, 0)))


def test_what_waits_for_long_is_still_held(one_shop: Shop) -> None:
    run = one_shop.start()
    one_shop.clock.move(seconds=7 * 24 * 3600)
    release_forgotten_charges(one_shop.app)
    assert one_shop.credits == (27, 3)
    execute(one_shop.app, run_id=run.id)
    assert one_shop.look(run).is_charged


def _without_sandbox(app: App) -> App:
    """The isolation fails when the program is to be started, after it was marked as begun."""

    class Broken(CountingSandbox):
        def run(self, task: Task) -> Result:
            raise SandboxUnavailable("it broke", "Mend it.")

    broken = Broken(app.sandbox)
    return replace(app, sandbox=LazySandbox(lambda: broken))
