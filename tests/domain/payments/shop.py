"""A shop with a seller, a skill that costs something, and buyers; the books are examined at the end of each test."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import jobs, ledger
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.buy import Purchase
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.payments.invoices import get_invoice
from skillyard.domain.payments.model import Invoice
from skillyard.domain.payments.webhooks import follow_up
from skillyard.domain.registry.sale import buy, set_price, set_sale
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release

REPORT = SkillName("sal", "report")
DAY_S = 24 * 3600


@dataclass
class Shop:
    """`sal` sells sal/report; `ada` is the administrator; `bob` buys."""

    app: App
    clock: FixedClock
    ada: Caller
    sal: Caller
    bob: Caller

    def buy(
        self, buyer: Caller | None = None, *, rail: str | None = None, referral_code: str | None = None
    ) -> Purchase:
        return buy(self.app, buyer or self.bob, name=REPORT, rail=rail, referral_code=referral_code)

    def grant(self, amount: str, username: str = "bob") -> None:
        grant_credits(self.app, self.ada, username=username, amount=amount, reason="a present")

    def invoice(self, invoice_id: str) -> Invoice:
        return get_invoice(self.app, self.ada, invoice_id=invoice_id)

    def balance(self, seller: Caller | None = None, asset: Asset = Asset.USD) -> tuple[int, int]:
        """Pending and available."""
        found = {one.asset: one for one in get_balance(self.app, seller or self.sal).assets}
        return (found[asset].pending, found[asset].available) if asset in found else (0, 0)

    def later(self, *, days: float = 0, minutes: float = 0) -> None:
        """Time goes by, and the jobs run."""
        self.clock.move(seconds=days * DAY_S + minutes * 60)
        self.work()

    def work(self) -> None:
        """Everything that runs by itself, once."""
        jobs.look_at_invoices(self.app)
        jobs.sweep_rails(self.app)
        jobs.go_on_with_refunds(self.app)
        jobs.mature_sales(self.app)

    def follow_events(self) -> None:
        """What the worker does with events that were received."""
        with self.app.database.reading() as tx:
            rows = tx.all("SELECT rail, event_id FROM provider_events WHERE handled_ms IS NULL ORDER BY received_ms")
        for row in rows:
            follow_up(self.app, rail=row["rail"], event_id=row["event_id"])

    def check(self) -> None:
        with self.app.database.reading() as tx:
            faults = ledger.examine(tx)
        assert not faults, "\n".join(faults)


def a_shop(app: App, clock: FixedClock, *, usd: str | None = "29.00", ton: str | None = None) -> Shop:
    ada, sal = a_person(app, "ada"), a_person(app, "sal")
    a_release(app, sal, "sal/report", visibility="private", body="# The paid text")
    set_sale(app, sal, name=REPORT, is_for_sale=True, selling_text="Writes reports.\n\nIn three formats.")
    if usd:
        set_price(app, sal, name=REPORT, mode="fixed_usd", amount=usd)
    if ton:
        set_price(app, sal, name=REPORT, mode="fixed_ton", amount=ton)
    return Shop(app=app, clock=clock, ada=ada, sal=sal, bob=a_person(app, "bob"))
