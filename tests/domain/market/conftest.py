from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.infra.clock import FixedClock
from tests.domain.market.stall import Stall, a_stall
from tests.makers import make_app


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stall]:
    """On both databases."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    yield from _open(tmp_path, url)


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    yield from _open(tmp_path, "")


def _open(tmp_path: Path, url: str) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock, database_url=url)
    stall = a_stall(app, clock)
    yield stall
    stall.check()
    app.close()
