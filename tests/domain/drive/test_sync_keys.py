"""Syncs by keys of collections: of their slice, with runs of their own, and without a change to the drive."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.collections import create_collection
from skillyard.domain.drive.diff import diff
from skillyard.domain.drive.store import sync as store
from skillyard.domain.drive.sync import begin, preview
from skillyard.domain.drive.sync_errors import SyncRunNotFound
from skillyard.domain.drive.sync_model import Action, LocalState, SyncRun
from skillyard.domain.drive.sync_runs import finalize, get_run
from tests.domain.drive.house import CSV, PDF, House, a_house
from tests.makers import make_app

EMPTY = LocalState(skills=())


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Ada's drive has two skills; a public one of hers is in none."""
    house = a_house(make_app(tmp_path))
    for name in (PDF, CSV):
        house.publish(str(name), visibility="private")
        house.add(name)
    house.publish("ada/free")
    return house


def a_key(house: House, name: str) -> Caller:
    return authenticate(house.app, create_collection(house.app, house.ada, name=name, skills=[PDF]).secret)


def opened(app: App, caller: Caller, *, install_id: str = "machine") -> SyncRun:
    return begin(app, caller, EMPTY, install_id=install_id, kind="first_run")


def test_a_key_syncs_its_slice_and_nothing_else(house: House) -> None:
    key = a_key(house, "one")
    seen = preview(house.app, key, EMPTY)
    assert [(item.name, item.action) for item in seen.items] == [("ada/pdf", Action.INSTALL)]
    assert {item.name for item in preview(house.app, house.ada, EMPTY).items} == {"ada/pdf", "ada/csv"}
    found = diff(house.app, key, [])
    assert "ada/csv" not in repr(found)


def test_each_key_goes_on_with_its_own_syncs_only(house: House) -> None:
    one, other = a_key(house, "one"), a_key(house, "other")
    of_one, of_ada = opened(house.app, one), opened(house.app, house.ada)
    assert get_run(house.app, one, run_id=of_one.id).status == "open"
    assert get_run(house.app, house.ada, run_id=of_one.id).id == of_one.id
    for caller, hidden in ((other, of_one), (one, of_ada)):
        with pytest.raises(SyncRunNotFound):
            get_run(house.app, caller, run_id=hidden.id)
        with pytest.raises(SyncRunNotFound):
            finalize(house.app, caller, run_id=hidden.id)
    assert get_run(house.app, house.ada, run_id=of_ada.id).status == "open"


def test_the_first_sync_of_a_key_decides_nothing_for_the_drive(house: House) -> None:
    key = a_key(house, "one")
    closed = finalize(house.app, key, run_id=opened(house.app, key).id)
    assert (closed.drive_count, closed.high_water) == (1, 0)
    with house.app.database.reading() as tx:
        assert store.find_high_water(tx, "ada") == 0
    closed = finalize(house.app, house.ada, run_id=opened(house.app, house.ada).id)
    assert (closed.drive_count, closed.high_water) == (2, 2)
