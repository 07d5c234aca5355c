"""Skills from git: where one comes from, what is discovered, and the sources that administrators add."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.native.wire import sources as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.drive import discover, origins, sources
from skillyard.skill.names import SkillName

router = APIRouter(tags=["git"])


@router.get("/discover", summary="Discover skills, with where they are from")
def discover_skills(
    app: AppOf,
    caller: CallerOf,
    q: Annotated[str, Query(max_length=500, description="Words; forgives typing errors and unfinished words.")] = "",
    offset: Annotated[int, Query(ge=0, le=10_000, description="How many to pass over.")] = 0,
    limit: Limit = 10,
) -> wire.DiscoveredPageOnWire:
    """What people publish here, what the git sources hold, and what is in your own namespaces."""
    return wire.show_discovered(discover.discover(app, caller, keywords=q, offset=offset, limit=limit))


@router.get("/skills/{namespace}/{slug}/origin", summary="Where a skill comes from")
def get_origin(app: AppOf, caller: CallerOf, namespace: str, slug: str) -> wire.OriginOnWire:
    """The folder and the commit of the git repository. 404 for one that was published by hand."""
    return wire.show_origin(origins.get_origin(app, caller, name=SkillName(namespace, slug)))


@router.get("/admin/sources", summary="List git sources")
def list_sources(app: AppOf, caller: CallerOf, limit: Limit = 100, cursor: Cursor = None) -> wire.SourcesPage:
    """In the order in which they were added."""
    return wire.show_sources(sources.list_sources(app, caller, limit=limit, cursor=cursor))


@router.post("/admin/sources", status_code=201, summary="Add a git source")
def add_source(app: AppOf, caller: CallerOf, body: wire.AddSourceBody) -> wire.SourceOnWire:
    """Every folder with a SKILL.md in it is scanned and published in the namespace, for all to see; soon, and again
    whenever it changes.
    """
    return wire.show_source(sources.add_source(app, caller, address=body.address, namespace=body.namespace))


@router.get("/admin/sources/{source_id}", summary="One git source")
def get_source(app: AppOf, caller: CallerOf, source_id: str) -> wire.SourceWithFolders:
    """With what the last crawl made of each folder, and why it refused some."""
    return wire.show_source_page(sources.get_source(app, caller, source_id=source_id))


@router.delete("/admin/sources/{source_id}", summary="Remove a git source")
def remove_source(app: AppOf, caller: CallerOf, source_id: str) -> wire.RemovedSource:
    """Nobody looks there any more; what was published stays."""
    return wire.RemovedSource(id=sources.remove_source(app, caller, source_id=source_id).id)


@router.post("/admin/sources/{source_id}/crawl", status_code=202, summary="Crawl a git source now")
def crawl_source(app: AppOf, caller: CallerOf, source_id: str) -> wire.SourceOnWire:
    """It is looked through soon, also if there is no new commit; `crawled_at` tells when it was."""
    return wire.show_source(sources.crawl(app, caller, source_id=source_id))
