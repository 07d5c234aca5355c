"""What nobody thought of stops nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.domain.payments import jobs
from skillyard.domain.payments import rail as port
from skillyard.domain.payments.model import Fact, InvoiceStatus, Receipt
from skillyard.domain.payments.rails.stripe import StripeRail
from skillyard.domain.payments.rails.ton import TonRail
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from tests.domain.payments.shop import a_shop
from tests.makers import make_app

WALLET = "0:" + "cd" * 32


class OddStripe(StripeRail):
    """Answers with something that cannot be booked, again and again."""

    def sweep(self, app: object, cursor: str | None) -> tuple[list[Fact], str | None]:
        odd = Receipt(rail="stripe", reference="ch_odd", asset=Asset.USD, amount=100, fee=-1, received_ms=0)
        return [odd, replace(odd, reference="ch_fine", fee=0)], "1"


class QuietTon(TonRail):
    """Tells of what the tests let arrive."""

    arrived: list[Fact] = []

    def sweep(self, app: object, cursor: str | None) -> tuple[list[Fact], str | None]:
        return self.arrived, cursor


def test_a_fact_that_cannot_be_booked_stops_neither_other_facts_nor_other_rails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock(1_800_000_000_000)
    app = make_app(tmp_path, clock=clock, ton_wallet_address=WALLET, stripe_secret_key="sk_test_1")
    shop = a_shop(app, clock, usd=None, ton="1")
    invoice, ton = shop.buy(rail="ton").invoice, QuietTon()
    rails = {**port.rails(), "stripe": OddStripe(), "ton": ton}
    monkeypatch.setattr(port, "rails", lambda: rails)
    ton.arrived.append(
        Receipt(
            rail="ton", reference=f"{WALLET}:1:aa", asset=Asset.TON, amount=invoice.amount,
            received_ms=clock.now_ms(), memo=invoice.memo,
        )
    )  # fmt: skip
    jobs.sweep_rails(app)
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID
    with app.database.reading() as tx:
        references = [row["reference"] for row in tx.all("SELECT reference FROM receipts WHERE rail = 'stripe'")]
        assert references == ["ch_fine"]
        assert tx.all("SELECT * FROM rail_cursors WHERE rail = 'stripe'") == []
    shop.check()
    app.close()
