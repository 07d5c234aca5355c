from __future__ import annotations

import io

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.errors import UploadNotFound
from skillyard.domain.registry.integrity import missing_archives
from skillyard.domain.registry.jobs import sweep_blobs
from skillyard.domain.registry.model import Wish
from skillyard.domain.registry.store import removals
from skillyard.domain.registry.uploads import confirm_upload, put_upload, sign_upload, start_upload
from skillyard.infra.clock import FixedClock, SystemClock
from skillyard.skill.digest import sha256_hex
from skillyard.skill.names import SkillName
from tests.makers import a_release, a_skill_archive

DAY_S = 24 * 3600


def stored(app: App) -> set[str]:
    return {blob.sha256 for blob in app.blobs.list()}


def put_orphan(app: App, data: bytes = b"orphan") -> str:
    app.blobs.put(sha256_hex(data), io.BytesIO(data), len(data))
    return sha256_hex(data)


@pytest.fixture(autouse=True)
def _now(clock: FixedClock) -> None:
    """Blobs bear the time of their store, so here the standing clock begins with the real one."""
    clock.move(seconds=(SystemClock().now_ms() - clock.now_ms()) / 1000)


def test_what_no_release_refers_to_goes_after_the_grace_period(app: App, ada: Caller, clock: FixedClock) -> None:
    release = a_release(app, ada)
    orphan = put_orphan(app)
    sweep_blobs(app)
    assert stored(app) == {release.archive.sha256, orphan}
    clock.move(seconds=app.settings.blob_grace_hours * 3600 + 60)
    sweep_blobs(app)
    assert stored(app) == {release.archive.sha256}
    with app.database.reading() as tx:
        assert removals.list_removals(tx) == []


def test_what_an_open_upload_refers_to_stays_until_it_expires(app: App, ada: Caller, clock: FixedClock) -> None:
    data = a_skill_archive()
    put_orphan(app, data)
    clock.move(seconds=2 * DAY_S)
    wish = Wish(name=SkillName("ada", "pdf"))
    upload = start_upload(app, ada, wish, sha256=sha256_hex(data), size_bytes=len(data))
    put_upload(
        app,
        upload_id=upload.id,
        expires_ms=upload.expires_ms,
        signature=sign_upload(app, upload),
        source=io.BytesIO(data),
    )
    sweep_blobs(app)
    assert stored(app) == {sha256_hex(data)}
    clock.move(seconds=app.settings.upload_minutes * 60)
    sweep_blobs(app)
    assert stored(app) == set()
    with pytest.raises(UploadNotFound):
        confirm_upload(app, ada, upload_id=upload.id)


def test_a_removal_that_was_interrupted_is_finished(app: App, ada: Caller) -> None:
    data = a_skill_archive()
    orphan = put_orphan(app, data)
    with app.database.transaction() as tx:
        assert removals.add_removals(tx, [orphan], now_ms=0) == [orphan]
    sweep_blobs(app)
    assert stored(app) == set()
    assert a_release(app, ada).archive.sha256 == orphan
    assert stored(app) == {orphan}


def test_many_orphans_go_in_one_run(app: App, clock: FixedClock) -> None:
    for number in range(120):
        put_orphan(app, b"orphan %d" % number)
    clock.move(seconds=2 * DAY_S)
    sweep_blobs(app)
    assert stored(app) == set()


def test_a_lost_archive_is_noticed(app: App, ada: Caller) -> None:
    kept, lost = a_release(app, ada), a_release(app, ada, version="1.1.0")
    assert missing_archives(app.database, app.blobs) == []
    app.blobs.remove(lost.archive.sha256)
    assert missing_archives(app.database, app.blobs) == [lost.archive.sha256]
    assert kept.archive.sha256 in stored(app)
