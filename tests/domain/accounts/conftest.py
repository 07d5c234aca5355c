from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.infra.clock import FixedClock
from tests.makers import make_app


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    app = make_app(tmp_path, clock=clock)
    yield app
    app.close()
