"""Imports from real repositories behind the real `git http-backend`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.drive import git_publish
from skillyard.domain.drive.git_errors import FolderNotFound, GitSkillRefused, NameTaken, NoSkillThere, RefNotFound
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.drive.items import list_items, remove_item
from skillyard.domain.drive.store import origins
from skillyard.domain.registry.access import check_visible
from skillyard.domain.registry.errors import ReleaseQuarantined, SkillNotFound, SkillRefused
from skillyard.domain.registry.model import Published
from skillyard.domain.registry.publish import publish
from skillyard.domain.registry.releases import get_release, list_releases
from skillyard.domain.registry.runnable import find_runnable
from skillyard.infra.database import Tx
from skillyard.infra.errors import Unauthenticated
from skillyard.infra.git_remote import RepositoryNotFound
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from tests.domain.drive.git_place import GitPlace, a_place, a_skill_file, on_loopback
from tests.git_server import GitServer, git, git_server
from tests.makers import FAILING, a_person, a_release, an_organization, make_app

PDF = SkillName("ada", "pdf")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture
def place(server: GitServer, tmp_path: Path) -> Iterator[GitPlace]:
    app = on_loopback(make_app(tmp_path))
    yield a_place(app, a_person(app), server)
    app.close()


def test_a_folder_becomes_a_private_skill_in_the_drive_on_both_foundations(server: GitServer, each_app: App) -> None:
    app = on_loopback(each_app)
    place = a_place(app, a_person(app, "ada"), server)
    files = {"README.md": "Many.", "skills/pdf/SKILL.md": a_skill_file(), "skills/pdf/scripts/go.sh": "echo hello\n"}
    commit = place.repository.commit(files, executable=("skills/pdf/scripts/go.sh",))
    item = place.bring("/tree/main/skills/pdf")
    assert (item.drive, item.name, item.version, item.via) == ("ada", "ada/pdf", "0.1.0", "git")
    release = get_release(app, place.caller, name=PDF, version="0.1.0")
    assert release.visibility == "private"
    assert release.verdict == "pass"
    assert place.read(item, "scripts/go.sh") == "echo hello\n"
    assert place.commit_of("ada/pdf") == commit
    eve = a_person(app, "eve")
    with pytest.raises(SkillNotFound), app.database.reading() as tx:
        check_visible(tx, eve, PDF)
    assert place.bring("/tree/main/skills/pdf") == item


def test_servers_that_hand_out_everything_or_nothing_will_do(place: GitPlace) -> None:
    whole = a_place(place.app, place.caller, place.server, in_parts=False)
    commit = whole.repository.commit({"pdf/SKILL.md": a_skill_file(), "pdf/a/b/c.txt": "deep\n", "x": "y"})
    item = whole.bring("/tree/main/pdf")
    assert whole.read(item, "a/b/c.txt") == "deep\n"
    assert whole.commit_of("ada/pdf") == commit


def test_what_the_skill_wants_left_out_is(place: GitPlace) -> None:
    files = {
        ".skillyardignore": "drafts\n!.env\n",
        "drafts/a": "x",
        ".env": "A=1",
        "__pycache__/x.pyc": "x",
        "a": "a",
    }
    place.repository.commit({"SKILL.md": a_skill_file(), **files})
    item = place.bring()
    release = find_runnable(place.app, place.caller, name=PDF, version=item.version)
    assert [file.path for file in release.files] == [".env", ".skillyardignore", "SKILL.md", "a"]


def test_the_same_commit_again_is_the_same_item_and_fetches_nothing(place: GitPlace) -> None:
    place.repository.commit({"pdf/SKILL.md": a_skill_file()})
    first = place.bring("/tree/main/pdf")
    place.server.seen.clear()
    assert place.bring("/tree/main/pdf") == first
    assert len(place.server.seen) == 2
    assert place.bring("") == first
    assert len(list_releases(place.app, place.caller, name=PDF).items) == 1


def test_a_new_commit_is_a_new_version_and_an_old_content_none(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})
    assert place.bring().version == "0.1.0"
    place.repository.commit({"SKILL.md": a_skill_file(text="Read it twice.")})
    changed = place.bring()
    assert changed.version == "0.1.1"
    assert "twice" in place.read(changed)
    commit = place.repository.commit_all()
    assert place.bring().version == "0.1.1"
    assert place.commit_of("ada/pdf") == commit


def test_the_skills_own_version_is_taken_while_it_rises(place: GitPlace) -> None:
    said = 'metadata:\n  version: "2.5.0"\n'
    place.repository.commit({"SKILL.md": a_skill_file(extra=said)})
    assert place.bring().version == "2.5.0"
    place.repository.commit({"SKILL.md": a_skill_file(text="Changed.", extra=said)})
    assert place.bring().version == "2.5.1"


def test_branches_with_slashes_tags_and_commits_are_found(place: GitPlace) -> None:
    folder = place.repository.folder
    first = place.repository.commit({"pdf/SKILL.md": a_skill_file(text="First.")})
    git(folder, "tag", "-a", "v1", "-m", "one")
    git(folder, "checkout", "-q", "-b", "feature/new/look")
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Feature.")})
    git(folder, "checkout", "-q", "main")
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Main.")})
    for path, slug, text in [
        ("/tree/feature/new/look/pdf", "a", "Feature."),
        ("/tree/v1/pdf", "b", "First."),
        (f"/tree/{first}/pdf", "c", "First."),
        ("/src/branch/main/pdf", "d", "Main."),
        ("/-/tree/main/pdf", "e", "Main."),
        ("/blob/main/pdf/SKILL.md", "f", "Main."),
    ]:
        item = place.bring(path, slug=slug)
        assert item.name == f"ada/{slug}"
        assert text in place.read(item)
    assert place.commit_of("ada/b") == first


def test_what_is_not_there_is_told_with_what_is(place: GitPlace) -> None:
    place.repository.commit({"x/one/SKILL.md": a_skill_file("one"), "x/two/SKILL.md": a_skill_file("two"), "y/z": ""})
    with pytest.raises(NoSkillThere) as refused:
        place.bring("/tree/main/x")
    assert "x/one, x/two" in refused.value.advice
    with pytest.raises(NoSkillThere, match=r"no SKILL\.md in y of"):
        place.bring("/tree/main/y")
    with pytest.raises(FolderNotFound, match="no folder x/three"):
        place.bring("/tree/main/x/three")
    with pytest.raises(RefNotFound, match="no branch, tag or commit nowhere"):
        place.bring("/tree/nowhere")
    with pytest.raises(RepositoryNotFound):
        place.bring("x.git")


def test_an_empty_repository_is_told(place: GitPlace) -> None:
    with pytest.raises(RefNotFound, match="that is its default"):
        place.bring()


def test_a_slug_that_is_taken_is_a_conflict_that_says_how_to_go_on(place: GitPlace) -> None:
    a_release(place.app, place.caller, "ada/pdf")
    place.repository.commit({"SKILL.md": a_skill_file()})
    with pytest.raises(NameTaken) as refused:
        place.bring()
    assert "--as pdf-2" in refused.value.advice
    assert place.bring(slug="pdf-2").name == "ada/pdf-2"
    assert place.bring().name == "ada/pdf-2"
    assert len(list_items(place.app, place.caller).items) == 1


def test_another_repository_cannot_take_the_name_of_an_import(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})
    place.bring()
    other = a_place(place.app, place.caller, place.server)
    other.repository.commit({"SKILL.md": a_skill_file()})
    with pytest.raises(NameTaken):
        other.bring()


def test_a_skill_that_calls_itself_otherwise_is_imported_under_the_slug_that_is_given(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file("made-by-others")})
    assert place.bring(slug="mine").name == "ada/mine"


def test_a_skill_that_says_whose_it_is_is_imported_all_the_same(place: GitPlace) -> None:
    said = '{"name": "@others/pdf", "version": "3.0.0", "description": "Reads and writes PDF files."}'
    place.repository.commit({"SKILL.md": a_skill_file(), "tank.json": said})
    item = place.bring()
    assert (item.name, item.version) == ("ada/pdf", "3.0.0")


def test_an_item_that_was_removed_comes_back(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})
    item = place.bring()
    remove_item(place.app, place.caller, name=PDF)
    assert place.bring().version == item.version


def test_a_team_imports_into_its_own_namespace_and_nobody_else_does(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})
    owner = an_organization(place.app, place.caller, "acme")
    assert replace(place, caller=owner).bring(drive="acme").name == "acme/pdf"
    stranger = replace(place, caller=a_person(place.app, "eve"))
    place.server.seen.clear()
    with pytest.raises(NamespaceNotFound):
        stranger.bring(drive="acme")
    with pytest.raises(Unauthenticated):
        replace(place, caller=ANONYMOUS).bring()
    assert not place.server.seen


def test_faults_are_told_all_at_once_and_leave_nothing(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": "---\nname: Not A Name\n---\n"})
    with pytest.raises(GitSkillRefused) as refused:
        place.bring()
    assert len(refused.value.faults) >= 2
    place.repository.commit({"SKILL.md": a_skill_file()})
    place.server.seen.clear()
    with pytest.raises(SkillError):
        place.bring(slug="Not-A-Slug")
    assert not place.server.seen
    assert list_items(place.app, place.caller).items == ()
    assert place.bring().name == "ada/pdf"


def test_what_the_scan_fails_does_not_come_into_the_drive(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file(), **FAILING})
    for _ in range(2):
        with pytest.raises(ReleaseQuarantined):
            place.bring()
    assert list_items(place.app, place.caller).items == ()
    place.repository.commit(dict.fromkeys(FAILING))
    assert place.bring().version == "0.1.1"


def test_an_import_that_died_after_publishing_goes_on_where_it_was(
    place: GitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})

    def die(tx: Tx, *_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("skillyard.domain.drive.git_import.keep_origin", die)
        with pytest.raises(SystemExit):
            place.bring()
    assert list_items(place.app, place.caller).items == ()
    assert place.bring().version == "0.1.0"


def test_a_refused_import_keeps_its_name_for_nobody(place: GitPlace) -> None:
    other = a_place(place.app, place.caller, place.server)
    place.repository.commit({"SKILL.md": a_skill_file(extra="metadata:\n  dependencies: ada/pdf@^1.0.0\n")})
    with pytest.raises(SkillRefused):
        place.bring()
    other.repository.commit({"SKILL.md": a_skill_file()})
    assert other.bring().name == "ada/pdf"


def test_of_two_repositories_at_once_one_gets_the_name(place: GitPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    other = a_place(place.app, replace(place.caller, user_id="usr_of_a_colleague"), place.server)
    for each in (place, other):
        each.repository.commit({"SKILL.md": a_skill_file()})

    def publish_while_another_tries(*args: Any, **kwargs: Any) -> Published:
        monkeypatch.undo()
        with pytest.raises(NameTaken):
            other.bring()
        return publish(*args, **kwargs)

    monkeypatch.setattr(git_publish, "publish", publish_while_another_tries)
    assert place.bring().version == "0.1.0"


def test_a_name_is_kept_for_an_import_that_is_under_way_but_not_for_long(place: GitPlace) -> None:
    place.repository.commit({"SKILL.md": a_skill_file()})
    now_ms = place.app.clock.now_ms()
    claim = Origin(
        name="ada/pdf", address="x", repository="https://example.com/other.git", ref="HEAD", path="", commit=None,
        version=None, user_id="usr_of_a_colleague", source_id=None, at_ms=now_ms, checked_ms=now_ms,
    )  # fmt: skip
    with place.app.database.transaction() as tx:
        origins.set_origin(tx, claim)
    with pytest.raises(NameTaken):
        place.bring()
    with place.app.database.transaction() as tx:
        origins.set_origin(tx, replace(claim, at_ms=now_ms - git_publish._CLAIM_MS - 1))
    assert place.bring().version == "0.1.0"
