"""Uploads in two phases on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.addresses import upload_url
from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.registry.model import Upload, Visibility
from skillyard.infra.clock import iso

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ID = "upl_01jd0000000000000000000000"


class StartUploadBody(BaseModel):
    model_config = example({"sha256": _SHA256, "size_bytes": 5120, "channel": "next"}, closed=True)

    sha256: Text = Field(description="Of the archive, in lower-case hex.")
    size_bytes: int
    visibility: Visibility | None = None
    channel: Text | None = None
    version: Text | None = None


class TicketOnWire(BaseModel):
    model_config = example(
        {
            "upload_id": _ID,
            "upload_url": f"https://skills.example.org/api/v1/uploads/{_ID}?expires=1795244400000&signature=5d4c…",
            "expires_at": "2026-11-21T07:15:00.000Z",
        }
    )

    upload_id: str
    upload_url: str = Field(description="PUT the bytes here, without a token; it is one by itself.")
    expires_at: Time


class UploadOnWire(BaseModel):
    model_config = example({"sha256": _SHA256, "size_bytes": 5120})

    sha256: str
    size_bytes: int


def show_ticket(upload: Upload, signature: str, address: str) -> TicketOnWire:
    return TicketOnWire(
        upload_id=upload.id,
        upload_url=upload_url(address, upload.id, upload.expires_ms, signature),
        expires_at=iso(upload.expires_ms),
    )


def show_upload(upload: Upload) -> UploadOnWire:
    return UploadOnWire(sha256=upload.sha256, size_bytes=upload.size_bytes)
