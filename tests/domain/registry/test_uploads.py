from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceNotFound
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry.errors import (
    ReleaseExists,
    SkillRefused,
    UploadAddressNotValid,
    UploadNotFound,
    UploadNotReceived,
)
from skillyard.domain.registry.model import Upload, Visibility, Wish
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.uploads import (
    abandon_upload,
    confirm_upload,
    put_upload,
    sign_upload,
    start_upload,
)
from skillyard.infra.blobs import BlobMismatch
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError, Unauthenticated
from skillyard.skill.digest import sha256_hex
from skillyard.skill.names import SkillName
from tests.makers import a_release, a_skill_archive

PDF = SkillName("ada", "pdf")
DATA = a_skill_archive()


def started(app: App, caller: Caller, data: bytes = DATA, **wish: Any) -> Upload:
    return start_upload(app, caller, Wish(name=PDF, **wish), sha256=sha256_hex(data), size_bytes=len(data))


def put(app: App, upload: Upload, data: bytes = DATA, *, signature: str | None = None) -> Upload:
    return put_upload(
        app,
        upload_id=upload.id,
        expires_ms=upload.expires_ms,
        signature=sign_upload(app, upload) if signature is None else signature,
        source=io.BytesIO(data),
    )


def test_announce_put_confirm_publishes(app: App, ada: Caller) -> None:
    upload = started(app, ada, visibility=Visibility.PRIVATE, channel="next")
    put(app, upload)
    put(app, upload)  # a lost answer: the same bytes once more
    published = confirm_upload(app, ada, upload_id=upload.id)
    assert published.release.channels == ("latest", "next")
    assert published.release.visibility is Visibility.PRIVATE
    assert get_release(app, ada, name=PDF, version="next") == published.release


def test_a_ticket_is_used_once(app: App, ada: Caller) -> None:
    upload = started(app, ada)
    put(app, upload)

    def confirm(_: int) -> str:
        try:
            return confirm_upload(app, ada, upload_id=upload.id).release.version
        except SkillyardError as error:
            return error.code

    with ThreadPoolExecutor(4) as threads:
        results = sorted(threads.map(confirm, range(4)))
    assert results.count("1.0.0") == 1
    assert set(results) <= {"1.0.0", "upload_not_found", "release_exists"}
    with pytest.raises(UploadNotFound):
        put(app, upload)


def test_other_bytes_than_announced_are_refused(app: App, ada: Caller) -> None:
    upload = started(app, ada)
    for data in (DATA[:-1], DATA + b"x", b"x" * len(DATA)):
        with pytest.raises(BlobMismatch):
            put(app, upload, data)
    assert list(app.blobs.list()) == []
    with pytest.raises(UploadNotReceived):
        confirm_upload(app, ada, upload_id=upload.id)


def test_only_the_signed_address_takes_bytes(app: App, ada: Caller) -> None:
    upload, other = started(app, ada), started(app, ada)
    for signature in ("", "0" * 64, sign_upload(app, other)):
        with pytest.raises(UploadAddressNotValid):
            put(app, upload, signature=signature)


def test_a_ticket_expires(app: App, ada: Caller, clock: FixedClock) -> None:
    upload = started(app, ada)
    put(app, upload)
    clock.move(seconds=app.settings.upload_minutes * 60)
    with pytest.raises(UploadAddressNotValid):
        put(app, upload)
    with pytest.raises(UploadNotFound):
        confirm_upload(app, ada, upload_id=upload.id)


def test_an_abandoned_ticket_is_gone(app: App, ada: Caller) -> None:
    upload = started(app, ada)
    assert abandon_upload(app, ada, upload_id=upload.id).id == upload.id
    for call in (abandon_upload, confirm_upload):
        with pytest.raises(UploadNotFound):
            call(app, ada, upload_id=upload.id)
    with pytest.raises(UploadNotFound):
        put(app, upload)


def test_a_ticket_belongs_to_who_started_it(app: App, ada: Caller, eve: Caller) -> None:
    upload = started(app, ada)
    put(app, upload)
    for caller in (eve,):
        with pytest.raises(UploadNotFound):
            confirm_upload(app, caller, upload_id=upload.id)
    with pytest.raises(Unauthenticated):
        confirm_upload(app, ANONYMOUS, upload_id=upload.id)
    with pytest.raises(NamespaceNotFound):
        started(app, eve)


@pytest.mark.parametrize("upload_id", ["", "upl_", "upl_\x00", "upl_" + "0" * 26, "x" * 500])
def test_no_such_ticket(app: App, ada: Caller, upload_id: str) -> None:
    with pytest.raises(UploadNotFound):
        confirm_upload(app, ada, upload_id=upload_id)


def test_a_bad_announcement_is_refused_with_all_faults(app: App, ada: Caller) -> None:
    wish = Wish(name=SkillName("ada", "-pdf"), channel="1.x")
    with pytest.raises(SkillRefused) as refused:
        start_upload(app, ada, wish, sha256="ABC", size_bytes=app.archive_limits.max_archive_bytes + 1)
    codes = [fault["code"] for fault in refused.value.faults]
    assert codes == ["bad_name", "bad_channel", "bad_digest", "too_large"]


def test_what_publish_refuses_confirm_refuses_and_the_ticket_stays(app: App, ada: Caller) -> None:
    a_release(app, ada)
    upload = started(app, ada)
    put(app, upload)
    for _ in range(2):
        with pytest.raises(ReleaseExists):
            confirm_upload(app, ada, upload_id=upload.id)
    bad = a_skill_archive("other")
    upload = started(app, ada, bad)
    put(app, upload, bad)
    with pytest.raises(SkillRefused):
        confirm_upload(app, ada, upload_id=upload.id)
