"""The public log: as tiles that any C2SP client reads (https://c2sp.org/tlog-tiles), and proofs ready made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import PlainTextResponse, Response

from skillyard.api.native.answers import PRIVATE_CACHE, PUBLIC_CACHE
from skillyard.api.native.archives import IMMUTABLE_CACHE
from skillyard.api.native.releases import BYTES
from skillyard.api.native.wire import log as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.transparency import entries, prove
from skillyard.skill.log.tiles import read_tile

router = APIRouter(tags=["log"])


@router.get("/log/checkpoint", summary="The log as it is now", response_class=PlainTextResponse)
def get_log_checkpoint(app: AppOf, caller: CallerOf) -> Response:  # noqa: ARG001 (a bad token is refused here too)
    """Origin, size and root, as a signed note. Keep it: it must be a beginning of every later one."""
    return PlainTextResponse(prove.checkpoint(app), headers={"cache-control": PUBLIC_CACHE})


@router.get("/log/key", summary="The log's key", response_class=PlainTextResponse)
def get_log_key(app: AppOf, caller: CallerOf) -> Response:  # noqa: ARG001 (as above)
    """The key that checkpoints and statements are signed with, as name+id+key."""
    return PlainTextResponse(f"{app.log_key.verifier}\n", headers={"cache-control": PUBLIC_CACHE})


@router.get("/log/tile/{level}/{index:path}", summary="A tile of the log", response_class=Response, responses=BYTES)
def get_log_tile(
    app: AppOf,
    caller: CallerOf,  # noqa: ARG001 (as above)
    level: Annotated[str, Path(max_length=7, description="0, 1, … or `entries`.")],
    index: Annotated[str, Path(max_length=60, description="As `x001/x234/067`, of a partial one `x001/x234/067.p/8`.")],
) -> Response:
    """256 hashes, or entries behind their lengths in two bytes; fewer in a partial one. Never changes."""
    data = prove.read_tile(app, read_tile(level, index))
    return Response(data, media_type="application/octet-stream", headers={"cache-control": IMMUTABLE_CACHE})


@router.post("/log/proofs", summary="Prove entries", response_model=wire.ProofsOnWire)
def prove_log_entries(app: AppOf, caller: CallerOf, body: wire.ProofsBody) -> Response:
    """Of entries, or of the publication of releases: proofs that they are in the log, and that it only ever grew."""
    proofs = prove.prove(
        app, caller, positions=body.positions, releases=wire.read_releases(body), known_size=body.known_size
    )
    shown = wire.show_proofs(proofs)
    return Response(shown, media_type="application/json", headers={"cache-control": PRIVATE_CACHE})


@router.get("/log/entries", summary="Entries of the log")
def list_log_entries(
    app: AppOf,
    caller: CallerOf,
    skill: Annotated[str | None, Query(max_length=200, description="Only of this skill, or namespace.")] = None,
    after: Annotated[int, Query(ge=-1, le=2**53, description="Only those behind this position.")] = -1,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.EntriesPage:
    """The newest first. What is not public is sealed, except for those who may read it."""
    return wire.show_entries(entries.list_entries(app, caller, name=skill, after=after, limit=limit, cursor=cursor))
