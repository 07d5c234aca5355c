"""New commits of repositories that something was imported from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import RoleTooLow
from skillyard.domain.accounts.members import remove_member, set_member
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import Role
from skillyard.domain.drive import git_fetch
from skillyard.domain.drive.follow_git import EVERY_MS, follow_all, follow_one, refresh
from skillyard.domain.drive.git_errors import CommitIsFixed, OriginNotFound
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.drive.items import get_item, remove_item
from skillyard.domain.drive.jobs import follow_imports
from skillyard.domain.drive.origins import get_origin
from skillyard.domain.drive.updates import accept_update, list_updates
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.infra.clock import FixedClock
from skillyard.infra.git_remote import RepositoryNotFound
from skillyard.skill.names import SkillName
from tests.domain.drive.git_place import GitPlace, a_place, a_skill_file, on_loopback
from tests.git_server import GitServer, git, git_server
from tests.makers import a_person, a_release, again, an_organization, make_app

PDF = SkillName("ada", "pdf")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def place(server: GitServer, tmp_path: Path, clock: FixedClock) -> Iterator[GitPlace]:
    app = on_loopback(make_app(tmp_path, clock=clock))
    place = a_place(app, a_person(app), server)
    place.repository.commit({"pdf/SKILL.md": a_skill_file(), "README.md": "x"})
    yield place
    server.override = None
    app.close()


def origin_of(place: GitPlace, name: str = "ada/pdf") -> Origin:
    return get_origin(place.app, place.caller, name=SkillName.parse(name))


def waiting(app: App) -> list[str]:
    with app.database.reading() as tx:
        return [str(row["arguments"]) for row in tx.all("SELECT * FROM jobs WHERE name = 'drive.follow_one'")]


def test_a_new_commit_becomes_an_update_that_waits_to_be_accepted(place: GitPlace) -> None:
    place.bring("/tree/main/pdf")
    commit = place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Second.")})
    follow_one(place.app, name="ada/pdf")
    assert get_item(place.app, place.caller, name=PDF).version == "0.1.0"
    (update,) = list_updates(place.app, place.caller)
    assert update.version == "0.1.1"
    accepted = accept_update(place.app, place.caller, name=PDF)
    assert "Second." in place.read(accepted)
    assert (origin_of(place).commit, origin_of(place).version) == (commit, "0.1.1")


def test_a_commit_elsewhere_in_the_repository_is_no_update(place: GitPlace) -> None:
    place.bring("/tree/main/pdf")
    commit = place.repository.commit({"README.md": "y"})
    follow_one(place.app, name="ada/pdf")
    assert origin_of(place).commit == commit
    assert not list_updates(place.app, place.caller)


def test_new_permissions_are_a_new_major_version(place: GitPlace) -> None:
    place.bring("/tree/main/pdf")
    place.repository.commit({"pdf/skills.json": '{"permissions": {"network": {"outbound": ["api.example.com"]}}}'})
    follow_one(place.app, name="ada/pdf")
    assert [update.version for update in list_updates(place.app, place.caller)] == ["1.0.0"]


def test_what_went_wrong_is_noted_and_forgotten_when_it_goes_well(place: GitPlace) -> None:
    item = place.bring("/tree/main/pdf")
    good = origin_of(place)
    place.repository.commit({"pdf/SKILL.md": "no front matter"})
    follow_one(place.app, name="ada/pdf")
    assert "does not begin with front matter" in origin_of(place).problem
    assert replace(origin_of(place), problem="", checked_ms=0) == replace(good, checked_ms=0)
    git(place.repository.folder, "branch", "-m", "main", "gone")
    follow_one(place.app, name="ada/pdf")
    assert "no branch, tag or commit refs/heads/main" in origin_of(place).problem
    git(place.repository.folder, "branch", "-m", "gone", "main")
    place.repository.commit({"pdf/SKILL.md": a_skill_file()})
    follow_one(place.app, name="ada/pdf")
    assert origin_of(place).problem == ""
    assert get_item(place.app, place.caller, name=PDF) == item


def test_a_skill_that_is_joined_by_others_is_still_followed(place: GitPlace) -> None:
    place.bring()
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="More."), "more/SKILL.md": a_skill_file("more")})
    follow_one(place.app, name="ada/pdf")
    assert origin_of(place).version == "0.1.1"


def test_one_may_ask_to_look_now(place: GitPlace) -> None:
    place.bring("/tree/main/pdf")
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Second.")})
    assert refresh(place.app, place.caller, name=PDF).version == "0.1.1"
    place.server.override = lambda *_: None
    eve = a_person(place.app, "eve")
    with pytest.raises(SkillNotFound):
        refresh(place.app, eve, name=PDF)
    with pytest.raises(SkillNotFound):
        get_origin(place.app, eve, name=PDF)
    a_release(place.app, place.caller, "ada/own")
    with pytest.raises(OriginNotFound):
        refresh(place.app, place.caller, name=SkillName("ada", "own"))


def test_what_fails_when_one_asks_is_answered(place: GitPlace) -> None:
    place.bring("/tree/main/pdf")
    place.repository.folder.rename(place.repository.folder.with_name(f"{place.repository.folder.name}-gone"))
    with pytest.raises(RepositoryNotFound):
        refresh(place.app, place.caller, name=PDF)


def test_a_commit_is_not_followed(place: GitPlace, clock: FixedClock) -> None:
    commit = git(place.repository.folder, "rev-parse", "HEAD")
    place.bring(f"/tree/{commit}/pdf")
    with pytest.raises(CommitIsFixed):
        refresh(place.app, place.caller, name=PDF)
    clock.move(seconds=EVERY_MS / 1000 + 1)
    follow_all(place.app)
    assert waiting(place.app) == []


def test_each_import_is_looked_at_every_few_hours_as_long_as_a_drive_has_it(place: GitPlace, clock: FixedClock) -> None:
    place.bring("/tree/main/pdf")
    follow_all(place.app)
    assert waiting(place.app) == []
    clock.move(seconds=EVERY_MS / 1000 + 1)
    follow_imports(place.app)
    follow_imports(place.app)
    assert waiting(place.app) == ['{"name":"ada/pdf"}']
    follow_one(place.app, name="ada/pdf")
    remove_item(place.app, place.caller, name=PDF)
    clock.move(seconds=EVERY_MS / 1000 + 1)
    with place.app.database.transaction() as tx:
        tx.run("DELETE FROM jobs")
    follow_all(place.app)
    assert waiting(place.app) == []


def test_it_is_done_with_no_more_rights_than_the_importer_has_now(place: GitPlace) -> None:
    ada = an_organization(place.app, place.caller, "acme")
    eve = a_person(place.app, "eve")
    set_member(place.app, ada, namespace="acme", username="eve", role=Role.MAINTAINER)
    team = replace(place, caller=again(place.app, eve))
    team.bring("/tree/main/pdf", drive="acme")
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Second.")})
    set_member(place.app, ada, namespace="acme", username="eve", role=Role.READER)
    with pytest.raises(RoleTooLow):
        refresh(place.app, again(place.app, eve), name=SkillName("acme", "pdf"))
    owner = replace(place, caller=ada)
    follow_one(place.app, name="acme/pdf")
    assert "reader" in origin_of(owner, "acme/pdf").problem
    remove_member(place.app, ada, namespace="acme", username="eve")
    follow_one(place.app, name="acme/pdf")
    assert origin_of(owner, "acme/pdf").problem
    suspend_user(place.app, ada, username="eve")
    follow_one(place.app, name="acme/pdf")
    assert "suspended" in origin_of(owner, "acme/pdf").problem
    assert owner.bring("/tree/main/pdf", drive="acme").version == "0.1.1"
    assert origin_of(owner, "acme/pdf").problem == ""


def test_who_is_busy_with_another_repository_is_looked_after_later(
    place: GitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.bring("/tree/main/pdf")
    before = origin_of(place)
    monkeypatch.setattr(git_fetch, "_PATIENCE_S", 0.1)
    with git_fetch.reading(place.app, place.url, who=place.caller.identity[0]):
        follow_one(place.app, name="ada/pdf")
    assert origin_of(place) == before
    assert waiting(place.app) == ['{"name":"ada/pdf"}']


def test_nothing_happens_for_what_is_gone(place: GitPlace) -> None:
    follow_one(place.app, name="ada/never")


def test_a_tag_that_moves_is_followed(place: GitPlace) -> None:
    folder = place.repository.folder
    git(folder, "tag", "-a", "v1", "-m", "one")
    place.bring("/tree/v1/pdf")
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Second.")})
    git(folder, "tag", "-f", "-a", "v1", "-m", "two")
    assert refresh(place.app, place.caller, name=PDF).version == "0.1.1"
