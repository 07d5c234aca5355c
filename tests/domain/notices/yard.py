"""A registry with people who have webhooks, and the worker's part in short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.notices.deliver import deliver
from skillyard.domain.notices.deliveries import list_deliveries
from skillyard.domain.notices.follow import follow
from skillyard.domain.notices.hooks import add_hook, get_hook
from skillyard.domain.notices.model import Delivery, Hook, NewHook
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.payments.fees import take_fee
from skillyard.infra.clock import FixedClock
from tests.domain.notices.receiver import Receiver


@dataclass
class Yard:
    """`ada` is the administrator; `bob` and `eve` are people."""

    app: App
    clock: FixedClock
    receiver: Receiver
    ada: Caller
    bob: Caller
    eve: Caller

    def hook(self, *events: str, by: Caller | None = None, path: str = "/in", **more: Any) -> NewHook:
        return add_hook(self.app, by or self.bob, url=self.receiver.url + path, events=events, **more)

    def again(self, hook: Hook, by: Caller | None = None) -> Hook:
        return get_hook(self.app, by or self.bob, hook_id=hook.id)

    def log(self, hook: Hook, by: Caller | None = None) -> Sequence[Delivery]:
        """The newest first."""
        return list_deliveries(self.app, by or self.bob, hook_id=hook.id).items

    def work(self, *, seconds: float = 0) -> None:
        """Time goes by, and the worker does what is due."""
        self.clock.move(seconds=seconds)
        follow(self.app)
        for delivery_id in self.due():
            deliver(self.app, delivery_id=delivery_id)

    def due(self) -> list[str]:
        with self.app.database.reading() as tx:
            rows = tx.all(
                "SELECT id FROM hook_deliveries WHERE status = 'pending' AND next_ms <= ? ORDER BY id",
                self.clock.now_ms(),
            )
        return [row["id"] for row in rows]

    def grant(self, credits: int, to: str = "bob") -> None:
        grant_credits(self.app, self.ada, username=to, amount=str(credits), reason="a present")

    def spend(self, credits: int, key: str, who: Caller | None = None) -> None:
        owner_id, _ = (who or self.bob).identity
        with self.app.database.transaction() as tx:
            take_fee(self.app, tx, user_id=owner_id, credits=credits, key=key, why="An upload")
