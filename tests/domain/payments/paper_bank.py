"""A provider whose books are a dictionary, as a rail: it does to payouts whatever a provider can, when told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.model import Payout, PriceMode
from skillyard.domain.payments.rail import Outcome, Rail
from skillyard.infra.errors import Upstream
from skillyard.infra.money import Asset


class Killed(BaseException):
    """The process dies here."""


class PaperBank(Rail):
    """`script`: what happens to the next calls of `send_payout`, each a name below; without one they are done.

    done: paid, and we hear of it. accepted: it will be paid later, and we hear of that. lost: paid, but the answer is
    lost. cut: neither paid nor answered. refused: not paid, and we hear why. denied: the same, but only of this copy.
    killed_before, killed_after: this process dies before, or after, it was paid.
    """

    name = "ton"
    clearing = Kind.TON_WALLET
    fee = Kind.CHAIN_FEE
    fee_amount = 3

    def __init__(self) -> None:
        self.script: list[str] = []
        self.paid: dict[str, tuple[str, int]] = {}
        self.accepted: dict[str, tuple[str, int]] = {}
        self.void: set[str] = set()
        self.is_blind = False
        self.during: dict[str, Callable[[], None]] = {}
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def is_ready(self, app: App) -> bool:
        return True

    def asset_for(self, mode: PriceMode) -> Asset | None:
        return Asset.TON if mode == "fixed_ton" else None

    def prepare_payout(self, app: App, payout: Payout) -> str:
        self._note("prepare")
        return orjson.dumps({"key": f"{payout.id}:{payout.attempt}"}).decode()

    def send_payout(self, app: App, payout: Payout) -> Outcome:
        self._note("send")
        key = _key_of(payout)
        with self._lock:
            if self.script[:1] == ["denied"]:
                self.script.pop()
                return Outcome(state="failed", why="this copy of it comes too late")
            if key in self.paid:
                return Outcome(state="paid", reference=f"ref-{key}", fee=self.fee_amount)
            if key in self.accepted:
                return Outcome(state="submitted", reference=f"ref-{key}")
            what = self.script.pop(0) if self.script else "done"
            if what == "killed_before":
                raise Killed
            if what == "cut":
                raise Upstream
            if what == "refused" or key in self.void:
                self.void.add(key)
                return Outcome(state="failed", why="the wallet is frozen")
            if what == "accepted":
                self.accepted[key] = (payout.id, payout.amount)
                return Outcome(state="submitted", reference=f"ref-{key}")
            self.paid[key] = (payout.id, payout.amount)
        if what == "killed_after":
            raise Killed
        if what == "lost":
            raise Upstream
        return Outcome(state="paid", reference=f"ref-{key}", fee=self.fee_amount)

    def find_payout(self, app: App, payout: Payout) -> Outcome:
        self._note("find")
        key = _key_of(payout)
        if self.is_blind:
            return Outcome(state="unknown", why="the provider does not answer")
        if key in self.paid:
            return Outcome(state="paid", reference=f"ref-{key}", fee=self.fee_amount)
        if key in self.void:
            return Outcome(state="failed", why="it ran out of time")
        return Outcome(state="unknown")

    def settle(self) -> None:
        """Pay what was accepted."""
        self.paid.update(self.accepted)
        self.accepted.clear()

    def expire(self, payout: Payout) -> None:
        """Whatever was prepared for this attempt can never be paid from now on."""
        self.void.add(_key_of(payout))

    def total_of(self, payout_id: str) -> int:
        return sum(amount for owner, amount in self.paid.values() if owner == payout_id)

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if during := self.during.pop(call, None):
            during()


def _key_of(payout: Payout) -> str:
    prepared: dict[str, Any] = orjson.loads(payout.prepared or "{}")
    return str(prepared["key"])
