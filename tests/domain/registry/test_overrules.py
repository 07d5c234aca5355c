"""A publisher whose word beside the archive counts more than what is in it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.errors import ReleaseExists, SkillRefused
from skillyard.domain.registry.model import Published, Wish
from skillyard.domain.registry.publish import publish
from skillyard.skill.names import SkillName
from tests.makers import a_person, a_skill_archive

NAME = SkillName("ada", "kit")


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


def upload(app: App, caller: Caller, *, version: str = "1.0.0", **wish: Any) -> Published:
    """`version` stands in SKILL.md, `wish` beside it."""
    source = io.BytesIO(a_skill_archive("kit", version, dependencies={"ada/in-it": "^1.0.0"}))
    return publish(app, caller, Wish(name=NAME, **wish), source)


def test_version_and_name_beside_the_archive_count_with_a_warning(app: App, ada: Caller) -> None:
    archive = io.BytesIO(a_skill_archive("other", "1.0.0"))
    done = publish(app, ada, Wish(name=NAME, version="1.2.0", overrules=True), archive)
    assert (done.release.name, done.release.version) == ("ada/kit", "1.2.0")
    overruled = [fault.message for fault in done.warnings if fault.code == "overruled"]
    assert len(overruled) == 2
    assert "other" in overruled[0]
    assert "1.0.0" in overruled[1]


def test_without_that_they_must_agree(app: App, ada: Caller) -> None:
    for archive in (a_skill_archive("other", "1.0.0"), a_skill_archive("kit", "1.0.0")):
        with pytest.raises(SkillRefused):
            publish(app, ada, Wish(name=NAME, version="1.2.0"), io.BytesIO(archive))


def test_dependencies_and_homepage_beside_the_archive_take_its_place(app: App, ada: Caller) -> None:
    done = upload(app, ada, dependencies={"ada/beside": "^2.0.0"}, homepage="https://example.org")
    assert done.release.dependencies == {"ada/beside": "^2.0.0"}
    assert done.release.homepage == "https://example.org"
    assert upload(app, ada, version="1.1.0", dependencies={}).release.dependencies == {}
    assert upload(app, ada, version="1.2.0").release.dependencies == {"ada/in-it": "^1.0.0"}


def test_it_cannot_depend_on_itself_or_be_there_twice(app: App, ada: Caller) -> None:
    with pytest.raises(SkillRefused, match="depends on itself"):
        upload(app, ada, dependencies={"ada/kit": "^1.0.0"})
    upload(app, ada, overrules=True)
    again = io.BytesIO(a_skill_archive("kit", "0.9.0"))
    with pytest.raises(ReleaseExists):
        publish(app, ada, Wish(name=NAME, version="1.0.0", overrules=True), again)


def test_a_version_that_is_none_is_refused_all_the_same(app: App, ada: Caller) -> None:
    with pytest.raises(SkillRefused, match="semantic version"):
        publish(app, ada, Wish(name=NAME, version="1.x", overrules=True), io.BytesIO(a_skill_archive("kit", "1.0.0")))
