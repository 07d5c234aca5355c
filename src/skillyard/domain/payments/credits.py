"""Credits: what the balance that we keep ourselves is counted in. One is worth one US cent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.directory import find_person
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.credit_legs import legs_to, repay
from skillyard.domain.payments.errors import KeyUsedOtherwise, PersonNotFound
from skillyard.domain.payments.events import CreditsGranted
from skillyard.domain.payments.ledger import credit, debit
from skillyard.domain.payments.ledger_errors import LedgerConflict
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import CENTS_PER_CREDIT, Asset, read_amount, show_amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """`held`: set aside for what runs now. `owed`: taken back after a refund or a dispute when they were spent already;
    what comes next pays it first.
    """

    username: str
    available: int
    held: int
    owed: int


def get_credits(app: App, caller: Caller) -> Credits:
    """The caller's."""
    caller.must("read_own")
    user_id, username = caller.identity
    with app.database.reading() as tx:
        return read_credits(tx, user_id, username)


def read_credits(tx: Tx, user_id: str, username: str) -> Credits:
    """Somebody's."""
    return _credits(username, ledger.balances(tx, user_id))


def purchase_url(app: App) -> str:
    """Where people buy credits."""
    return f"{app.settings.address}/account/credits"


def grant_credits(
    app: App, caller: Caller, *, username: str, amount: str, reason: str = "", key: str | None = None
) -> Credits:
    """Give somebody credits; for administrators. The same `key` gives once. What the person has then.

    Raises AmountNotValid, PersonNotFound or KeyUsedOtherwise.
    """
    caller.must("administer")
    _, by = caller.identity
    credits = read_amount(amount, Asset.CREDIT)
    cents = credits * CENTS_PER_CREDIT
    with app.database.transaction() as tx:
        person = find_person(tx, username)
        if person is None:
            raise PersonNotFound(username=username[:60])
        legs = [
            *legs_to(tx, person.id, credits),
            debit(platform(Kind.CREDIT_GRANTS, Asset.USD), cents),
            credit(platform(Kind.DEFERRED_REVENUE, Asset.USD), cents),
        ]
        try:
            journal = ledger.post(
                tx, key=f"grant:{key or new_id('key')}", kind="credit_grant", ref=person.id, legs=legs,
                now_ms=app.clock.now_ms(), facts={"by": by, "reason": reason[:500]},
            )  # fmt: skip
        except LedgerConflict:
            raise KeyUsedOtherwise from None
        if journal.is_new:
            repay(tx, person.id, key=journal.key, ref=person.id, now_ms=journal.at_ms)
            shown = show_amount(credits, Asset.CREDIT)
            app.events.record(tx, CreditsGranted(username=person.username, amount=shown, by=by))
        return read_credits(tx, person.id, person.username)


def _credits(username: str, there: Mapping[tuple[Kind, Asset], int]) -> Credits:
    return Credits(
        username=username,
        available=there.get((Kind.CREDITS, Asset.CREDIT), 0),
        held=there.get((Kind.CREDITS_HOLD, Asset.CREDIT), 0),
        owed=there.get((Kind.SELLER_RECEIVABLE, Asset.CREDIT), 0),
    )
