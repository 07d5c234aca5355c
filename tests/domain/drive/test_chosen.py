"""What is meant by a skill that somebody names, what of it is run, and what is found within a drive."""

from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.chosen import find_drive, find_version, has_scripts, read_source
from skillyard.domain.drive.chosen_errors import SkillSwitchedOff
from skillyard.domain.drive.collections import create_collection
from skillyard.domain.drive.grades import grade_of
from skillyard.domain.drive.items import add_item, set_enabled
from skillyard.domain.drive.within import search_within
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_release, again, an_organization, indexed

PDF, PLAIN = SkillName("ada", "pdf"), SkillName("ada", "plain")


@pytest.fixture
def ada(each_app: App) -> Caller:
    return a_person(each_app, "ada")


@pytest.fixture
def bob(each_app: App, ada: Caller) -> Caller:
    a_release(each_app, ada, "ada/pdf", files={"scripts/a.sh": "echo a\n"})
    a_release(each_app, ada, "ada/plain")
    return a_person(each_app, "bob")


def test_what_is_run_is_the_version_that_the_drive_has(each_app: App, ada: Caller, bob: Caller) -> None:
    assert find_version(each_app, bob, PDF) == "latest"
    add_item(each_app, bob, name=PDF)
    a_release(each_app, ada, "ada/pdf", "1.1.0")
    assert find_version(each_app, bob, PDF) == "1.0.0"
    set_enabled(each_app, bob, name=PDF, enabled=False)
    with pytest.raises(SkillSwitchedOff):
        find_version(each_app, bob, PDF)


def test_there_are_scripts_only_where_a_skill_that_is_switched_on_has_some(each_app: App, bob: Caller) -> None:
    add_item(each_app, bob, name=PLAIN)
    assert not has_scripts(each_app, bob)
    add_item(each_app, bob, name=PDF)
    assert has_scripts(each_app, bob)
    key = create_collection(each_app, bob, name="plain", skills=[PLAIN]).secret
    assert not has_scripts(each_app, authenticate(each_app, key))
    set_enabled(each_app, bob, name=PDF, enabled=False)
    assert not has_scripts(each_app, bob)


def test_a_skill_comes_from_the_own_drive_before_a_team_s(each_app: App, bob: Caller) -> None:
    bob = an_organization(each_app, bob, "acme")
    assert find_drive(each_app, bob, PDF) is None
    add_item(each_app, bob, name=PDF, drive="acme")
    assert find_drive(each_app, again(each_app, bob), PDF) == "acme"
    add_item(each_app, bob, name=PDF)
    assert find_drive(each_app, bob, PDF) == "bob"


def test_an_address_is_a_source_as_it_stands_and_anything_else_a_slug(each_app: App, bob: Caller) -> None:
    address = "https://github.com/owner/repo/tree/main/pdf"
    assert read_source(each_app, address) == address
    assert {read_source(each_app, text) for text in ("pdf", "ada--pdf", "ada/pdf")} == {"ada/pdf"}


def test_a_search_within_finds_nothing_outside(each_app: App, bob: Caller) -> None:
    indexed(each_app)
    assert search_within(each_app, bob, {"ada/pdf"}, text="reads", limit=10) == ["ada/pdf"]
    assert search_within(each_app, bob, set(), text="reads", limit=10) == []
    assert len(search_within(each_app, bob, {"ada/pdf", "ada/plain"}, text="reads", limit=1)) == 1


@pytest.mark.parametrize(
    ("verdict", "score", "grade"),
    [
        ("pass", 10.0, "A"), ("pass", 9.0, "A"), ("pass_with_notes", 8.9, "B"), ("pass_with_notes", 6.0, "C"),
        ("flagged", 5.0, "D"), ("flagged", 0.0, "D"), ("fail", 2.0, "F"), (None, None, None),
    ],
)  # fmt: skip
def test_grades_follow_the_scan(verdict: str | None, score: float | None, grade: str | None) -> None:
    assert grade_of(verdict, score) == grade
