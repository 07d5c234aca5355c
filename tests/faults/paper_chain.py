"""A chain whose books are lists, as the rail for TON: a wallet with a number per message, and messages that get lost.

As on the real one, only the chain says what became of a message: it is there, or its number was taken by another, or
its time is over. What the real rail makes of the real virtual machine is tested beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.model import Fact, Invoice, Payout, PayTo, PriceMode, Receipt, Refund
from skillyard.domain.payments.rail import Outcome, Rail
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Upstream
from skillyard.infra.money import Asset
from tests.domain.payments.paper_bank import Killed
from tests.faults.accidents import Accidents

VALID_MS, MARGIN_MS = 300_000, 60_000
COST = 3
_SEEN_AGAIN = 5


@dataclass(frozen=True)
class Sent:
    """A message of the wallet that the chain took. `comment`: the refund or payout that it is for."""

    reference: str
    comment: str
    amount: int


class PaperChain(Rail):
    name = "ton"
    clearing = Kind.TON_WALLET
    fee = Kind.CHAIN_FEE
    one_payout_at_a_time = True

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.accidents = Accidents(Random(0), chance=0)
        self.came: list[Receipt] = []
        self.sent: list[Sent] = []
        self.pool: list[dict[str, Any]] = []

    @property
    def balance(self) -> int:
        return sum(one.amount for one in self.came) - sum(one.amount + COST for one in self.sent)

    def pay(self, amount: int, memo: str | None) -> None:
        """Somebody sends money to the wallet."""
        reference = f"wallet:{len(self.came)}"
        now_ms = self.clock.now_ms()
        self.came.append(
            Receipt(rail="ton", reference=reference, asset=Asset.TON, amount=amount, received_ms=now_ms, memo=memo)
        )

    def mine(self) -> None:
        """Take the messages that wait, each while its number is the next and its time is not over."""
        for message in self.pool:
            if message["number"] == len(self.sent) and self.clock.now_ms() <= message["valid_until_ms"]:
                self.sent.append(Sent(f"sent:{len(self.sent)}", message["comment"], message["amount"]))
        self.pool.clear()

    def total_of(self, comment: str) -> int:
        return sum(one.amount for one in self.sent if one.comment == comment)

    # The rail

    def is_ready(self, app: App) -> bool:
        return True

    def asset_for(self, mode: PriceMode) -> Asset | None:
        return Asset.TON if mode == "fixed_ton" else None

    def new_memo(self) -> str:
        return f"memo-{self.accidents.random.getrandbits(60)}"

    def open_invoice(self, app: App, invoice: Invoice) -> PayTo:
        return PayTo(address="wallet", memo=invoice.memo)

    def look(self, app: App, invoice: Invoice) -> list[Fact]:
        self._ask()
        return [one for one in self.came if one.memo == invoice.memo]

    def sweep(self, app: App, cursor: str | None) -> tuple[list[Fact], str | None]:
        self._ask()
        start = max(int(cursor or 0) - _SEEN_AGAIN, 0)
        return list(self.came[start:]), str(len(self.came))

    def prepare_payout(self, app: App, payout: Payout) -> str:
        return self._prepare(payout.id, payout.amount)

    def prepare_refund(self, app: App, refund: Refund) -> str:
        return self._prepare(refund.id, refund.amount)

    def send_payout(self, app: App, payout: Payout) -> Outcome:
        return self._send(payout.prepared)

    def refund(self, app: App, refund: Refund) -> Outcome:
        return self._send(refund.prepared)

    def find_payout(self, app: App, payout: Payout) -> Outcome:
        return self._find(payout.prepared)

    def find_refund(self, app: App, refund: Refund) -> Outcome:
        return self._find(refund.prepared)

    def read_address(self, app: App, text: str) -> str:
        return text

    def _prepare(self, comment: str, amount: int) -> str:
        self._ask()
        valid_until_ms = self.clock.now_ms() + VALID_MS
        message = {"number": len(self.sent), "valid_until_ms": valid_until_ms, "comment": comment, "amount": amount}
        return orjson.dumps(message).decode()

    def _send(self, prepared: str | None) -> Outcome:
        """Into the pool, from where the chain takes it now, or later, or never."""
        self.accidents.meanwhile()
        if self.accidents.hits("killed before a call", 3):
            raise Killed
        message = _read(prepared)
        if not self.accidents.hits("message lost", 4) and message not in self.pool:
            self.pool.append(message)
        if self.accidents.random.random() < 0.5:
            self.mine()
        if self.accidents.hits("killed after a call", 3):
            raise Killed
        if self.accidents.hits("call not answered", 4):
            raise Upstream
        return Outcome(state="submitted")

    def _find(self, prepared: str | None) -> Outcome:
        self._ask()
        message = _read(prepared)
        for one in self.sent:
            if one.comment == message["comment"]:
                return Outcome(state="paid", reference=one.reference, fee=COST)
        is_late = self.clock.now_ms() > message["valid_until_ms"] + MARGIN_MS
        if is_late or len(self.sent) > message["number"]:
            return Outcome(state="failed", why="it can never be taken any more")
        return Outcome(state="unknown", why="it is on its way")

    def _ask(self) -> None:
        """A question to the chain, which changes nothing there."""
        self.accidents.meanwhile()
        if self.accidents.hits("killed in a call"):
            raise Killed
        if self.accidents.hits("call not answered", 2):
            raise Upstream


def _read(prepared: str | None) -> Mapping[str, Any] | Any:
    assert prepared is not None, "stored before it is sent"
    return orjson.loads(prepared)
