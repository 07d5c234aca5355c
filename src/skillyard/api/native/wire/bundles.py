"""Bundles on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.drive.bundle_link import BundleScope
from skillyard.domain.drive.bundles import Bundle
from skillyard.infra.clock import iso
from skillyard.skill.names import SkillName


class CreateBundleBody(BaseModel):
    model_config = example({"scope": "collection", "collection": "reports"}, closed=True)

    scope: BundleScope = "drive"
    collection: Text | None = Field(default=None, description="Whose skills it holds, for the scope `collection`.")
    name: Text | None = Field(default=None, description="`namespace/slug`, for the scope `skill`.")

    @property
    def skill(self) -> SkillName | None:
        return SkillName.parse(self.name) if self.name is not None else None


class BundleOnWire(BaseModel):
    model_config = example(
        {
            "url": f"https://skills.example.org{PREFIX}/bundles/eyJ1c2VyX2lkIjoi….5d4c…",
            "filename": "reports.zip",
            "expires_at": "2026-11-22T07:00:00.000Z",
        }
    )

    url: str = Field(description="GET the zip here, without a token; it is one by itself.")
    filename: str
    expires_at: Time


def show_bundle(bundle: Bundle, address: str) -> BundleOnWire:
    return BundleOnWire(
        url=f"{address}{PREFIX}/bundles/{bundle.link}", filename=bundle.filename, expires_at=iso(bundle.expires_ms)
    )
