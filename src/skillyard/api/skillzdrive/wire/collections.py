"""Collections on the wire: keys, each with the slice of the drive that it sees."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Secret, Text, Time
from skillyard.api.skillzdrive.showing import Showing
from skillyard.api.skillzdrive.wire.fields import CamelBody
from skillyard.api.tank.dialect import skill_uuid
from skillyard.domain.drive.collection import Collection, NewKey
from skillyard.infra.clock import iso

_MOST_SKILLS = 5000
_MOST = 2**31 - 1


class _Limits(CamelBody):
    enabled: bool | None = None
    expires_in_days: int | None = Field(default=None, ge=0, le=_MOST, description="0: never.")
    monthly_execution_quota: int | None = Field(default=None, ge=0, le=_MOST, description="Runs a month; 0: no limit.")
    rate_limit_per_minute: int | None = Field(default=None, ge=0, le=_MOST, description="Requests; 0: no limit.")


class CreateCollectionBody(_Limits):
    name: Text
    skill_slugs: list[Text] | None = Field(
        default=None, max_length=_MOST_SKILLS, description="Left out: all, and the key may manage."
    )
    include_team_skills: bool = True
    include_shared_skills: bool = True
    is_public_marketplace: bool = False


class UpdateCollectionBody(_Limits):
    new_name: Text | None = None
    skill_slugs: list[Text] | None = Field(default=None, max_length=_MOST_SKILLS)
    include_team_skills: bool | None = None
    include_shared_skills: bool | None = None
    is_public_marketplace: bool | None = None


class AddSkillBody(CamelBody):
    skill_slug: Text


class CollectionOnWire(BaseModel):
    id: str
    name: str
    key_prefix: str
    all_skills: bool
    skill_slugs: list[str] | None = Field(description="null: all.")
    allowed_skill_ids: list[str] | None = Field(description="null: all.")
    include_team_skills: bool
    include_shared_skills: bool
    is_public_marketplace: bool
    marketplace_url: str | None
    enabled: bool
    expires_at: Time | None
    monthly_execution_quota: int = Field(description="0: no limit.")
    current_month_usage: int
    rate_limit_per_minute: int = Field(description="0: no limit.")
    created_at: Time


class CollectionsListed(BaseModel):
    collections: list[CollectionOnWire]


class CollectionShown(BaseModel):
    collection: CollectionOnWire


class CollectionCreated(CollectionShown):
    api_key: Secret = Field(description="Shown this once.")


class CollectionDeleted(BaseModel):
    name: str
    deleted: bool


def show_collection(found: Collection, showing: Showing) -> CollectionOnWire:
    names = None if found.skills is None else sorted(found.skills)
    return CollectionOnWire(
        id=found.id,
        name=found.name,
        key_prefix=found.prefix,
        all_skills=names is None,
        skill_slugs=None if names is None else [showing.slugs[name] for name in names],
        allowed_skill_ids=None if names is None else [skill_uuid(name) for name in names],
        include_team_skills=found.include_team,
        include_shared_skills=found.include_shared,
        is_public_marketplace=found.is_public,
        marketplace_url=f"/marketplace/collections/{found.name}.json" if found.is_public else None,
        enabled=found.enabled,
        expires_at=None if found.expires_ms is None else iso(found.expires_ms),
        monthly_execution_quota=found.monthly_quota,
        current_month_usage=found.executions,
        rate_limit_per_minute=found.rate_per_minute,
        created_at=iso(found.created_ms),
    )


def show_created(made: NewKey, showing: Showing) -> CollectionCreated:
    return CollectionCreated(collection=show_collection(made.collection, showing), api_key=made.secret)
