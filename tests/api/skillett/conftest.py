"""An application with three people in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.infra.clock import FixedClock
from tests.api.skillett.sender import Sender
from tests.makers import make_app


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def sender(tmp_path: Path, clock: FixedClock) -> Iterator[Sender]:
    app = make_app(tmp_path, clock=clock, public_url="https://skills.example.org")
    yield Sender(app)
    app.close()
