from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.infra.clock import FixedClock
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import make_app


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """With a private skill for sale that has more in it than its SKILL.md; its books are examined at the end."""
    clock = FixedClock(1_800_000_000_000)
    app = make_app(tmp_path, clock=clock)
    shop = a_shop(app, clock)
    yield shop
    shop.check()
    app.close()
