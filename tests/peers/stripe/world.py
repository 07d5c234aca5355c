"""What this Stripe knows: objects by id, lists per account, each account's money, and a clock that tests move."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.peers.stripe.faults import Refused, no_such

Thing = dict[str, Any]

API_VERSION = "2026-08-26.dahlia"
PLATFORM = "acct_platform"
DAY_S = 24 * 60 * 60


@dataclass
class World:
    """`clock`: seconds since 1970. `settle_s`: how long the money of a charge stays pending."""

    secret_key: str = "sk_test_peer"
    country: str = "US"
    currency: str = "usd"
    own_payouts: str = "manual"  # when the platform's own balance goes to its bank
    settle_s: int = 2 * DAY_S
    dispute_fee: int = 1500
    refunds_wait: bool = False  # new refunds stay pending until `settle_refund`
    clock: Callable[[], float] = time.time
    ahead_s: int = 0
    things: dict[str, Thing] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    lists: dict[tuple[str, str], list[Thing]] = field(default_factory=lambda: defaultdict(list))
    hidden: dict[str, Thing] = field(default_factory=dict)  # what a session keeps for its payment intent
    disconnected: set[str] = field(default_factory=set)
    on_event: list[Callable[[Thing, str], None]] = field(default_factory=list)
    _made: int = 0

    @property
    def livemode(self) -> bool:
        return "_live_" in self.secret_key

    def now(self) -> int:
        return int(self.clock()) + self.ahead_s

    def move(self, seconds: int) -> None:
        """Let time pass."""
        self.ahead_s += seconds

    def new_id(self, prefix: str) -> str:
        self._made += 1
        return f"{prefix}_{self._made:014d}"

    def add(self, prefix: str, kind: str, owner: str = PLATFORM, /, **properties: Any) -> Thing:
        """A new object of this kind, which the account then lists."""
        thing = {"id": self.new_id(prefix), "object": kind, "created": self.now(), "livemode": self.livemode}
        thing |= properties
        if kind in ("refund", "balance_transaction", "transfer_reversal", "account"):
            del thing["livemode"]
        self.things[thing["id"]] = thing
        self.owners[thing["id"]] = owner
        self.lists[owner, kind].append(thing)
        return thing

    def get(self, kind: str, id: str, account: str = PLATFORM, *, param: str = "id", status: int = 404) -> Thing:
        thing = self.things.get(id)
        if thing is None or thing["object"] != kind or self.owners[id] != account:
            raise no_such(kind.replace(".", " ").replace("_", " "), id, param, status)
        return thing

    def newest(self, kind: str, account: str = PLATFORM) -> Iterator[Thing]:
        return reversed(self.lists[account, kind])

    def happened(self, type: str, thing: Thing, account: str = PLATFORM, **before: Any) -> Thing:
        """An event, as the object is at this moment; those of connected accounts name the account."""
        data = {"object": deepcopy(thing)} | ({"previous_attributes": before} if before else {})
        named = {} if account == PLATFORM else {"account": account}
        event = self.add(
            "evt", "event", account, type=type, data=data, api_version=API_VERSION, pending_webhooks=0,
            request={"id": None, "idempotency_key": None}, **named,
        )  # fmt: skip
        for listener in self.on_event:
            listener(event, account)
        return event

    # Money

    def book(
        self, type: str, amount: int, source: str, *, account: str = PLATFORM, fee: int = 0, pending: bool = False,
        category: str | None = None,
    ) -> Thing:  # fmt: skip
        """A movement of an account's balance."""
        fees = [{"amount": fee, "application": None, "currency": self.currency, "description": "Stripe fees",
                 "type": "stripe_fee"}] if fee else []  # fmt: skip
        return self.add(
            "txn", "balance_transaction", account, type=type, amount=amount, fee=fee, net=amount - fee,
            fee_details=fees, currency=self.currency, source=source, description=None, exchange_rate=None,
            available_on=self.now() + (self.settle_s if pending else 0), reporting_category=category or type,
            balance_type="payments", status="pending" if pending and self.settle_s else "available",
        )  # fmt: skip

    def balance(self, account: str = PLATFORM) -> tuple[int, int]:
        """What is available, and what is pending."""
        available = pending = 0
        for entry in self.lists[account, "balance_transaction"]:
            if entry["available_on"] <= self.now():
                entry["status"] = "available"
                available += entry["net"]
            else:
                pending += entry["net"]
        return available, pending

    def spend_from(self, account: str, amount: int) -> None:
        """Refuse what the available balance does not cover."""
        if self.balance(account)[0] < amount:
            message = "You have insufficient available funds in your Stripe account."
            raise Refused(400, message, code="balance_insufficient", started=True)
