from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.domain.runs.yard import Yard, a_yard


@pytest.fixture(params=["sqlite", "postgresql"])
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    """On both databases."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    yard = a_yard(tmp_path, database_url=url)
    yield yard
    yard.app.close()


@pytest.fixture
def one_yard(tmp_path: Path) -> Iterator[Yard]:
    yard = a_yard(tmp_path)
    yield yard
    yard.app.close()
