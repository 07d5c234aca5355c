"""Publish as Tank's clients do: a manifest for a signed address, the tarball to it, a confirmation that is checked."""

from __future__ import annotations

import asyncio
import tempfile
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Query, Request

from skillyard.api.surface import AppOf, CallerOf
from skillyard.api.tank import wire
from skillyard.api.tank.addresses import base_url
from skillyard.api.tank.dialect import read_uuid
from skillyard.domain.registry import open_uploads
from skillyard.domain.registry.open_uploads import Claim

router = APIRouter(tags=["publish"])

_IN_MEMORY_BYTES = 1024 * 1024
LATEST_MS = 2**53
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/skills", summary="Start to publish a version")
def start_publish(app: AppOf, caller: CallerOf, body: wire.PublishBody) -> wire.StartedPublish:
    """Nothing is to be seen of the version until it is confirmed. The text and the list of files come from the tarball,
    whatever is said here.
    """
    upload = open_uploads.start_open_upload(app, caller, body.manifest)
    return wire.show_ticket(upload, wire.upload_url(base_url(app), upload, open_uploads.sign_open_upload(app, upload)))


@router.put("/uploads/{version_id}", summary="Upload the tarball", openapi_extra=_BODY)
async def upload_tarball(
    request: Request,
    app: AppOf,
    version_id: str,
    expires: Annotated[int, Query(ge=0, le=LATEST_MS)],
    signature: Annotated[str, Query(max_length=200)],
) -> wire.Success:
    """To the address that was given out, without a token. Until it is confirmed, another one takes its place."""
    upload_id = read_uuid(version_id, "upl")
    open_uploads.check_upload_address(app, upload_id=upload_id, expires_ms=expires, signature=signature)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
        async for chunk in request.stream():
            body.write(chunk)
        body.seek(0)
        await asyncio.to_thread(
            open_uploads.put_open_upload,
            app,
            upload_id=upload_id,
            expires_ms=expires,
            signature=signature,
            source=cast(BinaryIO, body),
        )
    return wire.Success()


@router.post("/skills/confirm", summary="Publish what was uploaded")
def confirm_publish(app: AppOf, caller: CallerOf, body: wire.ConfirmBody) -> wire.Confirmed:
    """Looks at the tarball, scans it, and publishes the version, if all that is said of it is true. What is refused can
    be uploaded and confirmed again.
    """
    claim = Claim(sha512=body.integrity, files_count=body.fileCount, size_bytes=body.tarballSize)
    published = open_uploads.confirm_open_upload(app, caller, upload_id=read_uuid(body.versionId, "upl"), claim=claim)
    return wire.show_confirmed(published)
