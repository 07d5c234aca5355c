"""Many skills as one zip, behind a signed link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response, StreamingResponse

from skillyard.api.native.wire import bundles as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.drive import bundles

router = APIRouter(tags=["drive"])

ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The zip.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/drive/bundles", status_code=201, summary="A link to many skills as one zip")
def create_bundle(app: AppOf, caller: CallerOf, body: wire.CreateBundleBody) -> wire.BundleOnWire:
    """Of all that comes to you, of a collection, or of one skill. Good for 24 hours, for whoever has it."""
    bundle = bundles.create_bundle(app, caller, scope=body.scope, collection=body.collection, name=body.skill)
    return wire.show_bundle(bundle, app.settings.address)


@router.get("/bundles/{link}", summary="Download a bundle", response_class=Response, responses=ZIP)
def get_bundle(app: AppOf, link: Annotated[str, Path(max_length=2000)]) -> Response:
    """A folder for each skill that its maker may have now, and `bundle.json`, which says what was left out, and why."""
    return zip_response(*bundles.open_bundle(app, link))


def zip_response(filename: str, chunks: Iterator[bytes]) -> Response:
    """A zip that is made while it is sent."""
    headers = {
        "content-disposition": f'attachment; filename="{filename}"',
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)
