from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.infra.clock import FixedClock
from tests.domain.notices.receiver import Receiver, a_receiver
from tests.domain.notices.yard import Yard
from tests.makers import a_person, make_app


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with a_receiver() as running:
        yield running


@pytest.fixture
def yard(tmp_path: Path, receiver: Receiver) -> Iterator[Yard]:
    yield from _yard(tmp_path, receiver, "")


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path, receiver: Receiver) -> Iterator[Yard]:
    """The test runs once on each kind of database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    yield from _yard(tmp_path, receiver, url)


def _yard(tmp_path: Path, receiver: Receiver, url: str) -> Iterator[Yard]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock, database_url=url, outbound_http_loopback=True)
    ada, bob, eve = (a_person(app, name) for name in ("ada", "bob", "eve"))
    yield Yard(app=app, clock=clock, receiver=receiver, ada=ada, bob=bob, eve=eve)
    app.close()
