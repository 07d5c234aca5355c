"""What SkillDock's clients are told of releases that came another way, and of what cannot be had."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.api.skilldock.requirements import show_requirement
from skillyard.app import App
from skillyard.domain.registry.download import flush
from skillyard.skill.versions import Range
from tests.api.asgi import Answer, call
from tests.makers import a_person, a_release, indexed, make_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


def get(app: App, path: str, **headers: str) -> Answer:
    return call(build_asgi(app, Documents(app)), "GET", f"/skilldock{path}", headers=headers)


def releases(app: App, skill: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(app, f"/v1/skills/{skill}/releases?per_page=100").json()["items"]
    return found


def test_a_tar_gz_comes_as_a_zip_with_the_hash_that_was_named(app: App) -> None:
    a_release(app, a_person(app, "ada"), "ada/packed", format="tar.gz", files={"scripts/run.py": "print(1)\n"})
    [release] = releases(app, "ada/packed")
    answer = get(app, release["download_url"].partition("/skilldock")[2])
    assert answer.headers["content-type"] == "application/zip"
    assert hashlib.sha256(answer.body).hexdigest() == release["sha256"] == release["files"][0]["sha256"]
    assert len(answer.body) == release["files"][0]["size_bytes"]
    assert set(zipfile.ZipFile(io.BytesIO(answer.body)).namelist()) == {"SKILL.md", "scripts/run.py"}
    assert get(app, release["download_url"].partition("/skilldock")[2]).body == answer.body


def test_a_download_is_counted_once_a_day_and_client(app: App) -> None:
    a_release(app, a_person(app, "ada"), "ada/counted")
    for _ in range(3):
        assert get(app, "/v1/skills/ada/counted/releases/1.0.0/download").status == 200
    assert flush(app) == 1


def test_a_list_says_how_many_there_are_by_reading_no_more_than_its_page(app: App) -> None:
    ada = a_person(app, "ada")
    for patch in range(5):
        a_release(app, ada, "ada/long", f"1.0.{patch}", body=f"# {patch}")
    pages = [get(app, f"/v1/skills/ada/long/releases?page={page}&per_page=2").json() for page in (1, 2, 3, 4)]
    assert [[one["version"] for one in page["items"]] for page in pages] == [
        ["1.0.4", "1.0.3"], ["1.0.2", "1.0.1"], ["1.0.0"], [],
    ]  # fmt: skip
    assert [page["has_more"] for page in pages] == [True, True, False, False]


def test_search_goes_on_from_page_to_page(app: App) -> None:
    ada = a_person(app, "ada")
    for name in ("one", "two", "three"):
        a_release(app, ada, f"ada/{name}", description="Reads pages. Use it.")
    indexed(app)
    site = build_asgi(app, Documents(app))
    headers = {"content-type": "application/json"}
    found = [
        call(
            site, "POST", "/skilldock/v2/search", headers=headers, chunks=[b'{"per_page": 2, "page": %d}' % page]
        ).json()
        for page in (1, 2)
    ]
    assert [len(page["items"]) for page in found] == [2, 1]
    assert [page["has_more"] for page in found] == [True, False]
    slugs = {item["slug"] for page in found for item in page["items"]}
    assert slugs == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("^1.2.0", "^1.2.0"), (">=1.0.0 <2.0.0", ">=1.0.0 <2.0.0"), ("1.2.3", "1.2.3"), ("*", "*"), ("", "*"),
        ("1.x", ">=1.0.0 <2.0.0-0"), ("~1", ">=1.0.0 <2.0.0-0"), ("1.0.0 - 1.5.0", ">=1.0.0 <=1.5.0"),
        ("^1.0.0 || ^2.0.0", ">=2.0.0 <3.0.0-0"), ("^0.0", "<0.1.0-0"), ("~1.2.3-rc.1", "~1.2.3-rc.1"),
    ],
)  # fmt: skip
def test_a_range_is_shown_in_words_that_the_client_knows(ours: str, theirs: str) -> None:
    assert show_requirement(ours) == theirs
    Range.parse(theirs)
