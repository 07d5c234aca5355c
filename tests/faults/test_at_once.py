"""The same people do everything at once, on PostgreSQL, where transactions really meet each other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.payments.refunds import advance_refund
from skillyard.domain.payments.webhooks import follow_up
from skillyard.infra.database import DatabaseUnavailable
from skillyard.infra.errors import SkillyardError
from tests.faults.conftest import Show
from tests.faults.stripe_run import StripeRun
from tests.faults.stripe_verdict import faults_of
from tests.faults.town import a_town
from tests.peers.stripe.faults import Refused
from tests.peers.stripe.peer import Peer

CLIENTS, STEPS = 6, 150
BY_PEOPLE = ("pay", "pay_later", "decline", "settle", "dispute", "close_dispute", "refund", "settle_refund", "reverse")


class AtOnce(StripeRun):
    """Nothing goes wrong but that others do the same at the same time. `deliver` is left to one at a time."""

    def make_weather(self) -> None:
        self.accidents.chance = 0

    def work(self, app: App | None = None) -> None:
        """What workers would do with what waits; all of them at once, too."""
        with self.app.database.reading() as tx:
            events = tx.all("SELECT rail, event_id FROM provider_events WHERE handled_ms IS NULL LIMIT 20")
            refunds = tx.all("SELECT id FROM refunds WHERE status NOT IN ('paid', 'failed') LIMIT 20")
        for row in events:
            self.tried(lambda row=row: follow_up(self.app, rail=row["rail"], event_id=row["event_id"]))
        for row in refunds:
            self.tried(lambda row=row: advance_refund(self.app, refund_id=row["id"]))

    def tried(self, do: Callable[[], object]) -> str:
        """How it ended; what is no refusal is a bug, and so is a deadlock."""
        try:
            do()
        except DatabaseUnavailable:
            raise
        except (SkillyardError, Refused):
            return "refused"
        return "done"

    def many_steps(self) -> Counter[str]:
        steps, weights = zip(*self.steps_and_weights(), strict=True)
        chosen = [step for step in self.random.choices(steps, weights, k=STEPS) if step.__name__ != "deliver"]
        return Counter(self.tried(step) for step in chosen)


@pytest.mark.timeout(300)
def test_many_clients_at_once_lose_nothing_and_do_not_block_each_other(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, show: Show
) -> None:
    monkeypatch.setattr("stripe.HTTPClient.INITIAL_DELAY", 0)
    town = a_town(tmp_path, funded=10**8, database_url=postgres_url)
    one_at_a_time(town.peer)
    runs = [AtOnce(town, seed) for seed in range(CLIENTS)]
    everybody = [buyer for run in runs for buyer in run.buyers]
    for run in runs:
        run.seller, run.referrer, run.item, run.buyers = runs[0].seller, runs[0].referrer, runs[0].item, everybody
    with ThreadPoolExecutor(CLIENTS) as clients:
        counts = sum(clients.map(AtOnce.many_steps, runs), Counter[str]())
    runs[0].clear_up()
    runs[0].settle()
    faults = faults_of(runs[0])
    assert not faults, "\n".join(faults)
    town.app.close()
    show(Counter({"clients at once": CLIENTS}) + counts)


def one_at_a_time(peer: Peer) -> None:
    """People's own doings at the peer, as its API is by itself."""
    lock: threading.RLock = peer._one_at_a_time  # type: ignore[valid-type]

    def guarded(act: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(act)
        def run(*args: Any, **named: Any) -> Any:
            with lock:  # type: ignore[attr-defined]
                return act(*args, **named)

        return run

    for name in BY_PEOPLE:
        setattr(peer, name, guarded(getattr(peer, name)))
