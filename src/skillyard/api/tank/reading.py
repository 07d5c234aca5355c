"""Read skills, versions and files as Tank's clients do, and fetch the tarball from the address that a version names."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.native.archive_response import ArchiveResponse
from skillyard.api.native.archives import Content, load_content
from skillyard.api.surface import AppOf, CallerOf
from skillyard.api.tank import pages, wire
from skillyard.api.tank.badge import draw_badge
from skillyard.api.tank.dialect import read_uuid, show_name
from skillyard.api.tank.names import name_of
from skillyard.api.tank.publishing import LATEST_MS
from skillyard.api.tank.searching import MOST_PAGES, MOST_RESULTS, MOST_TEXT_CHARS, SearchQuery
from skillyard.domain.registry import files, tarballs
from skillyard.domain.registry.skill import get_skill
from skillyard.domain.registry.tarballs import SignedAddress

router = APIRouter(tags=["skills"])

_MOST_FILES = 10_000
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The tarball.",
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_SVG: dict[int | str, dict[str, Any]] = {200: {"description": "The badge.", "content": {"image/svg+xml": {}}}}
_TEXT: dict[int | str, dict[str, Any]] = {200: {"description": "The file.", "content": {"text/plain": {}}}}

Text = Annotated[str, Query(max_length=MOST_TEXT_CHARS, description="Words; the last one may be a beginning.")]
PageNumber = Annotated[int, Query(ge=1, le=MOST_PAGES)]
PageSize = Annotated[int, Query(ge=1, le=MOST_RESULTS)]


@router.get("/search", summary="Find skills", response_model=wire.FoundSkills)
def search(request: Request, caller: CallerOf, q: Text = "", page: PageNumber = 1, limit: PageSize = 20) -> Response:
    """The best first; without words, the most downloaded."""
    return _json(request.app.state.searches.run(caller, SearchQuery(text=q, page=page, limit=limit)))


@router.get("/skills/top", summary="The most downloaded skills", response_model=wire.TopSkills)
def list_top(
    request: Request,
    caller: CallerOf,
    page: PageNumber = 1,
    limit: PageSize = 20,
    source: Literal["all", "internal", "external"] = "all",
    q: Text = "",
) -> Response:
    """With downloads of 30 days, and what the scan found by severity."""
    if source == "external":
        return _json(pages.render_top([], total=0))
    return _json(request.app.state.searches.run_top(caller, SearchQuery(text=q, page=page, limit=limit)))


@router.get("/skills/{name}", summary="One skill", response_model=wire.Metadata)
def get_metadata(request: Request, app: AppOf, caller: CallerOf, name: str) -> Response:
    """`name` is `@scope/name` as one segment (`%40scope%2Fname`), or a name that only one public skill has."""
    return _json(pages.render_metadata(app, caller, name_of(request, name)))


@router.get("/skills/{name}/versions", summary="The versions of a skill", response_model=wire.Versions)
def list_versions(request: Request, app: AppOf, caller: CallerOf, name: str) -> Response:
    """The newest first; what was withdrawn or quarantined is left out."""
    return _json(pages.render_versions(app, caller, name_of(request, name)))


@router.get("/skills/{name}/{version}", summary="One version", response_model=wire.Detail)
def get_version(request: Request, app: AppOf, caller: CallerOf, name: str, version: str) -> Response:
    """With what the scan found, and an address for the tarball that is good for an hour, for reading only."""
    return _json(pages.render_detail(app, caller, name_of(request, name), unquote(version)))


@router.get("/skills/{name}/{version}/files", summary="The files of a version")
def list_files(request: Request, app: AppOf, caller: CallerOf, name: str, version: str) -> wire.Files:
    """Those that are in the archive, in the order of their paths."""
    skill, version = name_of(request, name), unquote(version)
    found = files.list_files(app, caller, name=skill, version=version, limit=_MOST_FILES)
    return wire.Files(name=show_name(str(skill)), version=version, files=[file.path for file in found.items])


@router.get("/skills/{name}/{version}/files/{path:path}", summary="One file of a version", responses=_TEXT)
def get_file(request: Request, app: AppOf, caller: CallerOf, name: str, version: str, path: str) -> Response:
    """Always as plain text, whatever it is."""
    skill = name_of(request, name)
    _, data = files.get_file(app, caller, name=skill, version=unquote(version), path=unquote(path))
    headers = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
    return Response(data, media_type="text/plain", headers=headers)


@router.get("/badge/{name}", summary="A badge for a web page", responses=_SVG)
def get_badge(request: Request, app: AppOf, caller: CallerOf, name: str, type: str = "scan") -> Response:
    """What the scan said of the latest version; with `type=deps`, how many skills it depends on."""
    page = get_skill(app, caller, name=name_of(request, name))
    headers = {
        "cache-control": "public, max-age=300",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Response(draw_badge(page.latest, type), media_type="image/svg+xml", headers=headers)


@router.get("/tarballs/{release_id}", summary="Fetch a tarball", responses=_BYTES)
def get_tarball(
    app: AppOf,
    release_id: str,
    expires: Annotated[int, Query(ge=0, le=LATEST_MS)],
    signature: Annotated[str, Query(max_length=200)],
    accept: Annotated[str, Query(max_length=20, description="`flagged`: also a flagged version.")] = "",
) -> Response:
    """From the address that a version names, without a token. Counts as one download a day and client."""
    address = SignedAddress(release_id=read_uuid(release_id, "rel"), expires_ms=expires, signature=signature)
    blob, tarball = tarballs.find_signed(app, address, has_consent=accept == "flagged")
    if tarball.data is None:
        return ArchiveResponse(app, load_content(app, blob), "private, no-store")
    return ArchiveResponse(app, Content(blob=blob, data=tarball.data, path=None), "private, no-store")


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"cache-control": "private, no-store"})
