from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.next_version import NoHigherVersion, next_version
from skillyard.domain.registry.yank import yank
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions
from tests.makers import FAILING, a_person, a_release, make_app

PDF = SkillName("ada", "pdf")
TALKS = Permissions(network_outbound=("api.example.com",))
READS = Permissions(filesystem_read=("docs/**",))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app)


def ask(app: App, permissions: Permissions = NO_PERMISSIONS, wanted: str | None = None) -> str:
    with app.database.reading() as tx:
        return next_version(tx, PDF, permissions, wanted)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [(None, "0.1.0"), ("3.1.4", "3.1.4"), ("v2.0.0", "2.0.0"), ("1.0.0+7", "0.1.0"), ("x", "0.1.0")],
)
def test_the_first_version_is_what_the_skill_says_if_that_is_a_version(app: App, wanted: str, given: str) -> None:
    assert ask(app, TALKS, wanted) == given


@pytest.mark.parametrize(
    ("before", "wanted", "given"),
    [
        ("1.2.3", None, "1.2.4"),
        ("1.2.3", "1.2.3", "1.2.4"),
        ("1.2.3", "1.0.9", "1.2.4"),
        ("1.2.3", "1.5.0", "1.5.0"),
        ("1.2.3", "1.2.4-rc.1", "1.2.4-rc.1"),
        ("2.0.0-rc.1", None, "2.0.0"),
        ("0.1.0", "not a version", "0.1.1"),
    ],
)
def test_later_versions_are_higher_than_all_before(
    app: App, ada: Caller, before: str, wanted: str | None, given: str
) -> None:
    a_release(app, ada, "ada/pdf", "0.0.1")
    a_release(app, ada, "ada/pdf", before)
    assert ask(app, wanted=wanted) == given


@pytest.mark.parametrize(
    ("permissions", "wanted", "given"),
    [
        (READS, None, "1.3.0"),
        (TALKS, None, "2.0.0"),
        (TALKS, "1.9.0", "2.0.0"),
        (READS, "1.2.9", "1.3.0"),
        (TALKS, "4.0.0", "4.0.0"),
    ],
)
def test_new_permissions_raise_the_version_as_far_as_they_must(
    app: App, ada: Caller, permissions: Permissions, wanted: str | None, given: str
) -> None:
    a_release(app, ada, "ada/pdf", "1.2.3")
    assert ask(app, permissions, wanted) == given


def test_permissions_that_were_there_before_raise_nothing(app: App, ada: Caller) -> None:
    files = {"skills.json": json.dumps({"permissions": TALKS.show()})}
    a_release(app, ada, "ada/pdf", "1.2.3", files=files)
    assert ask(app, TALKS) == "1.2.4"


def test_versions_that_nobody_gets_any_more_are_not_given_again(app: App, ada: Caller) -> None:
    a_release(app, ada, "ada/pdf", "1.0.0")
    a_release(app, ada, "ada/pdf", "1.0.1")
    yank(app, ada, name=PDF, version="1.0.1", reason="it deletes files")
    a_release(app, ada, "ada/pdf", "1.0.2", files=FAILING)
    assert ask(app) == "1.0.3"


def test_where_no_version_is_left_the_way_out_is_said(app: App, ada: Caller) -> None:
    most = 2**53 - 1
    a_release(app, ada, "ada/pdf", f"{most}.{most}.{most}")
    with pytest.raises(NoHigherVersion) as refused:
        ask(app)
    assert "another slug" in refused.value.advice
