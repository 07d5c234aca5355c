from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from tests.makers import a_person


@pytest.fixture
def ada(each_app: App) -> Caller:
    return a_person(each_app, "ada")


@pytest.fixture
def eve(each_app: App, ada: Caller) -> Caller:
    """A stranger to ada's skills."""
    return a_person(each_app, "eve")
