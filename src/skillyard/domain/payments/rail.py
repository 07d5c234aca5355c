"""The port for ways to pay: what each file in `rails/` provides. Rails are found there, never named elsewhere.

A rail speaks with its provider, through the one guarded door, and returns facts; it posts nothing and stores nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Literal

from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.errors import NoSuchRail, NotWithThisRail, RailNotReady
from skillyard.domain.payments.model import ConnectAccount, Fact, Invoice, Payout, PayTo, PriceMode, Refund
from skillyard.infra.money import Asset

if TYPE_CHECKING:
    from skillyard.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request to pay. Unknown: it may or may not have been done; never guess."""

    state: Literal["paid", "submitted", "failed", "unknown"]
    reference: str | None = None
    fee: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """An event whose signature was right; what it says is looked up again. `account`: the seller's account it is of."""

    id: str
    kind: str
    object_id: str
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of what `doctor` finds."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


class Rail(ABC):
    """`is_internal`: paid from a balance that we keep, in one transaction, without any provider.
    `one_payout_at_a_time`: two at once would disturb each other. `refunds_to_source`: a refund goes back where the
    money came from, receipt by receipt, and needs no address. `clearing`: the account that mirrors what the provider
    holds for us, `fee`: the expense that its fees are. `sees_all_in_sweep`: one sweep shows every payment, so that
    nobody asks for each invoice by itself.
    """

    name: ClassVar[str]
    clearing: ClassVar[Kind]
    fee: ClassVar[Kind] = Kind.PROCESSOR_FEE
    is_internal: ClassVar[bool] = False
    one_payout_at_a_time: ClassVar[bool] = False
    refunds_to_source: ClassVar[bool] = False
    sees_all_in_sweep: ClassVar[bool] = False

    @abstractmethod
    def is_ready(self, app: App) -> bool:
        """Whether the operator has set it up."""

    @abstractmethod
    def asset_for(self, mode: PriceMode) -> Asset | None:
        """What a price of this mode is paid in; None where it cannot be."""

    def new_memo(self) -> str | None:
        """What the payer of a new invoice has to write; None where no memo is needed."""
        return None

    def open_invoice(self, app: App, invoice: Invoice) -> PayTo:
        """Let it be paid. The same for the same id and attempt. Raises Upstream or Unavailable: nobody was told."""
        raise NotWithThisRail(rail=self.name, what="invoices")

    def withdraw_invoice(self, app: App, invoice: Invoice) -> None:
        """As far as the provider can, let nobody pay it any more. Raises Upstream."""

    def look(self, app: App, invoice: Invoice) -> list[Fact]:
        """What the provider knows of it now. Raises Upstream."""
        return []

    def read_event(self, app: App, headers: Mapping[str, str], body: bytes) -> ProviderEvent | None:
        """The event in a signed request, from its raw bytes; None for one that we have no use for.

        `headers`: names in lower case. Raises WebhookNotValid.
        """
        raise NotWithThisRail(rail=self.name, what="webhooks")

    def follow_up(self, app: App, event: ProviderEvent) -> list[Fact]:
        """Fetch what the event is about and say what is so now. Raises Upstream."""
        return []

    def sweep(self, app: App, cursor: str | None) -> tuple[list[Fact], str | None]:
        """All since the cursor, some of it again; and the cursor for the next time. Raises Upstream."""
        return [], cursor

    def refund(self, app: App, refund: Refund) -> Outcome:
        """Send it, or find that it was sent; the same for the same id and attempt. Does not raise Upstream."""
        raise NotWithThisRail(rail=self.name, what="refunds")

    def find_refund(self, app: App, refund: Refund) -> Outcome:
        """What became of it. Failed: it was not done, and another attempt cannot pay twice."""
        raise NotWithThisRail(rail=self.name, what="refunds")

    def prepare_refund(self, app: App, refund: Refund) -> str:
        """What must be stored before `refund` may be called, as JSON. Raises Upstream."""
        return "{}"

    def prepare_payout(self, app: App, payout: Payout) -> str:
        """What must be stored before `send_payout` may be called, as JSON. Raises Upstream."""
        raise NotWithThisRail(rail=self.name, what="payouts")

    def send_payout(self, app: App, payout: Payout) -> Outcome:
        """Send what was prepared; may be repeated. Does not raise Upstream."""
        raise NotWithThisRail(rail=self.name, what="payouts")

    def find_payout(self, app: App, payout: Payout) -> Outcome:
        """What became of it. Failed: it was not done, and another attempt cannot pay twice."""
        raise NotWithThisRail(rail=self.name, what="payouts")

    def read_address(self, app: App, text: str) -> str:
        """An address of the rail as it is kept. Raises Invalid."""
        raise NotWithThisRail(rail=self.name, what="addresses")

    def check(self, app: App) -> list[Check]:
        """For `doctor`: keys, secrets, clock, wallet. Does not raise."""
        return []


class ConnectRail(Rail):
    """A rail on which sellers have accounts of their own with the provider."""

    @abstractmethod
    def open_account(self, app: App, *, user_id: str, country: str | None) -> ConnectAccount:
        """A new account, the same for the same person. Raises Upstream."""

    @abstractmethod
    def onboarding_url(self, app: App, account_id: str) -> str:
        """A new address where the seller completes the account; good once, for minutes. Raises Upstream."""

    @abstractmethod
    def find_account(self, app: App, account_id: str) -> ConnectAccount:
        """As it is now. Raises Upstream, or NotFound."""


@cache
def rails() -> Mapping[str, Rail]:
    """Every rail there is, by name."""
    from skillyard.domain.payments import rails as folder

    names = [f"{folder.__name__}.{found.name}" for found in pkgutil.iter_modules(folder.__path__)]
    modules = [importlib.import_module(name) for name in names]
    found = [module.RAIL for module in modules if hasattr(module, "RAIL")]
    return {rail.name: rail for rail in sorted(found, key=lambda rail: rail.name)}


def get_rail(name: str) -> Rail:
    """Raises NoSuchRail."""
    try:
        return rails()[name]
    except KeyError:
        raise NoSuchRail(rail=name[:40], known=", ".join(rails())) from None


def get_ready_rail(app: App, name: str) -> Rail:
    """Raises NoSuchRail, or RailNotReady."""
    rail = get_rail(name)
    if not rail.is_ready(app):
        raise RailNotReady(rail=name)
    return rail


def ready_rails(app: App) -> list[Rail]:
    return [rail for rail in rails().values() if rail.is_ready(app)]
