from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.payments import rail as port
from skillyard.infra.clock import FixedClock
from tests.domain.payments.paper_bank import PaperBank
from tests.domain.payments.sellers import Market
from tests.makers import make_app


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> PaperBank:
    """Pays instead of the rail of the same name."""
    bank = PaperBank()
    others = dict(port.rails())
    monkeypatch.setattr(port, "rails", lambda: {**others, bank.name: bank})
    return bank


@pytest.fixture(params=["sqlite", "postgresql"])
def market(request: pytest.FixtureRequest, tmp_path: Path, bank: PaperBank) -> Iterator[Market]:
    """On both databases, without any cooling of payout methods; what must be true is checked at the end."""
    clock = FixedClock()
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = make_app(tmp_path, clock=clock, database_url=url, payout_cooling_hours=0)
    market = Market(app, clock, bank)
    yield market
    market.check()
    app.close()
