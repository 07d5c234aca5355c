from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.infra.clock import FixedClock
from tests.api.tank.cli import TankCli
from tests.makers import a_person, an_organization, make_app, secret_of


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    made = make_app(tmp_path, clock=clock)
    yield made
    made.close()


def signed_in_cli(app: App) -> TankCli:
    """Ada's, who owns the namespace acme."""
    return TankCli(app, secret_of(an_organization(app, a_person(app, "ada"), "acme")))


@pytest.fixture
def cli(app: App) -> TankCli:
    return signed_in_cli(app)


@pytest.fixture
def each_cli(each_app: App) -> TankCli:
    """On each of the two foundations."""
    return signed_in_cli(each_app)
