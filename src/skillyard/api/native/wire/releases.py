"""Releases on the wire."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.addresses import archive_url
from skillyard.api.native.refusal import show_fault
from skillyard.api.native.wire.errors import FaultOnWire
from skillyard.api.native.wire.fields import Time, example
from skillyard.domain.registry.model import Archive, Draft, Published, Release, Verdict
from skillyard.domain.registry.trust import Status
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page
from skillyard.skill.digest import FileEntry

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SHA512 = "sha512-7iaw3Ur350mqGo7jwQrpkj9hiYB3Lkc/iBml1JQODbJ6wYX4oOHV+E+IvIh/1nsUNzLDBMxfqa2Ob1f1ACio/w=="
_PERMISSIONS = {
    "network": {"outbound": ["api.example.org"]},
    "filesystem": {"read": [], "write": ["reports/**"]},
    "subprocess": False,
    "environment": [],
    "integrations": [],
}
_ARCHIVE = {"sha256": _SHA256, "sha512": _SHA512, "size_bytes": 5120, "format": "zip"}
FILE_EXAMPLE = {"path": "SKILL.md", "size_bytes": 1204, "sha256": _SHA256, "executable": False}
SUMMARY_EXAMPLE: dict[str, Any] = {
    "namespace": "acme",
    "slug": "pdf",
    "name": "acme/pdf",
    "version": "1.4.0",
    "description": "Reads and writes PDF files.",
    "license": "MIT",
    "compatibility": None,
    "homepage": "https://example.org/pdf",
    "tags": ["pdf", "documents"],
    "dependencies": {"acme/text": "^1.0.0"},
    "permissions": _PERMISSIONS,
    "channels": ["latest"],
    "digest": f"sha256:{_SHA256}",
    "archive": {"url": f"https://skills.example.org/api/v1/blobs/{_SHA256}", **_ARCHIVE},
    "files_count": 12,
    "unpacked_bytes": 20480,
    "published_at": "2026-11-21T07:00:00.000Z",
    "published_by": "ada",
    "provenance": None,
    "yanked": None,
    "deprecated": None,
    "status": "listed",
    "reasons": [],
    "verdict": "pass_with_notes",
    "score": 9.4,
    "credits_per_run": 0,
}
RELEASE_EXAMPLE = {**SUMMARY_EXAMPLE, "readme": "# How to use it"}
_WARNING = {
    "code": "looks_alike",
    "message": "acme/pdf looks like acme/pdfs",
    "hint": "Choose another name if they may be confused.",
    "file": None,
    "line": None,
    "severity": "warning",
}
_DRAFT = {
    "name": "acme/pdf",
    "version": "1.4.0",
    "digest": f"sha256:{_SHA256}",
    "archive": _ARCHIVE,
    "files": [{"path": "SKILL.md", "size_bytes": 1204}],
    "permissions": _PERMISSIONS,
    "dependencies": {"acme/text": "^1.0.0"},
}


class DigestsOnWire(BaseModel):
    sha256: str = Field(description="Of the archive's bytes, in hex.")
    sha512: str = Field(description="The same as in W3C Subresource Integrity.")
    size_bytes: int
    format: Literal["zip", "tar.gz"]


class ArchiveOnWire(DigestsOnWire):
    url: str = Field(description="Where the bytes are; for a private skill only with a token of a member.")


class YankOnWire(BaseModel):
    reason: str
    at: Time


class DeprecationOnWire(BaseModel):
    message: str


class ProvenanceOnWire(BaseModel):
    issuer: str = Field(description="Who vouches for the rest.")
    repository: str | None
    workflow: str | None
    commit: str | None
    run_id: str | None


class ReleaseSummaryOnWire(BaseModel):
    model_config = example(SUMMARY_EXAMPLE)

    namespace: str
    slug: str
    name: str
    version: str
    description: str
    license: str | None
    compatibility: str | None
    homepage: str | None
    tags: list[str]
    dependencies: dict[str, str] = Field(description="Skill → range of versions, as npm writes them.")
    permissions: dict[str, Any] = Field(description="What the skill declares that it may do.")
    channels: list[str] = Field(description="The channels that point to this version now.")
    digest: str = Field(description="Of the tree of files, whatever archive it came in.")
    archive: ArchiveOnWire
    files_count: int
    unpacked_bytes: int
    published_at: Time
    published_by: str
    provenance: ProvenanceOnWire | None = Field(description="The CI run that published it; null: a person did.")
    yanked: YankOnWire | None
    deprecated: DeprecationOnWire | None
    status: Status = Field(description="What index, search and installs go by.")
    reasons: list[str] = Field(description="Why it is not simply listed.")
    verdict: Literal["pass", "pass_with_notes", "flagged", "fail"] | None = Field(
        description="Of the scan, before any override; None until it was scanned."
    )
    score: float | None = Field(description="0 to 10, from the scan.")
    credits_per_run: int = Field(description="What a run here costs whoever is no member of the namespace.")


class ReleaseOnWire(ReleaseSummaryOnWire):
    model_config = example(RELEASE_EXAMPLE)

    readme: str = Field(description="The text of SKILL.md below its front matter.")


class ReleasesPage(BaseModel):
    model_config = example({"items": [SUMMARY_EXAMPLE], "next_cursor": None})

    items: list[ReleaseSummaryOnWire]
    next_cursor: str | None


class FileOnWire(BaseModel):
    model_config = example(FILE_EXAMPLE)

    path: str
    size_bytes: int
    sha256: str
    executable: bool


class FilesPage(BaseModel):
    model_config = example({"items": [FILE_EXAMPLE], "next_cursor": None})

    items: list[FileOnWire]
    next_cursor: str | None


class PublishedOnWire(BaseModel):
    model_config = example({"release": RELEASE_EXAMPLE, "warnings": [_WARNING]})

    release: ReleaseOnWire
    warnings: list[FaultOnWire]


class DraftFileOnWire(BaseModel):
    path: str
    size_bytes: int


class DraftOnWire(BaseModel):
    model_config = example(_DRAFT)

    name: str
    version: str
    digest: str
    archive: DigestsOnWire
    files: list[DraftFileOnWire]
    permissions: dict[str, Any]
    dependencies: dict[str, str]


class VerdictOnWire(BaseModel):
    model_config = example({"ok": True, "faults": [_WARNING], "release": _DRAFT, "scan": None})

    ok: bool = Field(description="Whether it would be published.")
    faults: list[FaultOnWire]
    release: DraftOnWire | None = Field(description="What would be published, as far as it could be read.")
    scan: dict[str, Any] | None = Field(description="What the scan found, as `skillyard scan` prints it.")


class YankBody(BaseModel):
    model_config = example({"reason": "Writes broken tables; use 1.4.1."}, closed=True)

    reason: str = Field(max_length=2000)


class DeprecationBody(BaseModel):
    model_config = example({"message": "Use acme/documents instead."}, closed=True)

    message: str = Field(max_length=2000)


def show_summary(release: Release, address: str) -> ReleaseSummaryOnWire:
    return ReleaseSummaryOnWire(**_summary(release, address))


def show_release(release: Release, address: str) -> ReleaseOnWire:
    return ReleaseOnWire(**_summary(release, address), readme=release.readme)


def show_releases(page: Page[Release], address: str) -> ReleasesPage:
    return ReleasesPage(items=[show_summary(item, address) for item in page.items], next_cursor=page.next_cursor)


def show_file(file: FileEntry) -> FileOnWire:
    return FileOnWire(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256, executable=file.executable)


def show_files(page: Page[FileEntry]) -> FilesPage:
    return FilesPage(items=[show_file(item) for item in page.items], next_cursor=page.next_cursor)


def show_published(published: Published, address: str) -> PublishedOnWire:
    return PublishedOnWire(
        release=show_release(published.release, address),
        warnings=[FaultOnWire(**show_fault(fault)) for fault in published.warnings],
    )


def show_verdict(verdict: Verdict) -> VerdictOnWire:
    return VerdictOnWire(
        ok=verdict.ok,
        faults=[FaultOnWire(**show_fault(fault)) for fault in verdict.faults],
        release=_show_draft(verdict.draft) if verdict.draft else None,
        scan=dict(verdict.report) if verdict.report else None,
    )


def _show_draft(draft: Draft) -> DraftOnWire:
    return DraftOnWire(
        name=draft.name,
        version=draft.version,
        digest=draft.digest,
        archive=DigestsOnWire(**_digests(draft.archive)),
        files=[DraftFileOnWire(path=file.path, size_bytes=file.size_bytes) for file in draft.files],
        permissions=dict(draft.permissions),
        dependencies=dict(draft.dependencies),
    )


def show_deprecation(message: str | None) -> DeprecationOnWire | None:
    return None if message is None else DeprecationOnWire(message=message)


def _summary(release: Release, address: str) -> dict[str, Any]:
    yanked = release.yanked
    return {
        "namespace": release.namespace,
        "slug": release.slug,
        "name": release.name,
        "version": release.version,
        "description": release.description,
        "license": release.license,
        "compatibility": release.compatibility,
        "homepage": release.homepage,
        "tags": list(release.tags),
        "dependencies": dict(release.dependencies),
        "permissions": dict(release.permissions),
        "channels": list(release.channels),
        "digest": release.digest,
        "archive": ArchiveOnWire(url=archive_url(address, release), **_digests(release.archive)),
        "files_count": release.files_count,
        "unpacked_bytes": release.unpacked_bytes,
        "published_at": iso(release.published_ms),
        "published_by": release.published_by,
        "provenance": ProvenanceOnWire(**asdict(release.provenance)) if release.provenance else None,
        "yanked": YankOnWire(reason=yanked.reason, at=iso(yanked.at_ms)) if yanked else None,
        "deprecated": show_deprecation(release.deprecated),
        "status": release.status,
        "reasons": list(release.reasons),
        "verdict": release.verdict,
        "score": release.score,
        "credits_per_run": release.credits_per_run,
    }


def _digests(archive: Archive) -> dict[str, Any]:
    return {
        "sha256": archive.sha256,
        "sha512": archive.sha512,
        "size_bytes": archive.size_bytes,
        "format": archive.format,
    }
