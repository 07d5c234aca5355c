from __future__ import annotations

from dataclasses import replace

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.infra.clock import FixedClock
from skillyard.infra.events import Recorder
from tests.makers import a_person


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(each_app: App, clock: FixedClock) -> App:
    """On both foundations, with a clock that stands still."""
    return replace(each_app, clock=clock, events=Recorder(clock, each_app.bell))


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


@pytest.fixture
def eve(app: App, ada: Caller) -> Caller:
    """A stranger to ada's skills."""
    return a_person(app, "eve")
