"""Upload a skill into a drive with a ticket instead of a token."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile

from skillyard.api.native.wire import tickets as wire
from skillyard.api.surface import AppOf, CallerOf, bearer_token
from skillyard.domain.drive import tickets
from skillyard.domain.drive.handing_errors import UploadFormNotReadable

router = APIRouter(tags=["drive"])

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


@router.post("/drive/tickets", status_code=201, summary="A ticket for one upload")
def mint_ticket(app: AppOf, caller: CallerOf, body: wire.MintTicketBody) -> wire.UploadTicketOnWire:
    """For whoever may publish in the drive's namespace. Good for ten minutes, and once."""
    ticket = tickets.mint_ticket(app, caller, drive=body.drive, collection=body.collection, filename=body.filename)
    return wire.show_ticket(ticket, app.settings.address)


@router.post(wire.UPLOADS, status_code=201, summary="Upload a skill with a ticket", openapi_extra=_FORM)
async def upload_with_ticket(request: Request, app: AppOf) -> wire.UploadedOnWire:
    """The ticket is the bearer token. The skill becomes a private one of the drive, or a new version of it, called as
    its SKILL.md says. A refused upload leaves the ticket as it was.
    """
    secret = bearer_token(request.headers)
    await asyncio.to_thread(tickets.check_ticket, app, secret)
    async with request.form(max_files=1, max_fields=_MOST_OTHER_FIELDS) as form:
        archive = form.get("file")
        if not isinstance(archive, UploadFile):
            raise UploadFormNotReadable
        item = await asyncio.to_thread(tickets.process_upload, app, secret, archive.file)
    return wire.show_uploaded(item)
