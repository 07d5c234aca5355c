"""Repositories that administrators add, crawled, and found with their origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import AdministratorsOnly, NamespaceNotFound
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.drive import git_fetch, sources
from skillyard.domain.drive.crawl import crawl_source
from skillyard.domain.drive.discover import discover
from skillyard.domain.drive.git_errors import RefNotFound, SourceExists, SourceNotFound
from skillyard.domain.drive.git_model import Source, SourceFolder
from skillyard.domain.drive.origins import get_origin
from skillyard.domain.registry.releases import get_release
from skillyard.infra.outbound import AddressNotAllowed
from skillyard.skill.names import SkillName
from tests.domain.drive.git_place import GitPlace, a_place, a_skill_file, on_loopback
from tests.git_server import GitServer, git_server
from tests.makers import FAILING, a_person, a_release, again, an_organization, indexed, make_app

PDF = SkillName("acme", "pdf")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("repositories")) as server:
        yield server


@pytest.fixture
def place(server: GitServer, tmp_path: Path) -> Iterator[GitPlace]:
    """Of an administrator with an organisation, acme, and a repository with two skills."""
    app = on_loopback(make_app(tmp_path))
    place = a_place(app, an_organization(app, a_person(app), "acme"), server)
    place.repository.commit({"pdf/SKILL.md": a_skill_file(), "more/csv/SKILL.md": a_skill_file("csv"), "README": "x"})
    yield place
    app.close()


def crawled(place: GitPlace, source: Source, *, anew: bool = True) -> dict[str, SourceFolder]:
    """What the job makes of a source, by path."""
    crawl_source(place.app, source_id=source.id, anew=anew)
    page = sources.get_source(place.app, place.caller, source_id=source.id)
    return {folder.path: folder for folder in page.folders}


def added(place: GitPlace, path: str = "") -> Source:
    return sources.add_source(place.app, place.caller, address=f"{place.url}{path}", namespace="acme")


def jobs(app: App) -> int:
    with app.database.reading() as tx:
        return len(tx.all("SELECT * FROM jobs WHERE name = 'drive.crawl_source'"))


def test_every_skill_of_a_source_is_published_for_all_on_both_foundations(server: GitServer, each_app: App) -> None:
    app = on_loopback(each_app)
    place = a_place(app, an_organization(app, a_person(app), "acme"), server)
    commit = place.repository.commit({"pdf/SKILL.md": a_skill_file(), "more/csv/SKILL.md": a_skill_file("csv")})
    source = added(place)
    folders = crawled(place, source)
    assert {path: (folder.name, folder.version) for path, folder in folders.items()} == {
        "more/csv": ("acme/csv", "0.1.0"),
        "pdf": ("acme/pdf", "0.1.0"),
    }
    assert get_release(app, ANONYMOUS, name=PDF, version="latest").visibility == "public"
    origin = get_origin(app, ANONYMOUS, name=PDF)
    assert (origin.repository, origin.path, origin.commit) == (place.url, "pdf", commit)
    page = sources.get_source(app, place.caller, source_id=source.id)
    assert (page.source.commit, page.source.problem) == (commit, "")
    assert crawled(place, source) == folders


def test_only_what_has_changed_is_published_again(place: GitPlace) -> None:
    source = added(place)
    crawled(place, source)
    place.repository.commit({"pdf/SKILL.md": a_skill_file(text="Changed."), "new/SKILL.md": a_skill_file("new")})
    versions = {folder.name: folder.version for folder in crawled(place, source, anew=False).values()}
    assert versions == {"acme/csv": "0.1.0", "acme/pdf": "0.1.1", "acme/new": "0.1.0"}


def test_a_commit_that_was_read_is_not_fetched_again_unless_somebody_asks(place: GitPlace) -> None:
    source = added(place)
    crawled(place, source)
    place.server.seen.clear()
    crawled(place, source, anew=False)
    assert len(place.server.seen) == 2
    crawled(place, source, anew=True)
    assert len(place.server.seen) == 6


def test_what_is_refused_stands_beside_the_rest_with_its_reasons(place: GitPlace) -> None:
    a_release(place.app, place.caller, "acme/taken")
    place.repository.commit(
        {
            "bad/SKILL.md": "no front matter",
            "dup/SKILL.md": a_skill_file("csv"),
            "evil/SKILL.md": a_skill_file("evil"),
            **{f"evil/{path}": text for path, text in FAILING.items()},
            "taken/SKILL.md": a_skill_file("taken"),
            "outer/SKILL.md": a_skill_file("outer"),
            "outer/inner/SKILL.md": a_skill_file("inner"),
        }
    )
    (place.repository.folder / "bad" / "link").symlink_to("/etc/passwd")
    place.repository.commit_all()
    found = crawled(place, added(place))
    codes = {path: {fault["code"] for fault in folder.faults} for path, folder in found.items()}
    assert codes["pdf"] == codes["outer/inner"] == set()
    assert found["pdf"].version == "0.1.0"
    assert "link_entry" in codes["bad"]
    assert codes["evil"] == {"release_quarantined"}
    assert codes["taken"] == {"git_name_taken"}
    assert codes["outer"] == {"several_skill_files"}
    assert codes["more/csv"] | codes["dup"] == {"git_name_twice"}
    assert all(fault["message"] and fault["hint"] for folder in found.values() for fault in folder.faults)


def test_a_source_may_be_a_folder_of_a_branch(place: GitPlace) -> None:
    source = added(place, "/tree/main/more")
    assert set(crawled(place, source)) == {"more/csv"}


def test_only_administrators_have_to_do_with_sources(place: GitPlace) -> None:
    eve = an_organization(place.app, a_person(place.app, "eve"), "evil")
    source = added(place)
    place.server.seen.clear()
    for call in (
        lambda who: sources.add_source(place.app, who, address=place.url, namespace="evil"),
        lambda who: sources.list_sources(place.app, who),
        lambda who: sources.get_source(place.app, who, source_id=source.id),
        lambda who: sources.crawl(place.app, who, source_id=source.id),
        lambda who: sources.remove_source(place.app, who, source_id=source.id),
    ):
        with pytest.raises(AdministratorsOnly):
            call(eve)
    with pytest.raises(NamespaceNotFound):
        sources.add_source(place.app, place.caller, address=place.url, namespace="evil")
    assert not place.server.seen


def test_what_is_no_source_is_told_when_it_is_added(place: GitPlace) -> None:
    with pytest.raises(RefNotFound):
        added(place, "/tree/nowhere")
    with pytest.raises(AddressNotAllowed):
        sources.add_source(place.app, place.caller, address="https://10.0.0.1/a/b.git", namespace="acme")
    source = added(place)
    with pytest.raises(SourceExists, match=source.id):
        added(place)
    assert sources.list_sources(place.app, place.caller).items == (source,)


def test_what_cannot_be_read_is_noted_and_loses_nothing(place: GitPlace) -> None:
    source = added(place)
    folders = crawled(place, source)
    gone = place.repository.folder.rename(place.repository.folder.with_name("gone"))
    assert crawled(place, source) == folders
    page = sources.get_source(place.app, place.caller, source_id=source.id)
    assert "no public git repository" in page.source.problem
    gone.rename(place.repository.folder)
    crawled(place, source)
    assert sources.get_source(place.app, place.caller, source_id=source.id).source.problem == ""


def test_what_was_published_stays_when_a_source_goes_and_it_may_come_back(place: GitPlace) -> None:
    source = added(place)
    crawled(place, source)
    assert sources.remove_source(place.app, place.caller, source_id=source.id).id == source.id
    with pytest.raises(SourceNotFound):
        sources.get_source(place.app, place.caller, source_id=source.id)
    crawl_source(place.app, source_id=source.id, anew=True)
    assert get_origin(place.app, ANONYMOUS, name=PDF).version == "0.1.0"
    assert crawled(place, added(place))["pdf"].version == "0.1.0"


def test_a_crawl_is_asked_for_once_at_a_time(place: GitPlace) -> None:
    source = added(place)
    assert jobs(place.app) == 1
    sources.crawl(place.app, place.caller, source_id=source.id)
    assert jobs(place.app) == 1
    sources.crawl_all(place.app)
    sources.crawl_all(place.app)
    assert jobs(place.app) == 2
    with pytest.raises(SourceNotFound):
        sources.crawl(place.app, place.caller, source_id="src_none")


def test_a_crawl_waits_while_the_administrator_reads_another_repository(
    place: GitPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = added(place)
    with place.app.database.transaction() as tx:
        tx.run("DELETE FROM jobs")
    monkeypatch.setattr(git_fetch, "_PATIENCE_S", 0.1)
    with git_fetch.reading(place.app, place.url, who=place.caller.identity[0]):
        assert crawled(place, source) == {}
    assert jobs(place.app) == 1
    assert sources.list_sources(place.app, place.caller).items == (source,)


def test_everything_is_discovered_with_where_it_is_from(place: GitPlace) -> None:
    a_release(place.app, place.caller, "acme/by-hand", description="Reads PDF files by hand. Use it for PDF work.")
    place.bring("/tree/main/more/csv")
    crawled(place, added(place, "/tree/main/pdf"))
    app = indexed(place.app)

    def found(who: Caller, **how: int) -> dict[str, str | None]:
        page = discover(app, who, keywords="pdf", **how)
        return {one.skill.name: one.origin.path if one.origin else None for one in page.items}

    assert found(ANONYMOUS) == {"acme/by-hand": None, "acme/pdf": "pdf"}
    assert found(place.caller) == {"acme/by-hand": None, "acme/pdf": "pdf", "ada/csv": "more/csv"}
    first, second = found(ANONYMOUS, limit=1), found(ANONYMOUS, limit=1, offset=1)
    assert first | second == found(ANONYMOUS)
    assert discover(app, ANONYMOUS, keywords="pdf", limit=1).total == 2
    assert discover(app, ANONYMOUS, keywords="pdf", offset=5).items == ()


def test_an_administrator_who_lost_the_namespace_publishes_there_no_more(place: GitPlace) -> None:
    source = added(place)
    with place.app.database.transaction() as tx:
        tx.run("DELETE FROM members WHERE namespace = 'acme'")
    assert crawled(replace(place, caller=again(place.app, place.caller)), source) == {}
    page = sources.get_source(place.app, place.caller, source_id=source.id)
    assert "acme" in page.source.problem
