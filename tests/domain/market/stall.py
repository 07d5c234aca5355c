"""A market with a provider, an administrator and buyers; its books are examined at the end of each test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import jobs
from skillyard.domain.market.claim import claim
from skillyard.domain.market.follow import look_at_skill
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer
from skillyard.domain.market.offers import get_offer
from skillyard.domain.payments import ledger
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.infra.clock import FixedClock
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release

URL_SCHEMA = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
SUMMARY_SCHEMA = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
INPUT = {"url": "https://example.com/report.pdf"}
OUTPUT = {"summary": "It went well."}


def an_executable(**fields: Any) -> dict[str, Any]:
    """What stands in an executable.json."""
    return {"input_schema": URL_SCHEMA, "output_schema": SUMMARY_SCHEMA, **fields}


@dataclass
class Stall:
    """`sal` provides sal/sum for 10 credits; `ada` is the administrator; `bob` buys, and has 100 credits."""

    app: App
    clock: FixedClock
    ada: Caller
    sal: Caller
    bob: Caller

    def offer(
        self,
        name: str = "sal/sum",
        version: str = "1.0.0",
        *,
        files: Mapping[str, str] | None = None,
        visibility: str | None = None,
        by: Caller | None = None,
        **fields: Any,
    ) -> Offer:
        """Publish it with these fields in its executable.json."""
        texts = {"executable.json": json.dumps(an_executable(**{"price": 10, **fields})), **(files or {})}
        a_release(self.app, by or self.sal, name, version, files=texts, visibility=visibility)
        offer = look_at_skill(self.app, SkillName.parse(name))
        assert offer is not None
        return offer

    def invoke(
        self, offer: Offer, *, by: Caller | None = None, input: Any = INPUT, key: str | None = None
    ) -> Invocation:
        return invoke(self.app, by or self.bob, offer_id=offer.id, input=input, key=key)

    def claimed(self, offer: Offer) -> Invocation:
        """A new invocation with which `sal` has begun."""
        return self.claim(self.invoke(offer))

    def claim(self, asked: Invocation) -> Invocation:
        return claim(self.app, self.sal, invocation_id=asked.id)

    def fresh(self, offer: Offer) -> Offer:
        return get_offer(self.app, self.sal, offer_id=offer.id)

    def credits(self, caller: Caller | None = None) -> tuple[int, int]:
        """Available and held."""
        found = get_credits(self.app, caller or self.bob)
        return found.available, found.held

    def earned(self) -> int:
        """What `sal` has pending and available, in cents."""
        return sum(one.pending + one.available for one in get_balance(self.app, self.sal).assets)

    def later(self, *, minutes: float) -> None:
        """Time goes by, and the market's jobs run."""
        self.clock.move(seconds=minutes * 60)
        self.work()

    def work(self) -> None:
        jobs.follow_registry(self.app)
        jobs.free_leases(self.app)
        jobs.expire_invocations(self.app)

    def on(self, app: App) -> Stall:
        """The same people at another application, such as one that dies."""
        return replace(self, app=app)

    def check(self) -> None:
        """The books are right, and exactly what was delivered was paid."""
        with self.app.database.reading() as tx:
            faults = ledger.examine(tx)
            rows = tx.all(
                "SELECT i.id, i.status, i.price, c.status AS charge FROM invocations i"
                " LEFT JOIN charges c ON c.ref = i.id WHERE i.rail IS NOT NULL"
            )
        assert not faults, "\n".join(faults)
        wanted = {InvocationStatus.COMPLETED: "captured", InvocationStatus.PENDING: "held", "processing": "held"}
        assert [row for row in rows if row["charge"] != wanted.get(row["status"], "released")] == []


def a_stall(app: App, clock: FixedClock) -> Stall:
    ada, sal, bob = a_person(app, "ada"), a_person(app, "sal"), a_person(app, "bob")
    grant_credits(app, ada, username="bob", amount="100", reason="a present")
    return Stall(app, clock, ada, sal, bob)
