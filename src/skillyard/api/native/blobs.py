"""Archives by their digest."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from skillyard.api.native.archive_response import ArchiveResponse
from skillyard.api.native.archives import IMMUTABLE_CACHE, load_content
from skillyard.api.native.releases import BYTES
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.registry import download

router = APIRouter(tags=["releases"])


@router.get("/blobs/{sha256}", summary="An archive by its digest", response_class=Response, responses=BYTES)
def get_blob(
    app: AppOf,
    caller: CallerOf,  # noqa: ARG001 (a token that is no good is refused here too)
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """The bytes of a release that is not private. Never changes. Understands Range. Counts a download."""
    content = load_content(app, download.find_open_archive(app, sha256=sha256))
    return ArchiveResponse(app, content, IMMUTABLE_CACHE)
