from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.errors import FileNotInRelease, ReleaseNotFound, SkillNotFound
from skillyard.domain.registry.files import get_file, list_files
from skillyard.domain.registry.releases import get_release, list_releases
from skillyard.domain.registry.skill import get_skill
from skillyard.infra.paging import BadCursor, cursor_after
from skillyard.skill.names import SkillName
from tests.makers import a_release

PDF = SkillName("ada", "pdf")
IMPOSSIBLE = ["", "-", "Ada", "a" * 200, "nul\x00", "ünï", "../x", "a/b"]


def test_a_skill_shows_its_latest_release_and_channels(app: App, ada: Caller) -> None:
    a_release(app, ada, version="1.0.0", description="Old words.")
    a_release(app, ada, version="2.0.0", description="New words.", tags="pdf, docs")
    page = get_skill(app, ANONYMOUS, name=PDF)
    assert (page.skill.description, page.skill.tags) == ("New words.", ("pdf", "docs"))
    assert (page.skill.latest_version, page.versions_count) == ("2.0.0", 2)
    assert page.latest == get_release(app, ANONYMOUS, name=PDF, version="2.0.0")


@pytest.mark.parametrize("part", IMPOSSIBLE)
def test_a_name_that_cannot_be_is_not_found(app: App, part: str) -> None:
    for name in (SkillName(part, "pdf"), SkillName("ada", part)):
        with pytest.raises(SkillNotFound):
            get_skill(app, ANONYMOUS, name=name)


@pytest.mark.parametrize("version", ["9.9.9", "beta", "^1", "nul\x00", "x" * 900, ""])
def test_a_version_that_is_not_there_is_not_found(app: App, ada: Caller, version: str) -> None:
    a_release(app, ada)
    with pytest.raises(ReleaseNotFound):
        get_release(app, ANONYMOUS, name=PDF, version=version)


def test_releases_come_by_page_the_highest_first(app: App, ada: Caller) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.2", "2.0.0-rc.10", "0.1.0"):
        a_release(app, ada, version=version)
    seen: list[str] = []
    cursor = None
    while True:
        page = list_releases(app, ANONYMOUS, name=PDF, limit=2, cursor=cursor)
        seen += [release.version for release in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ["2.0.0-rc.10", "2.0.0-rc.2", "1.10.0", "1.9.0", "0.1.0"]


@pytest.mark.parametrize("cursor", ["!", "e30", cursor_after(1), cursor_after("one"), cursor_after("1.0.0", "2")])
def test_a_cursor_of_another_list_is_refused(app: App, ada: Caller, cursor: str) -> None:
    a_release(app, ada)
    with pytest.raises(BadCursor):
        list_releases(app, ANONYMOUS, name=PDF, cursor=cursor)


def test_files_are_listed_with_their_digests_and_read_one_by_one(app: App, ada: Caller) -> None:
    for format in ("zip", "tar.gz"):
        version = "1.0.0" if format == "zip" else "1.0.1"
        a_release(app, ada, version=version, format=format, files={"scripts/a.py": "print(1)\n", "b.txt": format})
        first = list_files(app, ANONYMOUS, name=PDF, version=version, limit=2)
        rest = list_files(app, ANONYMOUS, name=PDF, version=version, limit=2, cursor=first.next_cursor)
        assert [file.path for file in (*first.items, *rest.items)] == ["SKILL.md", "b.txt", "scripts/a.py"]
        assert rest.next_cursor is None
        release, data = get_file(app, ANONYMOUS, name=PDF, version=version, path="b.txt")
        assert (release.version, data) == (version, format.encode())


@pytest.mark.parametrize("path", ["", "nope", "../SKILL.md", "/etc/passwd", "skill.md", "nul\x00"])
def test_a_file_that_is_not_in_the_release_is_not_found(app: App, ada: Caller, path: str) -> None:
    a_release(app, ada)
    with pytest.raises(FileNotInRelease):
        get_file(app, ANONYMOUS, name=PDF, version="latest", path=path)
