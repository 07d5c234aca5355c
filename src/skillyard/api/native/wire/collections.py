"""Collections on the wire: what their keys see, and a key itself only when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.drive.collection import Collection, NewKey
from skillyard.domain.drive.collection_rules import MOST_COUNTED, MOST_DAYS, MOST_SKILLS
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.names import SkillName

_NOW = "2026-11-21T07:00:00.000Z"
_COLLECTION: dict[str, Any] = {
    "id": "col_01k0000000000000000000000a",
    "name": "acme-user-42",
    "key_prefix": "sk_live_3pXq9Zab",
    "scopes": ["read", "run"],
    "skills": ["acme/docx-to-pdf", "acme/pdf"],
    "include_team": True,
    "include_shared": True,
    "is_public": False,
    "enabled": True,
    "monthly_quota": 1000,
    "executions_this_month": 17,
    "rate_per_minute": 60,
    "created_at": _NOW,
    "updated_at": _NOW,
    "expires_at": None,
    "last_used_at": None,
}
_KEY = "sk_live_3pXq9Zab…"

Skills = Annotated[list[Text], Field(max_length=MOST_SKILLS)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS, description="0: it does not expire.")]
Quota = Annotated[int, Field(ge=0, le=MOST_COUNTED, description="Runs and invocations in a month; 0: no limit.")]
Rate = Annotated[int, Field(ge=0, le=MOST_COUNTED, description="Requests in a minute; 0: no limit.")]
Public = Annotated[bool, Field(description="Everybody may read which public skills are in it.")]


class CollectionOnWire(BaseModel):
    model_config = example(_COLLECTION)

    id: str
    name: str
    key_prefix: str = Field(description="As much of its key as may be shown.")
    scopes: list[Scope] = Field(description="What its key is good for; of one for some skills only to read and run.")
    skills: list[str] | None = Field(description="null: all that you have. Those that left your drive are not reached.")
    include_team: bool
    include_shared: bool
    is_public: bool
    enabled: bool
    monthly_quota: int
    executions_this_month: int
    rate_per_minute: int
    created_at: Time
    updated_at: Time
    expires_at: Time | None
    last_used_at: Time | None


class CollectionsPage(BaseModel):
    model_config = example({"items": [_COLLECTION], "next_cursor": None})

    items: list[CollectionOnWire]
    next_cursor: str | None


class NewKeyOnWire(BaseModel):
    model_config = example({"key": _KEY, "collection": _COLLECTION})

    key: str = Field(description="It is not kept: note it now.")
    collection: CollectionOnWire


class CreateCollectionBody(BaseModel):
    model_config = example({"name": "acme-user-42", "skills": ["acme/pdf"], "monthly_quota": 1000}, closed=True)

    name: Text = Field(description="1 to 64 letters, digits, dots, hyphens and underscores.")
    skills: Skills | None = Field(default=None, description="Absent: all that you have; then its key may manage, too.")
    include_team: bool = True
    include_shared: bool = True
    is_public: Public = False
    expires_in_days: Days = 0
    monthly_quota: Quota = 0
    rate_per_minute: Rate = 0


class UpdateCollectionBody(BaseModel):
    model_config = example({"new_name": "acme-user-43", "is_public": True}, closed=True)

    new_name: Text | None = None
    skills: Skills | None = Field(default=None, description="In place of those that there are.")
    include_team: bool | None = None
    include_shared: bool | None = None
    is_public: Public | None = None
    enabled: bool | None = None
    expires_in_days: Days | None = None
    monthly_quota: Quota | None = None
    rate_per_minute: Rate | None = None


class DeletedCollection(BaseModel):
    model_config = example({"deleted": True, "details": _COLLECTION})

    deleted: bool = True
    details: CollectionOnWire


def read_names(names: Sequence[str] | None) -> list[SkillName] | None:
    """Raises SkillError with the faults of all that are none."""
    if names is None:
        return None
    read, faults = list[SkillName](), list[Fault]()
    for name in names:
        try:
            read.append(SkillName.parse(name))
        except SkillError as error:
            faults += error.faults
    if faults:
        raise SkillError(faults)
    return read


def show_collection(one: Collection) -> CollectionOnWire:
    return CollectionOnWire(
        id=one.id,
        name=one.name,
        key_prefix=one.prefix,
        scopes=sorted(one.key_scopes),
        skills=None if one.skills is None else sorted(one.skills),
        include_team=one.include_team,
        include_shared=one.include_shared,
        is_public=one.is_public,
        enabled=one.enabled,
        monthly_quota=one.monthly_quota,
        executions_this_month=one.executions,
        rate_per_minute=one.rate_per_minute,
        created_at=iso(one.created_ms),
        updated_at=iso(one.updated_ms),
        expires_at=_time(one.expires_ms),
        last_used_at=_time(one.last_used_ms),
    )


def show_collections(page: Page[Collection]) -> CollectionsPage:
    return CollectionsPage(items=[show_collection(one) for one in page.items], next_cursor=page.next_cursor)


def show_new_key(new: NewKey) -> NewKeyOnWire:
    return NewKeyOnWire(key=new.secret, collection=show_collection(new.collection))


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
