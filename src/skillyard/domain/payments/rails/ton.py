"""Payment in TON: one wallet of the server, a memo for each invoice, and payouts that are signed before they are sent.

Nothing is held at a provider: what the chain says is what is so. Webhooks are not needed.
"""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.model import Fact, Invoice, Payout, PayTo, PriceMode, Refund
from skillyard.domain.payments.rail import Check, Outcome, Rail
from skillyard.domain.payments.ton import deposits, sending
from skillyard.domain.payments.ton.address import read_address, show_address
from skillyard.domain.payments.ton.check import check_set_up
from skillyard.domain.payments.ton.link import payment_link
from skillyard.domain.payments.ton.memo import new_memo
from skillyard.domain.payments.ton.set_up import is_set_up, set_up_of
from skillyard.infra.money import Asset


class TonRail(Rail):
    """Payouts and refunds go by the wallet's numbers: one at a time."""

    name = "ton"
    clearing = Kind.TON_WALLET
    fee = Kind.CHAIN_FEE
    one_payout_at_a_time = True
    sees_all_in_sweep = True

    def is_ready(self, app: App) -> bool:
        return is_set_up(app.settings)

    def asset_for(self, mode: PriceMode) -> Asset | None:
        """A price in US dollars is converted at the rate of the moment."""
        return Asset.TON

    def new_memo(self) -> str | None:
        return new_memo()

    def open_invoice(self, app: App, invoice: Invoice) -> PayTo:
        """Needs no network: a wallet is always open. Raises TonNotSetUp and what it may be made of."""
        assert invoice.memo is not None
        here = set_up_of(app)
        address = show_address(here.wallet, here.network)
        return PayTo(address=address, memo=invoice.memo, link=payment_link(address, invoice.amount, invoice.memo))

    def look(self, app: App, invoice: Invoice) -> list[Fact]:
        return deposits.look_for(set_up_of(app), invoice.memo, invoice.created_ms) if invoice.memo else []

    def sweep(self, app: App, cursor: str | None) -> tuple[list[Fact], str | None]:
        return deposits.sweep(set_up_of(app), cursor)

    def prepare_payout(self, app: App, payout: Payout) -> str:
        return sending.prepare(set_up_of(app), destination=payout.destination, nano=payout.amount, comment=payout.id)

    def send_payout(self, app: App, payout: Payout) -> Outcome:
        assert payout.prepared is not None
        return sending.send(set_up_of(app), payout.prepared)

    def find_payout(self, app: App, payout: Payout) -> Outcome:
        assert payout.prepared is not None
        return sending.find(
            set_up_of(app), payout.prepared, destination=payout.destination, nano=payout.amount, comment=payout.id
        )

    def prepare_refund(self, app: App, refund: Refund) -> str:
        return sending.prepare(
            set_up_of(app), destination=refund.to_address or "", nano=refund.amount, comment=refund.id
        )

    def refund(self, app: App, refund: Refund) -> Outcome:
        assert refund.prepared is not None
        return sending.send(set_up_of(app), refund.prepared)

    def find_refund(self, app: App, refund: Refund) -> Outcome:
        assert refund.prepared is not None
        return sending.find(
            set_up_of(app),
            refund.prepared,
            destination=refund.to_address or "",
            nano=refund.amount,
            comment=refund.id,
        )

    def read_address(self, app: App, text: str) -> str:
        """The raw form of a wallet's address. Raises WalletNotValid."""
        return read_address(text, app.settings.ton_network)

    def check(self, app: App) -> list[Check]:
        return list(check_set_up(app))


RAIL = TonRail()
