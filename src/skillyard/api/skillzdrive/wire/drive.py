"""The drive on the wire: what is in it, and versions that it may move to."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text
from skillyard.api.skillzdrive.showing import Showing
from skillyard.api.skillzdrive.wire.fields import CamelBody
from skillyard.api.skillzdrive.wire.skills import SkillOnWire, show_skill
from skillyard.domain.drive.grades import Grade, grade_of
from skillyard.domain.drive.model import DriveItem, ItemRequest, Reached, ReachedBy, Update, Via
from skillyard.domain.registry.model import Release, Skill
from skillyard.infra.money import Asset, show_amount


class ImportBody(CamelBody):
    skill_slug: str = Field(min_length=1, max_length=2000, description="A slug, or a GitHub address.")
    as_slug: Text | None = Field(default=None, description="What to call it, from an address.")
    drive: Text | None = Field(default=None, description="The team whose drive it is for; your own when left out.")


class DriveSkill(SkillOnWire):
    enabled: bool
    pinned: bool
    source: ReachedBy = Field(description="Whose drive it comes from: your own, a team's, or shared with you.")
    drive: str
    imported_from: Via


class DriveListed(BaseModel):
    skills: list[DriveSkill]
    total: int


class Imported(BaseModel):
    status: Literal["imported", "requested"]
    skill: DriveSkill | None = None
    security_grade: Grade | None = None
    request_id: str | None = Field(default=None, description="Of what a team's maintainers have to decide.")


class Removed(BaseModel):
    slug: str
    removed: bool


class Toggled(BaseModel):
    slug: str
    enabled: bool


class PriceOnWire(BaseModel):
    amount: str
    asset: Asset


class UpdateOnWire(BaseModel):
    slug: str
    current_version: int | None
    current_semver: str
    new_version: int | None
    new_semver: str
    credits_required: int = Field(description="What accepting it costs in credits, of those that one has.")
    needs_purchase: bool = Field(description="Whether it must be bought first, for one of `prices`.")
    prices: list[PriceOnWire]
    is_withdrawn: bool = Field(description="Whether what the drive has is not handed out any more.")
    upstream: str | None = Field(description="Of a fork: the skill that it is an update of.")


class Updates(BaseModel):
    updates: list[UpdateOnWire]


class Decided(BaseModel):
    slug: str
    version: int | None
    semver: str
    credits_charged: int
    dismissed_semver: str | None = None


def show_drive_skill(skill: Skill, one: Reached, showing: Showing) -> DriveSkill:
    item = one.item
    return DriveSkill(
        **show_skill(skill, showing, item.version).model_dump(),
        enabled=item.enabled,
        pinned=item.pinned,
        source=one.via,
        drive=item.drive,
        imported_from=item.via,
    )


def show_imported(skill: Skill, item: DriveItem, release: Release, showing: Showing) -> Imported:
    via: ReachedBy = "personal" if item.drive == item.added_by else "team"
    shown = show_drive_skill(skill, Reached(name=item.name, item=item, via=via), showing)
    return Imported(status="imported", skill=shown, security_grade=grade_of(release.verdict, release.score))


def show_requested(request: ItemRequest) -> Imported:
    return Imported(status="requested", request_id=request.id)


def show_update(update: Update, showing: Showing) -> UpdateOnWire:
    return UpdateOnWire(
        slug=showing.slugs[update.item.name],
        current_version=showing.number(update.name, update.held),
        current_semver=update.held,
        new_version=showing.number(update.name, update.version),
        new_semver=update.version,
        credits_required=0,
        needs_purchase=update.needs_purchase,
        prices=[PriceOnWire(amount=show_amount(one.amount, one.asset), asset=one.asset) for one in update.prices],
        is_withdrawn=update.is_withdrawn,
        upstream=showing.slugs[update.name] if update.is_upstream else None,
    )


def show_decided(item: DriveItem, showing: Showing, *, dismissed: str | None = None) -> Decided:
    return Decided(
        slug=showing.slugs[item.name],
        version=showing.number(item.name, item.version),
        semver=item.version,
        credits_charged=0,
        dismissed_semver=dismissed,
    )
