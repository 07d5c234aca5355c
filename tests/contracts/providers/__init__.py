"""Who stands behind a rail in the contract tests: a module for each, of the rail's name, with a context manager
`a_provider` that yields a Provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.model import Invoice

NOBODY = "http://127.0.0.1:1"


class Provider(Protocol):
    """`settings`: with them the rail is ready. `away`: the same, but nobody answers. `secrets`: must never be shown.
    `buyer_address`: where a refund goes, for rails that must be told.
    """

    settings: Mapping[str, Any]
    away: Mapping[str, Any]
    secrets: tuple[str, ...]
    buyer_address: str | None

    def welcome(self, app: App, admin: Caller, buyer: Caller) -> None:
        """Whatever a buyer needs before they can buy."""

    def pay(self, invoice: Invoice) -> None:
        """As the buyer: all of it, at the provider."""

    def enrol(self, app: App, seller: Caller) -> None:
        """As the seller: be ready to be paid out."""

    def received(self, app: App, seller: Caller) -> int:
        """What the seller was paid out, in minor units."""

    def given_back(self, app: App, buyer: Caller) -> int:
        """What the buyer has, or has back, in minor units; more after a refund than before it."""

    def move(self, seconds: int) -> None:
        """Time goes by at the provider too."""
