"""Sellers with money, and what must be true of it whatever happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.ledger import Leg, balances, credit, debit, examine, post
from skillyard.domain.payments.model import Payout, PayoutStatus
from skillyard.domain.payments.payout_methods import set_ton_wallet
from skillyard.domain.payments.payout_model import OPEN
from skillyard.domain.payments.store import payouts as store
from skillyard.infra.clock import FixedClock
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import Asset
from tests.domain.payments.paper_bank import PaperBank
from tests.makers import a_person

CLEARING = {Asset.USD: Kind.STRIPE_CLEARING, Asset.TON: Kind.TON_WALLET}
FEES = {Asset.USD: Kind.PROCESSOR_FEE, Asset.TON: Kind.CHAIN_FEE}
TON = 10**9


@dataclass
class Market:
    """An application with sellers in it; remembers what they earned, as a witness of the books. `bank`: who
    pays, unless a peer does.
    """

    app: App
    clock: FixedClock
    bank: PaperBank = field(default_factory=PaperBank)
    has_bank: bool = True
    earned: Counter[tuple[str, Asset]] = field(default_factory=Counter)

    def seller(self, name: str = "sal", *, ton: int = 0, usd: int = 0) -> Caller:
        """Somebody with so much nanoTON and so many cents available; nobody's administrator."""
        if not self.has_people():
            a_person(self.app, "ada")
        person = a_person(self.app, name)
        for asset, amount in ((Asset.TON, ton), (Asset.USD, usd)):
            if amount:
                self.earn(person, amount, asset)
        return person

    def admin(self, name: str = "ada") -> Caller:
        return a_person(self.app, name)

    def has_people(self) -> bool:
        with self.app.database.reading() as tx:
            return tx.one("SELECT 1 FROM users LIMIT 1") is not None

    def earn(
        self, seller: Caller, amount: int, asset: Asset, *, is_mature: bool = True, source: Kind | None = None
    ) -> str:
        """A sale of so much, of which nobody took a share; its invoice. `source`: what was paid in before."""
        ref = new_id("inv")
        pending = _of(seller, Kind.SELLER_PENDING, asset)
        paid = debit(platform(source or CLEARING[asset], asset), amount)
        self._post("sale", ref, [paid, credit(pending, amount)])
        self.earned[seller.identity[0], asset] += amount
        if is_mature:
            available = _of(seller, Kind.SELLER_AVAILABLE, asset)
            self._post("maturity", ref, [debit(pending, amount), credit(available, amount)])
        return ref

    def claw_back(self, seller: Caller, amount: int, asset: Asset) -> None:
        """A refund to a buyer after the money was paid out: the seller owes it."""
        owed = _of(seller, Kind.SELLER_RECEIVABLE, asset)
        self._post(
            "sale_refund", new_id("inv"), [debit(owed, amount), credit(platform(CLEARING[asset], asset), amount)]
        )
        self.earned[seller.identity[0], asset] -= amount

    def with_wallet(self, seller: Caller, *, ton: int = 0) -> Caller:
        set_ton_wallet(self.app, seller, address=f"0:{seller.identity[0].encode().hex().zfill(64)[:64]}")
        if ton:
            self.earn(seller, ton, Asset.TON)
        return seller

    def payout(self, payout: Payout) -> Payout:
        """As it is by now."""
        with self.app.database.reading() as tx:
            found = store.find(tx, payout.id)
        assert found is not None
        return found

    def check(self) -> None:
        """The books are sound, nobody has more or less than they earned, and the bank says the same."""
        with self.app.database.reading() as tx:
            assert examine(tx) == []
            paid_out = Counter[Asset]()
            for (user_id, asset), earned in self.earned.items():
                there = balances(tx, user_id)
                mine = [one for one in _payouts_of(tx, user_id) if one.asset is asset]
                paid = sum(one.amount for one in mine if one.status is PayoutStatus.PAID)
                held = sum(one.amount for one in mine if one.status in OPEN)
                kept = there.get((Kind.SELLER_AVAILABLE, asset), 0) + there.get((Kind.SELLER_PENDING, asset), 0)
                owed = there.get((Kind.SELLER_RECEIVABLE, asset), 0)
                assert there.get((Kind.PAYOUT_HOLD, asset), 0) == held
                assert paid + held + kept - owed == earned
                paid_out[asset] += sum(
                    one.amount for one in mine if one.status is PayoutStatus.PAID and one.rail != "credits"
                )
                if self.has_bank:
                    _check_bank(self.bank, mine)
            ours = balances(tx, "platform")
        for asset, kind in CLEARING.items():
            came = sum(amount for (_, of), amount in self.earned.items() if of is asset)
            fees = ours.get((FEES[asset], asset), 0)
            assert ours.get((kind, asset), 0) == came - paid_out[asset] - fees

    def _post(self, kind: str, ref: str, legs: list[Leg]) -> None:
        with self.app.database.transaction() as tx:
            post(tx, key=f"{kind}:{ref}", kind=kind, ref=ref, legs=legs, now_ms=self.clock.now_ms())


def _payouts_of(tx: Tx, user_id: str) -> list[Payout]:
    return store.list_payouts(tx, user_id=user_id, statuses=(), before=(2**62, "~"), limit=10_000, offset=0)


def _of(seller: Caller, kind: Kind, asset: Asset) -> Account:
    return Account(owner=seller.identity[0], kind=kind, asset=asset)


def _check_bank(bank: PaperBank, payouts: list[Payout]) -> None:
    """Nobody is paid twice, and what is finished is finished there as well."""
    for payout in (one for one in payouts if one.rail == bank.name):
        there = bank.total_of(payout.id)
        assert there in (0, payout.amount), "paid twice"
        if payout.status is PayoutStatus.PAID:
            assert there == payout.amount
        elif payout.status not in OPEN and payout.status is not PayoutStatus.RETURNED:
            assert there == 0
