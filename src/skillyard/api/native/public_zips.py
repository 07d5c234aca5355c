"""Zips of public skills at addresses that never change."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import RedirectResponse, Response

from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.archive_response import ArchiveResponse
from skillyard.api.native.archives import IMMUTABLE_CACHE, Content, load_content
from skillyard.api.native.releases import BYTES
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.registry import public_zips
from skillyard.domain.registry.public_zips import PublicZip
from skillyard.skill.names import SkillName

router = APIRouter(tags=["releases"])

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Of the zip.")]


@router.get(
    "/downloads/public/{namespace}/{slug}/{sha256}.zip",
    summary="The zip of a public skill by its hash",
    status_code=302,
    response_class=Response,
)
def find_public_zip(app: AppOf, namespace: str, slug: str, sha256: Sha256) -> Response:
    """Leads to the bytes. Can be kept for ever: what it names never changes."""
    found = public_zips.find_public_zip(app, name=SkillName(namespace, slug), sha=sha256)
    url = signed_zip_url(app, found)
    return RedirectResponse(url, status_code=302, headers={"cache-control": IMMUTABLE_CACHE})


@router.get(
    "/zips/{release_id}/{sha256}", summary="A zip at its signed address", response_class=Response, responses=BYTES
)
def get_public_zip(
    app: AppOf, release_id: str, sha256: Sha256, signature: Annotated[str, Query(max_length=200)]
) -> Response:
    """From the address that findPublicZip leads to. Understands Range. Counts a download."""
    blob, packed = public_zips.open_public_zip(app, release_id=release_id, sha=sha256, signature=signature)
    content = load_content(app, blob) if packed.data is None else Content(blob=blob, data=packed.data, path=None)
    return ArchiveResponse(app, content, IMMUTABLE_CACHE)


def signed_zip_url(app: App, found: PublicZip) -> str:
    """Where its bytes are."""
    signature = public_zips.sign_zip(app, found)
    return f"{app.settings.address}{PREFIX}/zips/{found.release_id}/{found.sha256}?signature={signature}"
