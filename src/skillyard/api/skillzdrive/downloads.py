"""Zips: of public skills at addresses that never change; and bundles of a drive, a collection or a skill."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import RedirectResponse, Response

from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.answers import PRIVATE_CACHE
from skillyard.api.native.archive_response import ArchiveResponse
from skillyard.api.native.archives import IMMUTABLE_CACHE, Content, load_content
from skillyard.api.native.public_zips import signed_zip_url
from skillyard.api.native.releases import BYTES
from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import Anyone, SignedIn, signed_router
from skillyard.api.skillzdrive.wire import downloads as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.domain.drive.bundles import create_bundle
from skillyard.domain.drive.chosen import find_version
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.registry.public_zips import find_public_zip
from skillyard.domain.registry.zips import find_zip

router, open_router = signed_router("downloads"), APIRouter(tags=["downloads"])


@router.post(f"{API}/downloads", summary="A link to many skills as one zip")
def create_download(app: AppOf, caller: SignedIn, body: wire.DownloadBody) -> Data[wire.DownloadShown]:
    """Of the drive, of a collection, or of one skill, in the drive or not; what is in it, whenever it is opened."""
    name = find_name(app, body.skill_slug) if body.skill_slug is not None else None
    bundle = create_bundle(app, caller, scope=body.scope, collection=body.collection_name, name=name)
    return Data(data=wire.show_bundle(bundle, f"{app.settings.address}{PREFIX}/bundles/{bundle.link}"))


@router.get(
    f"{API}/downloads/drive/{{slug}}/{{version}}.zip",
    summary="The zip of a skill that is not for everybody",
    response_class=Response,
    responses=BYTES,
)
def download_own_zip(app: AppOf, caller: SignedIn, slug: str, version: str) -> Response:
    """By version or channel. A flagged one only when the drive has it."""
    name = find_name(app, slug)
    is_held = find_version(app, caller, name) == version
    blob, packed = find_zip(app, caller, name=name, version=version, has_consent=is_held)
    content = load_content(app, blob) if packed.data is None else Content(blob=blob, data=packed.data, path=None)
    return ArchiveResponse(app, content, PRIVATE_CACHE)


@open_router.get(
    f"{API}/downloads/public/{{slug}}/{{sha}}.zip",
    summary="The zip of a public skill by its hash",
    status_code=302,
    response_class=Response,
)
def download_public_zip(
    app: AppOf,
    caller: Anyone,  # noqa: ARG001 (counts)
    slug: str,
    sha: Annotated[str, Path(max_length=100, description="`content_sha` of the skill.")],
) -> Response:
    """Leads to the bytes. Can be kept for ever: what it names never changes."""
    url = signed_zip_url(app, find_public_zip(app, name=find_name(app, slug), sha=sha))
    return RedirectResponse(url, status_code=302, headers={"cache-control": IMMUTABLE_CACHE})
