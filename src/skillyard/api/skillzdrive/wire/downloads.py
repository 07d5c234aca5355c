"""Bundles on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time
from skillyard.api.skillzdrive.wire.fields import CamelBody
from skillyard.domain.drive.bundles import Bundle
from skillyard.infra.clock import iso


class DownloadBody(CamelBody):
    scope: Literal["drive", "collection", "skill"] = "drive"
    collection_name: Text | None = None
    skill_slug: Text | None = None


class DownloadShown(BaseModel):
    url: str = Field(description="Of the zip; good for 24 hours, without a key.")
    filename: str
    expires_at: Time


def show_bundle(bundle: Bundle, url: str) -> DownloadShown:
    return DownloadShown(url=url, filename=bundle.filename, expires_at=iso(bundle.expires_ms))
