"""Credits: nobody stands behind them but this server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.credits import get_credits, grant_credits
from skillyard.domain.payments.model import Invoice


class Credits:
    settings: Mapping[str, Any] = {}
    away: Mapping[str, Any] = {}
    secrets = ()
    buyer_address = None

    def welcome(self, app: App, admin: Caller, buyer: Caller) -> None:
        grant_credits(app, admin, username=str(buyer.username), amount="5000", reason="a test")

    def pay(self, invoice: Invoice) -> None:
        """They were taken when it was bought."""

    def enrol(self, app: App, seller: Caller) -> None:
        """Everybody has them."""

    def received(self, app: App, seller: Caller) -> int:
        return get_credits(app, seller).available

    def given_back(self, app: App, buyer: Caller) -> int:
        return get_credits(app, buyer).available

    def move(self, seconds: int) -> None:
        """There is no clock but ours."""


@contextlib.contextmanager
def a_provider() -> Iterator[Credits]:
    yield Credits()
