"""Skills and releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.skilldock.addresses import download_url
from skillyard.api.skilldock.paging import PageOnWire
from skillyard.api.skilldock.requirements import show_requirement
from skillyard.api.skilldock.wire.accounts import UserOnWire
from skillyard.api.skilldock.wire.selling import AccessOnWire, SaleOnWire, show_access, show_offer, show_sale
from skillyard.domain.registry.listings import Entry
from skillyard.domain.registry.model import Release, Skill, SkillPage, Visibility
from skillyard.domain.registry.repacked import Packed
from skillyard.domain.registry.sale import Sale
from skillyard.infra.clock import iso

Shown = Literal["public", "private"]
_MOST_TEXT_CHARS = 500


class SearchBody(BaseModel):
    query: Annotated[str, StringConstraints(max_length=_MOST_TEXT_CHARS)] = ""
    rewrite_query: bool = False
    max_num_results: Annotated[int, Field(ge=1)] | None = None
    page: Annotated[int, Field(ge=1, le=1000)] = 1
    per_page: Annotated[int, Field(ge=1)] | None = None


class AuthorOnWire(BaseModel):
    user_id: str
    display_name: str
    google_picture: str = ""


class VersionOnWire(BaseModel):
    version: str


class DownloadStats(BaseModel):
    total: int
    last_week: int
    last_month: int


class SkillInList(BaseModel):
    namespace: str
    slug: str
    title: str
    description: str
    visibility: Shown
    tags: list[str]
    updated_at: str
    latest_releases: list[VersionOnWire]
    author: AuthorOnWire
    download_stats: DownloadStats
    sale: SaleOnWire


class SkillsPage(PageOnWire):
    items: list[SkillInList]


class Profile(BaseModel):
    user: UserOnWire
    skills: SkillsPage


class LatestRelease(VersionOnWire):
    description_md: str
    created_at: str


class SkillOnWire(BaseModel):
    namespace: str
    slug: str
    title: str
    visibility: Shown
    tags: list[str]
    homepage_url: str | None
    author: AuthorOnWire
    description_md: str
    latest_release: LatestRelease | None
    first_release_created_at: str
    updated_at: str
    download_stats: DownloadStats
    access: AccessOnWire
    sale: SaleOnWire


class SkillAnswer(BaseModel):
    skill: SkillOnWire


class FileOnWire(BaseModel):
    kind: Literal["archive"] = "archive"
    content_type: Literal["application/zip"] = "application/zip"
    size_bytes: int
    sha256: str
    download_url: str


class DependencyOnWire(BaseModel):
    namespace: str
    slug: str
    version_requirement: str
    release_version: str | None = None


class ReleaseInList(VersionOnWire):
    created_at: str
    status: str = Field(description="listed, flagged, quarantined, recalled or yanked.")
    dependencies: list[DependencyOnWire]
    files: list[FileOnWire]
    download_url: str
    sha256: str


class ReleasesPage(PageOnWire):
    items: list[ReleaseInList]


class ReleaseOnWire(ReleaseInList):
    description_md: str
    homepage_url: str | None
    tags: list[str]
    published_by: str


class ReleaseAnswer(BaseModel):
    release: ReleaseOnWire
    skill: SkillOnWire
    warnings: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What is shown with every skill of one answer: the base of addresses, and who its authors are."""

    base: str
    display_names: Mapping[str, str]

    def author(self, username: str) -> AuthorOnWire:
        return AuthorOnWire(user_id=username, display_name=self.display_names.get(username, username))


def author_of(page: SkillPage) -> str:
    return page.latest.published_by if page.latest else page.skill.namespace


def show_entry(entry: Entry, showing: Showing) -> SkillInList:
    skill = entry.skill
    return SkillInList(
        namespace=skill.namespace,
        slug=skill.slug,
        title=skill.slug,
        description=skill.description,
        visibility=_visibility(skill.visibility),
        tags=list(skill.tags),
        updated_at=iso(skill.updated_ms),
        latest_releases=[VersionOnWire(version=version) for version in entry.versions],
        author=showing.author(entry.author),
        download_stats=_downloads(skill),
        sale=show_offer(entry.offer, can_buy=entry.can_buy),
    )


def show_skill(page: SkillPage, sale: Sale, showing: Showing) -> SkillOnWire:
    skill, latest = page.skill, page.latest
    return SkillOnWire(
        namespace=skill.namespace,
        slug=skill.slug,
        title=skill.slug,
        visibility=_visibility(skill.visibility),
        tags=list(skill.tags),
        homepage_url=latest.homepage if latest else None,
        author=showing.author(author_of(page)),
        description_md=(_description(latest) if latest else "") or skill.description,
        latest_release=_latest(latest) if latest else None,
        first_release_created_at=iso(skill.created_ms),
        updated_at=iso(skill.updated_ms),
        download_stats=_downloads(skill),
        access=show_access(sale.access),
        sale=show_sale(sale),
    )


def show_releases(releases: Sequence[tuple[Release, Packed]], base: str) -> list[ReleaseInList]:
    """Each with the address of its archive and its dependencies: the client installs by no more than this."""
    return [_in_list(release, packed, base) for release, packed in releases]


def show_release(release: Release, packed: Packed, base: str) -> ReleaseOnWire:
    return ReleaseOnWire(
        **_in_list(release, packed, base).model_dump(),
        description_md=_description(release),
        homepage_url=release.homepage,
        tags=list(release.tags),
        published_by=release.published_by,
    )


def _in_list(release: Release, packed: Packed, base: str) -> ReleaseInList:
    address = download_url(base, release.name, release.version)
    return ReleaseInList(
        version=release.version,
        created_at=iso(release.published_ms),
        status="yanked" if release.yanked else release.status.value,
        dependencies=[_dependency(name, wanted) for name, wanted in release.dependencies.items()],
        files=[FileOnWire(size_bytes=packed.size_bytes, sha256=packed.sha256, download_url=address)],
        download_url=address,
        sha256=packed.sha256,
    )


def _dependency(name: str, wanted: str) -> DependencyOnWire:
    namespace, _, slug = name.partition("/")
    return DependencyOnWire(namespace=namespace, slug=slug, version_requirement=show_requirement(wanted))


def _latest(release: Release) -> LatestRelease:
    return LatestRelease(
        version=release.version, description_md=_description(release), created_at=iso(release.published_ms)
    )


def _description(release: Release) -> str:
    """What the skill is for, then its text, where the caller may read it."""
    return f"{release.description}\n\n{release.readme}".strip()


def _downloads(skill: Skill) -> DownloadStats:
    counted = skill.downloads
    return DownloadStats(total=counted.total, last_week=counted.last_week, last_month=counted.last_month)


def _visibility(visibility: Visibility) -> Shown:
    """SkillDock has no unlisted skills: whoever knows the name may read them."""
    return "public" if visibility.is_open else "private"
