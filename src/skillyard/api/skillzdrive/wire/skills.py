"""Skills on the wire: one flat space of slugs, versions as numbers, our own names and versions beside them."""

from __future__ import annotations

import base64
from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Time
from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.showing import Showing
from skillyard.api.tank.dialect import skill_uuid
from skillyard.domain.drive import discover as found
from skillyard.domain.drive.grades import Grade, grade_of
from skillyard.domain.market.uses import RankedSkill
from skillyard.domain.registry.model import Release, Skill
from skillyard.domain.registry.public_zips import PublicZip
from skillyard.infra.clock import iso
from skillyard.skill.scripts import list_scripts

Category = Literal["public", "unlisted", "private"]


class SkillOnWire(BaseModel):
    id: str
    slug: str
    name: str
    description: str
    tags: list[str]
    version: int | None = Field(description="Which release it is, from 1; null where none is on offer.")
    github_url: str | None = Field(description="Where it was imported from.")
    category: Category
    semver: str | None = Field(description="The version as we have it.")
    full_name: str = Field(description="Namespace and name, as we have it.")
    downloads: int
    is_for_sale: bool
    updated_at: Time


class DownloadOnWire(BaseModel):
    content_sha: str
    content_size: int
    version: int
    url: str


class SkillsFound(BaseModel):
    skills: list[SkillOnWire]
    total: int


class OneSkill(SkillOnWire):
    security_grade: Grade | None = None
    license: str | None = None
    credit_cost_per_use: int = Field(default=0, description="What a run of its scripts costs.")


class SkillShown(BaseModel):
    skill: OneSkill
    download: DownloadOnWire | None = None


class ScriptOnWire(BaseModel):
    name: str
    path: str
    size_bytes: int


class Scripts(BaseModel):
    slug: str
    version: int
    semver: str
    scripts: list[ScriptOnWire]


class FileShown(BaseModel):
    path: str
    size_bytes: int
    encoding: Literal["utf-8", "base64"]
    content: str


class DiscoveredSkill(SkillOnWire):
    source: Literal["marketplace", "github"]


class DiscoveredPage(BaseModel):
    skills: list[DiscoveredSkill]
    total: int
    offset: int
    next_offset: int | None


class RankedOnWire(SkillOnWire):
    rank: int
    executions: int
    installs: int
    rating: float | None = Field(description="Stars, of five.")
    ratings: int


class Leaderboard(BaseModel):
    sort_by: str
    skills: list[RankedOnWire]


def show_skill(skill: Skill, showing: Showing, version: str | None = None) -> SkillOnWire:
    """`version`: the one that is meant, where that is not the latest."""
    return SkillOnWire(**_facts(skill, showing, version or skill.latest_version))


def show_one(skill: Skill, release: Release | None, zip: PublicZip | None, showing: Showing) -> SkillShown:
    """`release`: the latest; None when none is on offer."""
    facts = _facts(skill, showing, release.version if release else None)
    if release is None:
        return SkillShown(skill=OneSkill(**facts))
    one = OneSkill(
        **facts,
        security_grade=grade_of(release.verdict, release.score),
        license=release.license,
        credit_cost_per_use=release.credits_per_run,
    )
    return SkillShown(skill=one, download=_show_download(zip, showing) if zip else None)


def show_discovered(page: found.DiscoveredPage, showing: Showing) -> DiscoveredPage:
    skills = [
        DiscoveredSkill(
            **_facts(one.skill, showing, one.skill.latest_version), source="github" if one.origin else "marketplace"
        )
        for one in page.items
    ]
    end = page.offset + len(page.items)
    more = end if page.items and end < page.total else None
    return DiscoveredPage(skills=skills, total=page.total, offset=page.offset, next_offset=more)


def show_ranked(one: RankedSkill, showing: Showing) -> RankedOnWire:
    return RankedOnWire(
        **_facts(one.skill, showing, one.skill.latest_version),
        rank=one.rank,
        executions=one.executions,
        installs=one.installs,
        rating=None if one.rating is None else one.rating / 100,
        ratings=one.ratings,
    )


def _show_download(zip: PublicZip, showing: Showing) -> DownloadOnWire:
    return DownloadOnWire(
        content_sha=zip.sha256,
        content_size=zip.size_bytes,
        version=showing.ordinals[zip.name, zip.version],
        url=f"{API}/downloads/public/{showing.slugs[zip.name]}/{zip.sha256}.zip",
    )


def _facts(skill: Skill, showing: Showing, version: str | None) -> dict[str, Any]:
    slug = showing.slugs[skill.name]
    return {
        "id": skill_uuid(skill.name),
        "slug": slug,
        "name": skill.slug,
        "description": skill.description,
        "tags": list(skill.tags),
        "version": showing.number(skill.name, version),
        "github_url": showing.addresses.get(skill.name),
        "category": skill.visibility.value,
        "semver": version,
        "full_name": skill.name,
        "downloads": skill.downloads.total,
        "is_for_sale": skill.is_for_sale,
        "updated_at": iso(skill.updated_ms),
    }


def show_scripts(release: Release, showing: Showing) -> Scripts:
    shown = [
        ScriptOnWire(name=file.path.rpartition("/")[2], path=file.path, size_bytes=file.size_bytes)
        for file in list_scripts(release.files)
    ]
    number = showing.ordinals[release.name, release.version]
    return Scripts(slug=showing.slugs[release.name], version=number, semver=release.version, scripts=shown)


def show_file(path: str, data: bytes) -> FileShown:
    """Text as it is, anything else in base64."""
    try:
        return FileShown(path=path, size_bytes=len(data), encoding="utf-8", content=data.decode())
    except UnicodeDecodeError:
        content = base64.b64encode(data).decode()
        return FileShown(path=path, size_bytes=len(data), encoding="base64", content=content)
