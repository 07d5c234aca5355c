"""Releases: publish, read, withdraw; their files and archives."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, Query, Request, UploadFile
from starlette.responses import Response

from skillyard.api.native.addresses import release_path
from skillyard.api.native.answers import PRIVATE_CACHE, PUBLIC_CACHE, json_answer, json_body
from skillyard.api.native.archive_response import ArchiveResponse
from skillyard.api.native.archives import load_content
from skillyard.api.native.wire import releases as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.market.follow import look_at_skill
from skillyard.domain.registry import deprecate, download, files, publish, releases, yank
from skillyard.domain.registry.model import Visibility, Wish
from skillyard.skill.names import SkillName

router = APIRouter(tags=["releases"])

_RELEASES = "/skills/{namespace}/{slug}/releases"
_RELEASE = f"{_RELEASES}/{{version}}"
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(_RELEASES, summary="All releases of a skill", response_model=wire.ReleasesPage)
def list_releases(
    request: Request,
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> Response:
    """The highest version first, yanked ones too."""
    page = releases.list_releases(app, caller, name=SkillName(namespace, slug), limit=limit, cursor=cursor)
    is_open = all(release.visibility.is_open for release in page.items) and bool(page.items)
    return json_answer(request, wire.show_releases(page, app.settings.address), is_open=is_open)


@router.post(
    _RELEASES,
    status_code=201,
    summary="Publish a release",
    response_model=wire.PublishedOnWire,
    responses={200: {"model": wire.VerdictOnWire, "description": "The verdict of a dry run; nothing was stored."}},
)
def publish_release(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    archive: Annotated[UploadFile, File(description="A zip or tar.gz of the skill.")],
    visibility: Annotated[Visibility | None, Form(description="Of a new skill; public when left out.")] = None,
    channel: Annotated[str | None, Form(description="`latest` when left out.", max_length=200)] = None,
    version: Annotated[str | None, Form(description="Only if the skill names none.", max_length=300)] = None,
    dry_run: Annotated[bool, Query(description="Check everything, and store nothing.")] = False,
    x_skillyard_sha256: Annotated[str | None, Header(description="What the archive hashes to.", max_length=200)] = None,
) -> Response:
    """For maintainers. A release never changes again. A dry run answers with the complete verdict of every check."""
    wish = Wish(name=SkillName(namespace, slug), visibility=visibility, channel=channel, version=version)
    if dry_run:
        verdict = publish.rehearse(app, caller, wish, archive.file, sha256=x_skillyard_sha256)
        return Response(json_body(wire.show_verdict(verdict)), media_type="application/json")
    published = publish.publish(app, caller, wish, archive.file, sha256=x_skillyard_sha256)
    look_at_skill(app, wish.name)
    location = release_path(published.release.name, published.release.version)
    body = json_body(wire.show_published(published, app.settings.address))
    return Response(body, status_code=201, media_type="application/json", headers={"location": location})


@router.get(_RELEASE, summary="One release", response_model=wire.ReleaseOnWire)
def get_release(request: Request, app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str) -> Response:
    """By exact version, or by the channel that points to it."""
    release = releases.get_release(app, caller, name=SkillName(namespace, slug), version=version)
    shown = wire.show_release(release, app.settings.address)
    return json_answer(request, shown, is_open=release.visibility.is_open)


@router.get(f"{_RELEASE}/files", summary="The files of a release")
def list_files(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    version: str,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.FilesPage:
    """In the order of their paths."""
    name = SkillName(namespace, slug)
    return wire.show_files(files.list_files(app, caller, name=name, version=version, limit=limit, cursor=cursor))


@router.get(f"{_RELEASE}/files/{{path:path}}", summary="One file", response_class=Response, responses=BYTES)
def get_file(app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str, path: str) -> Response:
    """Its bytes; as plain text if they are, and never as anything that a browser would run."""
    name = SkillName(namespace, slug)
    release, data = files.get_file(app, caller, name=name, version=version, path=path)
    return Response(
        data,
        media_type="text/plain; charset=utf-8" if _is_text(data) else "application/octet-stream",
        headers={
            "cache-control": PUBLIC_CACHE if release.visibility.is_open else PRIVATE_CACHE,
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
        },
    )


@router.get(f"{_RELEASE}/archive", summary="The archive of a release", response_class=Response, responses=BYTES)
def download_archive(app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str) -> Response:
    """The bytes as they were uploaded. Understands Range. Counts a download."""
    found = download.find_archive(app, caller, name=SkillName(namespace, slug), version=version)
    return ArchiveResponse(app, load_content(app, found), PRIVATE_CACHE)


@router.put(f"{_RELEASE}/yank", summary="Withdraw a release")
def yank_release(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str, body: wire.YankBody
) -> wire.ReleaseOnWire:
    """For maintainers. Nobody gets it any more who has not locked it; channels fall back."""
    name = SkillName(namespace, slug)
    release = yank.yank(app, caller, name=name, version=version, reason=body.reason)
    return wire.show_release(release, app.settings.address)


@router.delete(f"{_RELEASE}/yank", summary="Offer a withdrawn release again")
def unyank_release(app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str) -> wire.ReleaseOnWire:
    """For maintainers."""
    release = yank.unyank(app, caller, name=SkillName(namespace, slug), version=version)
    return wire.show_release(release, app.settings.address)


@router.put(f"{_RELEASE}/deprecation", summary="Advise against a release")
def deprecate_release(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str, body: wire.DeprecationBody
) -> wire.ReleaseOnWire:
    """For maintainers. It stays installable; whoever installs it reads the message."""
    name = SkillName(namespace, slug)
    release = deprecate.deprecate_release(app, caller, name=name, version=version, message=body.message)
    return wire.show_release(release, app.settings.address)


@router.delete(f"{_RELEASE}/deprecation", summary="Take the advice against a release back")
def undeprecate_release(app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str) -> wire.ReleaseOnWire:
    """For maintainers."""
    release = deprecate.undeprecate_release(app, caller, name=SkillName(namespace, slug), version=version)
    return wire.show_release(release, app.settings.address)


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x00" not in data
