"""A real server, and somebody new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.sync.machines import Machine
from tests.sdk.sync.town import Person, Town, a_town


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with a_town(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture
def person(town: Town, tmp_path: Path) -> Person:
    return town.person(tmp_path)


@pytest.fixture
def laptop(person: Person) -> Machine:
    return person.machine("laptop")


@pytest.fixture
def desktop(person: Person) -> Machine:
    return person.machine("desktop")
