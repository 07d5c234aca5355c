from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.errors import SkillRefused, UploadAddressNotValid, UploadConfirmedBefore, UploadDiffers
from skillyard.domain.registry.model import Published, Upload
from skillyard.domain.registry.open_uploads import (
    Claim,
    confirm_open_upload,
    put_open_upload,
    sign_open_upload,
    start_open_upload,
)
from skillyard.domain.registry.uploads import sign_upload
from skillyard.infra.errors import SkillyardError
from skillyard.skill.archive import open_safely
from skillyard.skill.digest import sha512_sri
from tests.makers import a_skill_archive

MANIFEST = {"name": "@ada/pdf", "version": "1.0.0"}
DATA = a_skill_archive(format="tar.gz")


def put(app: App, upload: Upload, data: bytes = DATA, *, signature: str | None = None) -> None:
    put_open_upload(
        app,
        upload_id=upload.id,
        expires_ms=upload.expires_ms,
        signature=signature or sign_open_upload(app, upload),
        source=io.BytesIO(data),
    )


def confirm(app: App, caller: Caller, upload: Upload, data: bytes = DATA, **claim: Any) -> Published:
    said = {"sha512": sha512_sri(data), "files_count": 1, "size_bytes": len(data)} | claim
    return confirm_open_upload(app, caller, upload_id=upload.id, claim=Claim(**said))


def test_what_arrived_last_is_published(app: App, ada: Caller) -> None:
    upload = start_open_upload(app, ada, MANIFEST)
    other = a_skill_archive(format="tar.gz", body="Other.")
    put(app, upload, other)
    put(app, upload)
    with pytest.raises(UploadDiffers):
        confirm(app, ada, upload, other)
    assert confirm(app, ada, upload).release.archive.sha512 == sha512_sri(DATA)


def test_of_several_confirmations_at_once_one_publishes(app: App, ada: Caller) -> None:
    upload = start_open_upload(app, ada, MANIFEST)
    put(app, upload)

    def attempt(_: int) -> str:
        try:
            return confirm(app, ada, upload).release.version
        except SkillyardError as error:
            return error.code

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(attempt, range(4)))
    assert results.count("1.0.0") == 1
    assert set(results) <= {"1.0.0", "upload_confirmed", "upload_not_found", "release_exists"}
    with pytest.raises(UploadConfirmedBefore):
        confirm(app, ada, upload)


def test_several_uploads_at_once_leave_one_whole_archive(app: App, ada: Caller) -> None:
    upload = start_open_upload(app, ada, MANIFEST)
    archives = [a_skill_archive(format="tar.gz", body=f"Number {number}.") for number in range(4)]

    def attempt(data: bytes) -> str:
        try:
            put(app, upload, data)
        except SkillyardError as error:
            return error.code
        return "taken"

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(attempt, archives))
    assert "taken" in results
    assert set(results) <= {"taken", "upload_not_found"}
    published = []
    for data in archives:
        try:
            published.append(confirm(app, ada, upload, data))
        except (UploadDiffers, UploadConfirmedBefore):
            continue
    assert len(published) == 1


def test_the_signature_of_an_announced_upload_opens_no_open_one(app: App, ada: Caller) -> None:
    upload = start_open_upload(app, ada, MANIFEST)
    with pytest.raises(UploadAddressNotValid):
        put(app, upload, signature=sign_upload(app, upload))


def test_more_than_is_allowed_and_nothing_are_refused(app: App, ada: Caller) -> None:
    upload = start_open_upload(app, ada, MANIFEST)
    for data in (b"", bytes(app.archive_limits.max_archive_bytes + 1)):
        with pytest.raises(SkillRefused):
            put(app, upload, data)
    assert list(app.blobs.list()) == []


@pytest.mark.parametrize(("size_bytes", "is_taken"), [(247, False), (len(DATA), True), (0, False)])
def test_the_size_is_that_of_the_archive_or_of_its_files(
    app: App, ada: Caller, size_bytes: int, is_taken: bool
) -> None:
    upload = start_open_upload(app, ada, MANIFEST)
    put(app, upload)
    if is_taken:
        assert confirm(app, ada, upload, size_bytes=size_bytes)
        return
    with pytest.raises(UploadDiffers):
        confirm(app, ada, upload, size_bytes=size_bytes)
    files = open_safely(DATA)
    assert confirm(app, ada, upload, size_bytes=sum(entry.size_bytes for entry in files.entries))


@pytest.mark.parametrize(
    ("manifest", "fields"),
    [
        ({}, {"name", "version"}),
        ({"name": "@ada/pdf", "version": 1}, {"version"}),
        ({"name": ["@ada/pdf"], "version": "1.0.0"}, {"name"}),
        ({"name": "@ada/../x", "version": "1.0.0"}, {"name"}),
        ({"name": "@ada/pdf", "version": "1.0.0", "visibility": "secret"}, {"visibility"}),
        ({"name": "@ada/pdf", "version": "1.0.0", "skills": {"x": "^1"}}, {"skills"}),
        ({"name": "@ada/pdf", "version": "1.0.0", "permissions": {"network": {"inbound": []}}}, {"permissions"}),
    ],
)
def test_faults_of_a_manifest_name_their_fields(
    app: App, ada: Caller, manifest: dict[str, Any], fields: set[str]
) -> None:
    with pytest.raises(SkillRefused) as refused:
        start_open_upload(app, ada, manifest)
    assert {fault["field"] for fault in refused.value.faults} == fields
