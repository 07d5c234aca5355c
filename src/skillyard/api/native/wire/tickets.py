"""Upload tickets on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.wire.fields import Secret, Text, Time, example
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.tickets import Ticket
from skillyard.domain.drive.upload_script import upload_script
from skillyard.infra.clock import iso

UPLOADS = "/drive/uploads"


class MintTicketBody(BaseModel):
    model_config = example({"collection": "reports", "filename": "pdf.zip"}, closed=True)

    drive: Text | None = Field(default=None, description="The namespace whose drive it is; yours when left out.")
    collection: Text | None = Field(default=None, description="What is uploaded becomes part of it, too.")
    filename: Text | None = Field(default=None, description="What `script` uploads unless it is told otherwise.")


class UploadTicketOnWire(BaseModel):
    model_config = example(
        {
            "ticket": "sky_ut_…",
            "upload_url": f"https://skills.example.org{PREFIX}{UPLOADS}",
            "expires_at": "2026-11-21T07:10:00.000Z",
            "script": "#!/usr/bin/env bash\n…",
        }
    )

    ticket: Secret = Field(description="A bearer token for one upload. Shown this once.")
    upload_url: str = Field(description="POST the archive here, as `file` of a form.")
    expires_at: Time
    script: str = Field(description="For bash: does the upload. Holds the ticket.")


class UploadedOnWire(BaseModel):
    model_config = example({"drive": "ada", "name": "ada/pdf", "version": "0.1.1"})

    drive: str
    name: str
    version: str


def show_ticket(ticket: Ticket, address: str) -> UploadTicketOnWire:
    url = f"{address}{PREFIX}{UPLOADS}"
    return UploadTicketOnWire(
        ticket=ticket.secret,
        upload_url=url,
        expires_at=iso(ticket.expires_ms),
        script=upload_script(address=url, secret=ticket.secret, filename=ticket.filename),
    )


def show_uploaded(item: DriveItem) -> UploadedOnWire:
    return UploadedOnWire(drive=item.drive, name=item.name, version=item.version)
