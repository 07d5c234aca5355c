"""Payment by card and bank through Stripe: Checkout for buyers, Connect (Express) for sellers.

Separate charges and transfers: all money comes to the platform's account, and what is paid out goes from there to the
seller's (https://docs.stripe.com/connect/separate-charges-and-transfers).
"""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.app import App
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.model import ConnectAccount, Fact, Invoice, Payout, PayTo, PriceMode, Refund
from skillyard.domain.payments.rail import Check, ConnectRail, Outcome, ProviderEvent
from skillyard.domain.payments.stripe import accounts, checkout, events, sending, sweeping
from skillyard.domain.payments.stripe.check import check_set_up
from skillyard.infra.money import Asset


class StripeRail(ConnectRail):
    """Whatever is sent may be sent again: keys and metadata see to it that it happens once. So finding out what became
    of something, and seeing to it that it happens, is the same.
    """

    name = "stripe"
    clearing = Kind.STRIPE_CLEARING
    refunds_to_source = True

    def is_ready(self, app: App) -> bool:
        return bool(app.settings.stripe_secret_key.get_secret_value())

    def asset_for(self, mode: PriceMode) -> Asset | None:
        return Asset.USD if mode == "fixed_usd" else None

    def open_invoice(self, app: App, invoice: Invoice) -> PayTo:
        return checkout.open_session(app, invoice)

    def withdraw_invoice(self, app: App, invoice: Invoice) -> None:
        checkout.close_session(app, invoice)

    def look(self, app: App, invoice: Invoice) -> list[Fact]:
        session = checkout.find_session(app, invoice)
        return events.facts_of_session(app, session) if session else []

    def read_event(self, app: App, headers: Mapping[str, str], body: bytes) -> ProviderEvent | None:
        return events.read_event(app, headers, body)

    def follow_up(self, app: App, event: ProviderEvent) -> list[Fact]:
        return events.follow_up(app, event)

    def sweep(self, app: App, cursor: str | None) -> tuple[list[Fact], str | None]:
        return sweeping.sweep(app, cursor)

    def refund(self, app: App, refund: Refund) -> Outcome:
        return sending.send_refund(app, refund)

    def find_refund(self, app: App, refund: Refund) -> Outcome:
        return sending.send_refund(app, refund)

    def prepare_payout(self, app: App, payout: Payout) -> str:
        return sending.prepare_transfer(payout)

    def send_payout(self, app: App, payout: Payout) -> Outcome:
        return sending.send_transfer(app, payout)

    def find_payout(self, app: App, payout: Payout) -> Outcome:
        return sending.send_transfer(app, payout)

    def open_account(self, app: App, *, user_id: str, country: str | None) -> ConnectAccount:
        return accounts.open_account(app, user_id=user_id, country=country)

    def onboarding_url(self, app: App, account_id: str) -> str:
        return accounts.onboarding_url(app, account_id)

    def find_account(self, app: App, account_id: str) -> ConnectAccount:
        return accounts.find_account(app, account_id)

    def check(self, app: App) -> list[Check]:
        return list(check_set_up(app))


RAIL = StripeRail()
