"""Reports of the command line: anonymous, bounded, adopted once, and never about private skills."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.drive.telemetry import adopt, forget_old, record
from skillyard.domain.drive.telemetry_model import Report, TelemetryNotValid, TelemetryTooOften
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden, SkillyardError, Unauthenticated
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, make_app

ID = "3f1f8a52-6f3c-4b0e-9d5e-0a6b4c1d2e3f"
PDF, HIDDEN, GONE = SkillName("ada", "pdf"), SkillName("ada", "hidden"), SkillName("ada", "gone")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    made = make_app(tmp_path, clock=clock)
    yield made
    made.close()


def report(app: App, *skills: SkillName, install_id: str = ID, address: str = "192.0.2.1", **more: Any) -> None:
    record(app, Report(install_id=install_id, kind=more.pop("kind", "install"), skills=skills, **more), address=address)


def installed(app: App) -> list[dict[str, Any]]:
    with app.database.reading() as tx:
        return [event.data for event in read_after(tx, 0, limit=5000) if event.kind == "skills.installed"]


def stored(app: App, column: str) -> list[str]:
    with app.database.reading() as tx:
        return [row[column] for row in tx.all(f"SELECT {column} FROM telemetry_events")]


def test_only_names_of_public_skills_are_kept(app: App) -> None:
    ada = a_person(app, "ada")
    a_release(app, ada, "ada/pdf")
    a_release(app, ada, "ada/hidden", visibility="private")
    a_release(app, ada, "ada/unlisted", visibility="unlisted")
    report(app, PDF, HIDDEN, GONE, SkillName("ada", "unlisted"), PDF)
    assert stored(app, "skills") == ['["ada/pdf"]']
    [event] = installed(app)
    assert event["names"] == ["ada/pdf"]
    assert ID not in event["who"]


def test_what_was_not_an_install_or_of_nothing_counts_as_none(app: App) -> None:
    a_release(app, a_person(app, "ada"), "ada/pdf")
    report(app, PDF, kind="update", cli_version="1.4.0", os="linux/x86_64", counts={"installed": 2})
    report(app, HIDDEN)
    assert (installed(app), len(stored(app, "id"))) == ([], 2)


def test_made_up_installs_of_one_address_count_only_so_often(app: App) -> None:
    a_release(app, a_person(app, "ada"), "ada/pdf")
    for _ in range(30):
        report(app, PDF, install_id=str(uuid.uuid4()))
    assert len(installed(app)) == 20
    report(app, PDF, install_id=str(uuid.uuid4()), address="192.0.2.2")
    assert len(installed(app)) == 21


def test_one_address_reports_so_often_a_minute(app: App) -> None:
    for _ in range(60):
        report(app)
    with pytest.raises(TelemetryTooOften):
        report(app)


@pytest.mark.parametrize(
    "wrong",
    [
        {"install_id": "me"}, {"install_id": ""}, {"install_id": "x" * 36}, {"install_id": f"{{{ID}}}"},
        {"install_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, {"kind": "spy"}, {"os": "my machine's name is"},
        {"cli_version": "1" * 51}, {"sources": ("a b",)}, {"sources": ("x",) * 21}, {"counts": {"n": 2**60}},
        {"counts": {str(number): 1 for number in range(21)}},
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(app: App, wrong: dict[str, Any]) -> None:
    with pytest.raises(TelemetryNotValid):
        report(app, **wrong)


def test_adopting_is_idempotent_and_gives_what_was_reported_before(app: App) -> None:
    ada = a_person(app, "ada")
    a_release(app, ada, "ada/pdf")
    report(app)
    report(app, install_id=ID.upper())
    assert adopt(app, ada, install_id=ID).events == 2
    assert adopt(app, ada, install_id=ID.upper()).events == 2
    report(app, PDF)
    assert installed(app)[0]["who"] == ada.user_id


def test_an_install_is_adopted_by_one(each_app: App) -> None:
    people = [a_person(each_app, name) for name in ("ada", "bob", "eve")]
    report(each_app)

    def take(caller: Caller) -> str:
        try:
            return adopt(each_app, caller, install_id=ID).install_id
        except SkillyardError as error:
            return error.code

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(take, people)) == [ID, "install_adopted", "install_adopted"]
    assert sorted(map(take, people)) == [ID, "install_adopted", "install_adopted"]


def test_adopting_takes_an_account_and_a_token_that_may_change_something(app: App) -> None:
    ada = a_person(app, "ada")
    with pytest.raises(Unauthenticated):
        adopt(app, ANONYMOUS, install_id=ID)
    with pytest.raises(Forbidden):
        adopt(app, replace(ada, scopes=frozenset({Scope.READ})), install_id=ID)
    with pytest.raises(TelemetryNotValid):
        adopt(app, ada, install_id="mine")


def test_reports_are_forgotten_after_a_season_and_adoptions_are_not(app: App, clock: FixedClock) -> None:
    ada, bob = a_person(app, "ada"), a_person(app, "bob")
    adopt(app, ada, install_id=ID)
    report(app)
    report(app, install_id=str(uuid.uuid4()))
    clock.move(seconds=91 * 24 * 3600)
    assert forget_old(app) == 2
    with pytest.raises(SkillyardError):
        adopt(app, bob, install_id=ID)
    with app.database.reading() as tx:
        assert len(tx.all("SELECT * FROM telemetry_installs")) == 1
