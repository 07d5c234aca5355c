"""The shapes of the registry's JSON documents, for type checkers. Documents are plain dicts; nothing is converted."""

from __future__ import annotations

from typing import Any, Generic, TypedDict, TypeVar

T = TypeVar("T")


class Page(TypedDict, Generic[T]):
    items: list[T]
    next_cursor: str | None


class SearchPage(Page["FoundSkill"]):
    total: int


class Deprecation(TypedDict):
    message: str


class Yank(TypedDict):
    reason: str
    at: str


class Downloads(TypedDict):
    total: int
    last_week: int
    last_month: int


class SkillSummary(TypedDict):
    namespace: str
    slug: str
    name: str
    description: str
    visibility: str
    is_for_sale: bool
    is_sealed: bool
    latest_version: str | None
    tags: list[str]
    updated_at: str
    created_at: str
    downloads: Downloads
    deprecated: Deprecation | None


class FoundSkill(SkillSummary):
    score: float


class ReleaseFile(TypedDict):
    path: str
    size_bytes: int
    sha256: str
    executable: bool


class Archive(TypedDict):
    url: str
    sha256: str
    sha512: str
    size_bytes: int
    format: str


class Release(TypedDict, total=False):
    namespace: str
    slug: str
    name: str
    version: str
    description: str
    license: str | None
    compatibility: str | None
    tags: list[str]
    dependencies: dict[str, str]
    permissions: dict[str, Any]
    channels: list[str]
    digest: str
    archive: Archive
    files_count: int
    unpacked_bytes: int
    published_at: str
    published_by: str
    yanked: Yank | None
    deprecated: Deprecation | None
    readme: str
    status: str
    reasons: list[str]
    verdict: str | None
    score: float | None
    credits_per_run: int


class ResolvedRelease(Release):
    files: list[ReleaseFile]
    requested_by: list[str]


class Resolved(TypedDict):
    packages: list[ResolvedRelease]
    roots: dict[str, str]


class Skill(SkillSummary):
    readme: str
    channels: dict[str, str]
    license: str | None
    homepage: str | None
    compatibility: str | None
    versions_count: int
    latest: Release | None


class Token(TypedDict):
    id: str
    name: str
    prefix: str
    scopes: list[str]
    namespaces: list[str] | None
    integrations: list[str] | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class NewToken(TypedDict):
    token: str
    details: Token
