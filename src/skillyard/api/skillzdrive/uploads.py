"""Uploads with a ticket, as shells and browsers do them."""

from __future__ import annotations

import asyncio
from typing import Any, BinaryIO

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile

from skillyard.api.skillzdrive.addresses import API, MOUNT, UPLOADS
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.showing import look_up
from skillyard.api.skillzdrive.wire import uploads as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf, bearer_token
from skillyard.app import App
from skillyard.domain.drive import tickets
from skillyard.domain.drive.handing_errors import UploadFormNotReadable

router, open_router = signed_router("uploads"), APIRouter(tags=["uploads"])

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
_MOST_OTHER_FIELDS = 5


@router.post(f"{API}/uploads/ticket", summary="A ticket for one upload")
def create_upload_ticket(app: AppOf, caller: SignedIn, body: wire.TicketBody) -> Data[wire.TicketShown]:
    """Good for ten minutes, and once; with a script for bash that does the upload."""
    ticket = tickets.mint_ticket(app, caller, collection=body.collection_name, filename=body.filename)
    return Data(data=wire.show_ticket(ticket, _url(app)))


@router.get(f"{API}/uploads/url", summary="Where to upload")
def get_upload_url(app: AppOf, caller: SignedIn) -> Data[wire.UploadUrl]:  # noqa: ARG001 (for those with a key)
    """The same for every ticket."""
    return Data(data=wire.UploadUrl(upload_url=_url(app)))


@open_router.post(UPLOADS, summary="Upload a skill with a ticket", openapi_extra=_FORM)
async def process_skill(request: Request, app: AppOf) -> Data[wire.Uploaded]:
    """The ticket is the bearer token. The skill becomes a private one of the drive, or a new version of it. A refused
    upload leaves the ticket as it was.
    """
    secret = bearer_token(request.headers)
    await asyncio.to_thread(tickets.check_ticket, app, secret)
    async with request.form(max_files=1, max_fields=_MOST_OTHER_FIELDS) as form:
        archive = form.get("file")
        if not isinstance(archive, UploadFile):
            raise UploadFormNotReadable
        return await asyncio.to_thread(_process, app, secret, archive.file)


def _process(app: App, secret: str | None, archive: BinaryIO) -> Data[wire.Uploaded]:
    item = tickets.process_upload(app, secret, archive)
    return Data(data=wire.show_uploaded(item, look_up(app, [item.name])))


def _url(app: App) -> str:
    return f"{app.settings.address}{MOUNT}{UPLOADS}"
