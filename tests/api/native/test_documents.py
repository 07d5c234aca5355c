"""Public documents from memory: right after every commit, and never private."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.api.native import documents as module
from skillyard.api.native.wire.releases import ReleaseOnWire, ReleasesPage
from skillyard.api.native.wire.skills import SkillOnWire
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.deprecate import deprecate_skill
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.yank import yank
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.api.native.registry import RegistryApi
from tests.makers import a_person, a_release, make_app, secret_of

PDF = SkillName("ada", "pdf")
SKILL = "/api/v1/skills/ada/pdf"
PATHS = {
    SKILL: SkillOnWire,
    f"{SKILL}/releases": ReleasesPage,
    f"{SKILL}/releases/latest": ReleaseOnWire,
    f"{SKILL}/releases/1.0.0": ReleaseOnWire,
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, reads_per_minute=10**9)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


@pytest.fixture
def api(app: App) -> RegistryApi:
    return RegistryApi(app)


def test_documents_are_kept_and_have_the_shape_of_the_contract(app: App, api: RegistryApi, ada: Caller) -> None:
    a_release(app, ada)
    for path, shape in PATHS.items():
        first = api.send_bytes("GET", path)
        assert (first.status, first.headers["cache-control"]) == (200, "no-cache")
        assert shape.model_validate_json(first.body, strict=False)
        kept = api.documents.find(path)
        assert kept
        assert kept.body == first.body
        signed = RegistryApi(app, secret_of(ada)).send_bytes("GET", path)
        assert (signed.body, signed.headers["etag"]) == (first.body, first.headers["etag"])


def test_a_client_that_has_it_gets_nothing_again(app: App, api: RegistryApi, ada: Caller) -> None:
    a_release(app, ada)
    etag = api.send_bytes("GET", SKILL).headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = api.send_bytes("GET", SKILL, headers={"if-none-match": known})
        assert (answer.status, answer.body) == (304, b"")
    assert api.send_bytes("GET", SKILL, headers={"if-none-match": '"other"'}).status == 200
    head = api.send_bytes("HEAD", SKILL)
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)


def test_every_commit_is_seen_by_the_next_read(app: App, api: RegistryApi, ada: Caller) -> None:
    for minor in range(20):
        a_release(app, ada, version=f"1.{minor}.0")
        assert api.send_bytes("GET", SKILL).json()["latest_version"] == f"1.{minor}.0"
        assert len(api.send_bytes("GET", f"{SKILL}/releases").json()["items"]) == minor + 1
    yank(app, ada, name=PDF, version="1.19.0", reason="bad")
    assert api.send_bytes("GET", SKILL).json()["latest_version"] == "1.18.0"
    assert api.send_bytes("GET", f"{SKILL}/releases/1.19.0").json()["yanked"]
    deprecate_skill(app, ada, name=PDF, message="old")
    assert api.send_bytes("GET", f"{SKILL}/releases/latest").json()["deprecated"] == {"message": "old"}


def test_readers_never_see_a_version_go_back(app: App, api: RegistryApi, ada: Caller) -> None:
    a_release(app, ada, version="1.0.0")
    stop, went_back = threading.Event(), []

    def read() -> None:
        newest = 0
        while not stop.is_set():
            minor = int(api.send_bytes("GET", SKILL).json()["latest_version"].split(".")[1])
            if minor < newest:
                went_back.append((newest, minor))
            newest = max(newest, minor)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for minor in range(1, 40):
        a_release(app, ada, version=f"1.{minor}.0")
    stop.set()
    for reader in readers:
        reader.join()
    assert not went_back


def test_a_private_skill_never_enters(app: App, api: RegistryApi, ada: Caller) -> None:
    release = a_release(app, ada, visibility="private")
    blob = f"/api/v1/blobs/{release.archive.sha256}"
    archive = f"{SKILL}/releases/1.0.0/archive"
    for path in (*PATHS, blob, archive):
        assert api.send_bytes("GET", path).status == 404
        assert api.documents.find(path) is None
    member = RegistryApi(app, secret_of(ada))
    for path in (*PATHS, archive):
        answer = member.send_bytes("GET", path)
        assert (answer.status, answer.headers["cache-control"]) == (200, "private, no-store")
        assert member.documents.find(path) is None
    shown = member.send_bytes("GET", f"{SKILL}/releases/1.0.0").json()
    assert shown["archive"]["url"].endswith(archive)


def test_a_skill_that_turns_private_is_gone_with_its_archive(app: App, api: RegistryApi, ada: Caller) -> None:
    release = a_release(app, ada)
    paths = (*PATHS, f"/api/v1/blobs/{release.archive.sha256}")
    for path in paths:
        assert api.send_bytes("GET", path).status == 200
    set_visibility(app, ada, name=PDF, visibility=Visibility.PRIVATE)
    for path in paths:
        assert api.send_bytes("GET", path).status == 404
    set_visibility(app, ada, name=PDF, visibility=Visibility.UNLISTED)
    for path in paths:
        assert api.send_bytes("GET", path).status == 200


def test_a_bad_token_is_refused_on_public_documents_too(app: App, api: RegistryApi, ada: Caller) -> None:
    release = a_release(app, ada)
    for path in (*PATHS, f"/api/v1/blobs/{release.archive.sha256}"):
        assert api.send_bytes("GET", path).status == 200
        answer = api.send_bytes("GET", path, headers={"authorization": "Bearer sky_at_nonsense"})
        assert answer.status == 401


def test_what_another_process_wrote_is_followed(tmp_path: Path, app: App, api: RegistryApi, ada: Caller) -> None:
    a_release(app, ada)
    assert api.send_bytes("GET", SKILL).json()["latest_version"] == "1.0.0"
    other = make_app(tmp_path)
    a_release(other, ada, version="1.1.0")
    with app.database.reading() as tx:
        batch = read_after(tx, 0)
    api.documents.follow(batch)
    kept = api.documents.find(SKILL)
    assert kept
    assert b'"latest_version":"1.1.0"' in kept.body
    other.close()


def test_memory_is_bounded(app: App, api: RegistryApi, ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 10_000)
    for number in range(12):
        a_release(app, ada, f"ada/skill-{number}")
        assert api.send_bytes("GET", f"/api/v1/skills/ada/skill-{number}").status == 200
    kept = [number for number in range(12) if api.documents.find(f"/api/v1/skills/ada/skill-{number}")]
    assert 1 <= len(kept) < 6
    assert kept[-1] == 11
    assert api.send_bytes("GET", "/api/v1/skills/ada/skill-0").status == 200


@pytest.mark.parametrize("path", [f"{SKILL}/", "/api/v1/skills/ada", "/api/v1/blobs/xyz", "/api/v1/skills/ada/p%00f"])
def test_paths_that_are_no_documents_go_on_to_the_routes(api: RegistryApi, path: str) -> None:
    assert api.send_bytes("GET", path).status in (404, 422)
