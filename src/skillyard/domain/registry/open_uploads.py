"""Publish in two phases, for clients that name the bytes only when they confirm: whatever arrives is hashed here, and
what the client says of it must be true. Until then nothing is to be seen of the release.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.errors import (
    ContentIsBeingRemoved,
    ReleaseExists,
    SkillRefused,
    UploadAddressNotValid,
    UploadConfirmedBefore,
    UploadDiffers,
    UploadNotFound,
    UploadNotReceived,
)
from skillyard.domain.registry.examine import Examined, examine
from skillyard.domain.registry.model import Published, Upload, Visibility, Wish
from skillyard.domain.registry.publish import store_release
from skillyard.domain.registry.store import releases, removals
from skillyard.domain.registry.store import uploads as store
from skillyard.infra.ids import new_id
from skillyard.skill.announced import Announced, read_announced
from skillyard.skill.digest import read_digests
from skillyard.skill.escalation import check_escalation
from skillyard.skill.faults import Fault
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import read_permissions

_LIFE_MS = 3600 * 1000
_PURPOSE = "open upload"
_UPLOAD_ID = re.compile(r"upl_[0-9a-z]{26}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a client says of the archive that it has uploaded; `sha512` as in `integrity` attributes.

    `size_bytes` may be the archive's size or the sum of its files'.
    """

    sha512: str
    files_count: int
    size_bytes: int


def start_open_upload(app: App, caller: Caller, manifest: Mapping[str, Any]) -> Upload:
    """A ticket for one archive of the version that the manifest names, which may come later than an hour from now.

    Raises SkillRefused, whose faults have a `field`, NamespaceNotFound, RoleTooLow, or ReleaseExists.
    """
    user_id, _ = caller.identity
    announced = read_announced(manifest)
    _refuse(manifest, announced.faults)
    assert announced.name is not None, "else there was a fault"
    assert announced.version is not None, "as above"
    caller.must("publish", on=str(announced.name))
    _check_against_history(app, announced, announced.name, announced.version)
    now_ms = app.clock.now_ms()
    upload = Upload(
        id=new_id("upl"),
        name=str(announced.name),
        user_id=user_id,
        sha256="",
        size_bytes=0,
        visibility=Visibility(announced.visibility) if announced.visibility else None,
        channel=None,
        version=announced.version,
        created_ms=now_ms,
        expires_ms=now_ms + _LIFE_MS,
    )
    with app.database.transaction() as tx:
        store.add_upload(tx, upload)
    return upload


def sign_open_upload(app: App, upload: Upload) -> str:
    """The signature that lets its holder put an archive for this ticket, and nothing else, until it expires."""
    return app.signer.sign(_PURPOSE, upload.id, upload.expires_ms)


def check_upload_address(app: App, *, upload_id: str, expires_ms: int, signature: str) -> None:
    """To be asked before a stranger's bytes are read. Raises UploadAddressNotValid."""
    is_valid = app.signer.is_valid(signature, _PURPOSE, upload_id, expires_ms)
    if not is_valid or expires_ms <= app.clock.now_ms():
        raise UploadAddressNotValid


def put_open_upload(app: App, *, upload_id: str, expires_ms: int, signature: str, source: BinaryIO) -> None:
    """Take an archive, also again in place of the one before, until the ticket is used.

    Raises UploadAddressNotValid, UploadNotFound, or SkillRefused when there is nothing or too much.
    """
    check_upload_address(app, upload_id=upload_id, expires_ms=expires_ms, signature=signature)
    now_ms = app.clock.now_ms()
    found = read_digests(source)
    source.seek(0)
    with app.database.reading() as tx:
        upload = store.find_upload(tx, upload_id, now_ms=now_ms)
    if upload is None:
        raise UploadNotFound(upload_id=upload_id)
    faults = rules.check_announced(found.sha256, found.size_bytes, most_bytes=app.archive_limits.max_archive_bytes)
    rules.refuse(SkillName.parse(upload.name), faults)
    _claim_content(app, upload_id, found.sha256, found.size_bytes)
    app.blobs.put(found.sha256, source, found.size_bytes)
    with app.database.transaction(durable=False) as tx:  # lost in a power cut: the bytes are asked for once more
        if not store.set_received(tx, upload_id, sha256=found.sha256, now_ms=app.clock.now_ms()):
            raise UploadNotFound(upload_id=upload_id)


def confirm_open_upload(app: App, caller: Caller, *, upload_id: str, claim: Claim) -> Published:
    """Publish what was uploaded, once, if it is what the client says. What is refused may be put right and tried again.

    Raises UploadNotFound, UploadConfirmedBefore, UploadNotReceived, UploadDiffers and all that `publish` raises.
    """
    upload = _find_own(app, caller, upload_id)
    if upload.received_ms is None:
        raise UploadNotReceived(upload_id=upload_id)
    name = SkillName.parse(upload.name)
    wish = Wish(name=name, visibility=upload.visibility, channel=upload.channel, version=upload.version)
    with app.blobs.open(upload.sha256) as source:
        examined = examine(app, caller, wish, source, sha256=upload.sha256)
    _check_claim(claim, examined)
    rules.refuse(name, examined.faults)
    return store_release(app, caller, wish, examined, upload_id=upload.id)


def _find_own(app: App, caller: Caller, upload_id: str) -> Upload:
    """An upload of the caller that can be used, who may still publish there."""
    user_id, _ = caller.identity
    upload, is_confirmed = None, False
    if _UPLOAD_ID.fullmatch(upload_id):
        with app.database.reading() as tx:
            upload = store.find_upload(tx, upload_id, now_ms=app.clock.now_ms())
            is_confirmed = upload is None and store.is_confirmed(tx, upload_id, user_id)
    if is_confirmed:
        raise UploadConfirmedBefore
    if upload is None or upload.user_id != user_id:
        raise UploadNotFound(upload_id=upload_id[:64])
    caller.must("publish", on=upload.name)
    return upload


def _claim_content(app: App, upload_id: str, sha256: str, size_bytes: int) -> None:
    """Refer to the content before it is stored, so that it is not cleaned away in between."""
    with app.database.transaction(durable=False) as tx:
        if not removals.may_refer_to(tx, sha256):
            raise ContentIsBeingRemoved(retry_after_s=1)
        if not store.set_content(tx, upload_id, sha256=sha256, size_bytes=size_bytes, now_ms=app.clock.now_ms()):
            raise UploadNotFound(upload_id=upload_id)


def _check_claim(claim: Claim, examined: Examined) -> None:
    archive = examined.archive
    wrong = []
    if claim.sha512 != archive.sha512:
        wrong.append(f"integrity is {claim.sha512[:120]!a}, but the bytes that arrived hash to {archive.sha512}")
    if examined.files:
        unpacked_bytes = sum(file.size_bytes for file in examined.files)
        if claim.files_count != len(examined.files):
            wrong.append(f"fileCount is {claim.files_count}, but the archive holds {len(examined.files)} files")
        if claim.size_bytes not in (archive.size_bytes, unpacked_bytes):
            sizes = f"the archive has {archive.size_bytes} bytes and its files {unpacked_bytes}"
            wrong.append(f"tarballSize is {claim.size_bytes}, but {sizes}")
    if wrong:
        faults = [Fault(code="upload_differs", message=text, hint="Upload and confirm once more.") for text in wrong]
        raise UploadDiffers(first="; ".join(wrong), faults=[asdict(fault) for fault in faults])


def _check_against_history(app: App, announced: Announced, name: SkillName, version: str) -> None:
    """What can be refused before the archive comes. That is looked at again, by what it really says."""
    with app.database.reading() as tx:
        digest = releases.find_digest(tx, name, version)
        before = releases.find_before(tx, name, rules.order_key(version))
    if digest:
        raise ReleaseExists(name=str(name), version=version, digest=digest, identical=None, content="its own")
    if before:
        may = read_permissions(before[1])[0]
        rules.refuse(name, check_escalation(before[0], may, version, announced.permissions))


def _refuse(manifest: Mapping[str, Any], faults: Mapping[str, tuple[Fault, ...]]) -> None:
    errors = [fault for found in faults.values() for fault in found if fault.severity == "error"]
    if errors:
        listed = [asdict(fault) | {"field": field} for field, found in faults.items() for fault in found]
        name = str(manifest.get("name") or "The skill")[:64]
        raise SkillRefused(faults=listed, name=name, first=errors[0].message, count=len(errors))
