"""Publish in two phases: announce the bytes and get a signed address, put them there, confirm. For large archives."""

from __future__ import annotations

import re
from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.errors import (
    ContentIsBeingRemoved,
    UploadAddressNotValid,
    UploadNotFound,
    UploadNotReceived,
)
from skillyard.domain.registry.examine import examine
from skillyard.domain.registry.model import Published, Upload, Wish
from skillyard.domain.registry.publish import store_release
from skillyard.domain.registry.store import removals
from skillyard.domain.registry.store import uploads as store
from skillyard.infra.ids import new_id
from skillyard.skill.names import SkillName

_UPLOAD_ID = re.compile(r"upl_[0-9a-z]{26}")
_PURPOSE = "upload"


def start_upload(app: App, caller: Caller, wish: Wish, *, sha256: str, size_bytes: int) -> Upload:
    """A ticket for one archive. Raises NamespaceNotFound, RoleTooLow or SkillRefused."""
    caller.must("publish", on=str(wish.name))
    user_id, _ = caller.identity
    announced = rules.check_announced(sha256, size_bytes, most_bytes=app.archive_limits.max_archive_bytes)
    rules.refuse(wish.name, [*rules.check_wish(wish), *announced])
    now_ms = app.clock.now_ms()
    upload = Upload(
        id=new_id("upl"),
        name=str(wish.name),
        user_id=user_id,
        sha256=sha256,
        size_bytes=size_bytes,
        visibility=wish.visibility,
        channel=wish.channel,
        version=wish.version,
        created_ms=now_ms,
        expires_ms=now_ms + app.settings.upload_minutes * 60_000,
    )
    with app.database.transaction() as tx:
        if not removals.may_refer_to(tx, sha256):
            raise ContentIsBeingRemoved(retry_after_s=1)
        store.add_upload(tx, upload)
    return upload


def sign_upload(app: App, upload: Upload) -> str:
    """The signature that lets its holder put the bytes of this ticket, and nothing else, until it expires."""
    return app.signer.sign(_PURPOSE, upload.id, upload.expires_ms)


def put_upload(app: App, *, upload_id: str, expires_ms: int, signature: str, source: BinaryIO) -> Upload:
    """Take the bytes. Whoever holds the signed address may put them, also again, until the ticket is used.

    Raises UploadAddressNotValid, UploadNotFound, or BlobMismatch when they are not the announced ones.
    """
    if not app.signer.is_valid(signature, _PURPOSE, upload_id, expires_ms) or expires_ms <= app.clock.now_ms():
        raise UploadAddressNotValid
    with app.database.reading() as tx:
        upload = store.find_upload(tx, upload_id, now_ms=app.clock.now_ms())
    if upload is None:
        raise UploadNotFound(upload_id=upload_id)
    app.blobs.put(upload.sha256, source, upload.size_bytes)
    with app.database.transaction(durable=False) as tx:  # lost in a power cut: the bytes are asked for once more
        if not store.set_received(tx, upload_id, sha256=upload.sha256, now_ms=app.clock.now_ms()):
            raise UploadNotFound(upload_id=upload_id)
    return upload


def confirm_upload(app: App, caller: Caller, *, upload_id: str) -> Published:
    """Publish what was uploaded, once. Raises UploadNotFound, UploadNotReceived and all that `publish` raises."""
    upload = _find_own(app, caller, upload_id)
    if upload.received_ms is None:
        raise UploadNotReceived(upload_id=upload_id)
    wish = Wish(
        name=SkillName.parse(upload.name),
        visibility=upload.visibility,
        channel=upload.channel,
        version=upload.version,
    )
    with app.blobs.open(upload.sha256) as source:
        examined = examine(app, caller, wish, source, sha256=upload.sha256)
    rules.refuse(wish.name, examined.faults)
    return store_release(app, caller, wish, examined, upload_id=upload.id)


def abandon_upload(app: App, caller: Caller, *, upload_id: str) -> Upload:
    """Give the ticket back. Its bytes go with the next cleaning. Raises UploadNotFound."""
    upload = _find_own(app, caller, upload_id)
    with app.database.transaction() as tx:
        if not store.remove_upload(tx, upload.id):
            raise UploadNotFound(upload_id=upload_id)
    return upload


def _find_own(app: App, caller: Caller, upload_id: str) -> Upload:
    """An open upload of the caller, who may still publish there."""
    user_id, _ = caller.identity
    upload = None
    if _UPLOAD_ID.fullmatch(upload_id):
        with app.database.reading() as tx:
            upload = store.find_upload(tx, upload_id, now_ms=app.clock.now_ms())
    if upload is None or upload.user_id != user_id:
        raise UploadNotFound(upload_id=upload_id[:64])
    caller.must("publish", on=upload.name)
    return upload
