from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from skillyard.api.native.archives import IMMUTABLE_CACHE, load_content, send_archive
from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry import download
from skillyard.domain.registry.jobs import count_downloads
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.skill import get_skill
from skillyard.skill.names import SkillName
from tests.api.native.registry import RegistryApi
from tests.makers import a_person, a_release, secret_of

PDF = SkillName("ada", "pdf")
LARGE = {"data.txt": "".join(f"{number} {number * 7919}\n" for number in range(40_000))}


@pytest.fixture
def app(each_app: App) -> Iterator[App]:
    return each_app


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


@pytest.fixture(params=["small", "large"])
def release(request: pytest.FixtureRequest, app: App, ada: Caller) -> Release:
    """Small ones are served from memory, large ones from their file or the store."""
    return a_release(app, ada, files=LARGE if request.param == "large" else None)


@pytest.fixture
def content(app: App, release: Release) -> bytes:
    return app.blobs.read(release.archive.sha256)


@pytest.fixture(params=["blob", "blob with a token", "archive"])
def get(request: pytest.FixtureRequest, app: App, ada: Caller, release: Release) -> Any:
    """Three ways to the same bytes."""
    token = secret_of(ada) if "token" in request.param else None
    path = f"/api/v1/blobs/{release.archive.sha256}"
    if request.param == "archive":
        path = "/api/v1/skills/ada/pdf/releases/latest/archive"
    api = RegistryApi(app, token)
    return lambda **headers: api.send_bytes("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_the_bytes_come_whole_and_marked(get: Any, release: Release, content: bytes) -> None:
    answer = get()
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["etag"] == f'"{release.archive.sha256}"'
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="ada-pdf-1.0.0.zip"'
    assert int(answer.headers["content-length"]) == len(content)
    assert get(if_none_match=answer.headers["etag"]).status == 304


def test_ranges(get: Any, content: bytes) -> None:
    size = len(content)
    for asked, begin, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-", 10, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=5-{size + 99}", 5, size),
    ):
        part = get(range=asked)
        assert (part.status, part.body) == (206, content[begin:end]), asked
        assert part.headers["content-range"] == f"bytes {begin}-{end - 1}/{size}"
        assert int(part.headers["content-length"]) == end - begin


def test_a_range_that_is_not_there_or_not_one(get: Any, release: Release, content: bytes) -> None:
    beyond = get(range=f"bytes={len(content)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(content)}")
    assert get(range="bytes=-0").status == 416
    for nonsense in ("bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"):
        assert (get(range=nonsense).status, get(range=nonsense).body) == (200, content), nonsense
    assert get(range="bytes=0-1", if_range='"other"').status == 200
    assert get(range="bytes=0-1", if_range=f'"{release.archive.sha256}"').status == 206


def test_public_blobs_may_be_kept_for_ever(app: App, release: Release) -> None:
    answer = RegistryApi(app).send_bytes("GET", f"/api/v1/blobs/{release.archive.sha256}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    head = RegistryApi(app).send_bytes("HEAD", f"/api/v1/blobs/{release.archive.sha256}")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == release.archive.size_bytes


def test_only_the_beginning_counts_as_a_download(app: App, release: Release) -> None:
    api, path = RegistryApi(app), f"/api/v1/blobs/{release.archive.sha256}"
    api.send_bytes("HEAD", path)
    api.send_bytes("GET", path, headers={"range": "bytes=5-9"})
    api.send_bytes("GET", path, headers={"if-none-match": f'"{release.archive.sha256}"'})
    assert download.flush(app) == 0
    for _ in range(3):
        api.send_bytes("GET", path)
    assert download.flush(app) == 1
    count_downloads(app)
    assert api.send_bytes("GET", "/api/v1/skills/ada/pdf").json()["downloads"]["total"] == 1
    assert get_skill(app, ANONYMOUS, name=PDF).skill.downloads.total == 1


def test_a_server_that_can_sends_the_file_by_itself(tmp_path: Path, app: App, ada: Caller) -> None:
    release = a_release(app, ada, files=LARGE)
    blob = download.find_open_archive(app, sha256=release.archive.sha256)
    path = app.blobs.local_path(blob.sha256)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope: MutableMapping[str, Any] = {
        "method": "GET", "headers": [], "extensions": {"http.response.pathsend": {}},
        "state": {"client_address": "192.0.2.1"},
    }  # fmt: skip
    asyncio.run(send_archive(app, load_content(app, blob), IMMUTABLE_CACHE, scope, send))
    if path is not None:
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.pathsend"]
        assert Path(sent[1]["path"]).read_bytes() == app.blobs.read(blob.sha256)
    else:
        assert b"".join(message.get("body", b"") for message in sent) == app.blobs.read(blob.sha256)


def test_a_digest_that_nobody_has(app: App) -> None:
    api = RegistryApi(app)
    assert api.get(f"/blobs/{'0' * 64}").json()["error"]["code"] == "blob_not_found"
    assert api.get("/blobs/xyz").status == 422
