"""Uploads on the wire: tickets, and what became of an archive."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Secret, Text, Time
from skillyard.api.skillzdrive.showing import Showing
from skillyard.api.skillzdrive.wire.fields import CamelBody
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.tickets import Ticket
from skillyard.domain.drive.upload_script import upload_script
from skillyard.infra.clock import iso


class TicketBody(CamelBody):
    collection_name: Text | None = Field(default=None, description="The collection that gets the skill, too.")
    filename: Text | None = None


class TicketShown(BaseModel):
    ticket: Secret = Field(description="The bearer token of one upload. Shown this once.")
    upload_url: str
    expires_at: Time
    script: str = Field(description="For bash: does the upload. Holds the ticket.")


class UploadUrl(BaseModel):
    upload_url: str


class Uploaded(BaseModel):
    """The private skill that the archive became."""

    slug: str
    full_name: str
    version: int | None
    semver: str
    drive: str


def show_ticket(ticket: Ticket, url: str) -> TicketShown:
    script = upload_script(address=url, secret=ticket.secret, filename=ticket.filename)
    return TicketShown(ticket=ticket.secret, upload_url=url, expires_at=iso(ticket.expires_ms), script=script)


def show_uploaded(item: DriveItem, showing: Showing) -> Uploaded:
    return Uploaded(
        slug=showing.slugs[item.name],
        full_name=item.name,
        version=showing.number(item.name, item.version),
        semver=item.version,
        drive=item.drive,
    )
