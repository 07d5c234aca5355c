"""Skills on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.api.native.wire.releases import (
    SUMMARY_EXAMPLE,
    DeprecationOnWire,
    ReleaseSummaryOnWire,
    show_deprecation,
    show_summary,
)
from skillyard.domain.registry.model import Skill, SkillPage, Visibility
from skillyard.domain.registry.search import Found, FoundPage
from skillyard.domain.registry.trust import Status
from skillyard.infra.clock import iso

SKILL_EXAMPLE: dict[str, Any] = {
    "namespace": "acme",
    "slug": "pdf",
    "name": "acme/pdf",
    "description": "Reads and writes PDF files.",
    "visibility": "public",
    "latest_version": "1.4.0",
    "tags": ["pdf", "documents"],
    "updated_at": "2026-11-21T07:00:00.000Z",
    "created_at": "2026-10-01T07:00:00.000Z",
    "downloads": {"total": 1200, "last_week": 40, "last_month": 180},
    "deprecated": None,
    "status": "listed",
    "is_for_sale": False,
    "is_sealed": False,
}
_FOUND = {**SKILL_EXAMPLE, "score": 9.5}
_SKILL = {
    **SKILL_EXAMPLE,
    "readme": "# How to use it",
    "channels": {"latest": "1.4.0", "next": "2.0.0-rc.1"},
    "license": "MIT",
    "homepage": "https://example.org/pdf",
    "compatibility": None,
    "versions_count": 7,
    "latest": SUMMARY_EXAMPLE,
}


class DownloadsOnWire(BaseModel):
    total: int
    last_week: int
    last_month: int


class SkillSummaryOnWire(BaseModel):
    namespace: str
    slug: str
    name: str
    description: str
    visibility: Visibility
    latest_version: str | None = Field(description="None when no release is on offer.")
    tags: list[str]
    updated_at: Time
    created_at: Time
    downloads: DownloadsOnWire = Field(description="Each client counts once per release and day.")
    deprecated: DeprecationOnWire | None
    status: Status | None = Field(description="Of the latest version; None when none is on offer.")
    is_for_sale: bool = Field(description="Whether its content must be bought.")
    is_sealed: bool = Field(description="Whether it is invoked, and its files are for members only.")


class FoundSkillOnWire(SkillSummaryOnWire):
    model_config = example(_FOUND)

    score: float = Field(description="How well it fits; only comparable within one search.")


class SkillsPage(BaseModel):
    model_config = example({"items": [_FOUND], "next_cursor": None, "total": 1})

    items: list[FoundSkillOnWire]
    next_cursor: str | None
    total: int


class SkillOnWire(SkillSummaryOnWire):
    model_config = example(_SKILL)

    readme: str = Field(description="Of the latest release.")
    channels: dict[str, str] = Field(description="Channel → version.")
    license: str | None
    homepage: str | None
    compatibility: str | None
    versions_count: int
    latest: ReleaseSummaryOnWire | None


class UpdateSkillBody(BaseModel):
    model_config = example({"visibility": "private"}, closed=True)

    visibility: Visibility


class SetChannelBody(BaseModel):
    model_config = example({"version": "1.4.0"}, closed=True)

    version: Text


def show_skill(page: SkillPage, address: str) -> SkillOnWire:
    latest = page.latest
    return SkillOnWire(
        **_summary(page.skill),
        readme=latest.readme if latest else "",
        channels=dict(page.channels),
        license=latest.license if latest else None,
        homepage=latest.homepage if latest else None,
        compatibility=page.skill.compatibility,
        versions_count=page.versions_count,
        latest=show_summary(latest, address) if latest else None,
    )


def show_listed_skill(skill: Skill) -> SkillSummaryOnWire:
    return SkillSummaryOnWire(**_summary(skill))


def show_found_page(page: FoundPage) -> SkillsPage:
    return SkillsPage(
        items=[_show_found(found) for found in page.items], next_cursor=page.next_cursor, total=page.total
    )


def _show_found(found: Found) -> FoundSkillOnWire:
    return FoundSkillOnWire(**_summary(found.skill), score=round(found.score, 3))


def _summary(skill: Skill) -> dict[str, Any]:
    return {
        "namespace": skill.namespace,
        "slug": skill.slug,
        "name": skill.name,
        "description": skill.description,
        "visibility": skill.visibility,
        "latest_version": skill.latest_version,
        "tags": list(skill.tags),
        "updated_at": iso(skill.updated_ms),
        "created_at": iso(skill.created_ms),
        "downloads": DownloadsOnWire(
            total=skill.downloads.total, last_week=skill.downloads.last_week, last_month=skill.downloads.last_month
        ),
        "deprecated": show_deprecation(skill.deprecated),
        "status": skill.status,
        "is_for_sale": skill.is_for_sale,
        "is_sealed": skill.is_sealed,
    }
