"""Publish in two phases: a ticket, the bytes to a signed address, a confirmation."""

from __future__ import annotations

import asyncio
import tempfile
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Query, Request

from skillyard.api.native.wire import uploads as wire
from skillyard.api.native.wire.releases import PublishedOnWire, show_published
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.market.follow import look_at_skill
from skillyard.domain.registry import uploads
from skillyard.domain.registry.model import Wish
from skillyard.skill.names import SkillName

router = APIRouter(tags=["uploads"])

_IN_MEMORY_BYTES = 1024 * 1024
_LATEST_MS = 2**53
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/skills/{namespace}/{slug}/uploads", status_code=201, summary="Start an upload")
def start_upload(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.StartUploadBody
) -> wire.TicketOnWire:
    """For maintainers. The address is good for the announced bytes only, and for some minutes."""
    wish = Wish(name=SkillName(namespace, slug), visibility=body.visibility, channel=body.channel, version=body.version)
    upload = uploads.start_upload(app, caller, wish, sha256=body.sha256, size_bytes=body.size_bytes)
    return wire.show_ticket(upload, uploads.sign_upload(app, upload), app.settings.address)


@router.put("/uploads/{upload_id}", summary="Upload the bytes", openapi_extra=_BODY)
async def put_upload(
    request: Request,
    app: AppOf,
    upload_id: str,
    expires: Annotated[int, Query(ge=0, le=_LATEST_MS)],
    signature: Annotated[str, Query(max_length=200)],
) -> wire.UploadOnWire:
    """To the address that startUpload has given out, without a token. The same bytes may be sent again."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
        async for chunk in request.stream():
            body.write(chunk)
        body.seek(0)
        upload = await asyncio.to_thread(
            uploads.put_upload,
            app,
            upload_id=upload_id,
            expires_ms=expires,
            signature=signature,
            source=cast(BinaryIO, body),
        )
    return wire.show_upload(upload)


@router.post("/uploads/{upload_id}/confirm", status_code=201, summary="Publish what was uploaded")
def confirm_upload(app: AppOf, caller: CallerOf, upload_id: str) -> PublishedOnWire:
    """Answers as publishRelease does. A ticket can be used once."""
    published = uploads.confirm_upload(app, caller, upload_id=upload_id)
    look_at_skill(app, SkillName.parse(published.release.name))
    return show_published(published, app.settings.address)


@router.delete("/uploads/{upload_id}", summary="Abandon an upload")
def abandon_upload(app: AppOf, caller: CallerOf, upload_id: str) -> wire.UploadOnWire:
    """What was uploaded is removed in time."""
    return wire.show_upload(uploads.abandon_upload(app, caller, upload_id=upload_id))
