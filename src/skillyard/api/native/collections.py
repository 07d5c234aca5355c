"""Collections: keys that see a slice of a drive."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import collections as wire
from skillyard.api.native.wire.drive import ReachOnWire, show_reach
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.drive import collections
from skillyard.domain.drive.slices import read_slice
from skillyard.skill.names import SkillName

router = APIRouter(tags=["collections"])


@router.get("/collections", summary="My collections")
def list_collections(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.CollectionsPage:
    """In the order of their names; never a key. Not with the key of a collection for some skills."""
    return wire.show_collections(collections.list_collections(app, caller, limit=limit, cursor=cursor))


@router.post("/collections", status_code=201, summary="Make a collection")
def create_collection(app: AppOf, caller: CallerOf, body: wire.CreateCollectionBody) -> wire.NewKeyOnWire:
    """Its key is in this answer and nowhere else. It may do no more than the token that asks."""
    new = collections.create_collection(
        app,
        caller,
        name=body.name,
        skills=wire.read_names(body.skills),
        include_team=body.include_team,
        include_shared=body.include_shared,
        is_public=body.is_public,
        expires_in_days=body.expires_in_days,
        monthly_quota=body.monthly_quota,
        rate_per_minute=body.rate_per_minute,
    )
    return wire.show_new_key(new)


@router.get("/collections/{collection}", summary="One of my collections")
def get_collection(app: AppOf, caller: CallerOf, collection: str) -> wire.CollectionOnWire:
    """Never its key."""
    return wire.show_collection(collections.get_collection(app, caller, name=collection))


@router.patch("/collections/{collection}", summary="Rename or reconfigure a collection")
def update_collection(
    app: AppOf, caller: CallerOf, collection: str, body: wire.UpdateCollectionBody
) -> wire.CollectionOnWire:
    """Only what is given changes. One for some skills never becomes one for all: make another one."""
    changed = collections.update_collection(
        app,
        caller,
        name=collection,
        new_name=body.new_name,
        skills=wire.read_names(body.skills),
        include_team=body.include_team,
        include_shared=body.include_shared,
        is_public=body.is_public,
        enabled=body.enabled,
        expires_in_days=body.expires_in_days,
        monthly_quota=body.monthly_quota,
        rate_per_minute=body.rate_per_minute,
    )
    return wire.show_collection(changed)


@router.delete("/collections/{collection}", summary="Delete a collection")
def delete_collection(app: AppOf, caller: CallerOf, collection: str) -> wire.DeletedCollection:
    """For good. Its key is void at once."""
    return wire.DeletedCollection(
        details=wire.show_collection(collections.delete_collection(app, caller, name=collection))
    )


@router.post("/collections/{collection}/key", summary="Change the key of a collection")
def rotate_collection_key(app: AppOf, caller: CallerOf, collection: str) -> wire.NewKeyOnWire:
    """The new key is in this answer and nowhere else; the old one is void at once."""
    return wire.show_new_key(collections.rotate_key(app, caller, name=collection))


@router.get("/collections/{collection}/skills", summary="What the key of a collection reaches")
def read_collection(app: AppOf, caller: CallerOf, collection: str) -> ReachOnWire:
    """Now, in the order of names. Also with its own key."""
    return show_reach(read_slice(app, caller, name=collection))


@router.put("/collections/{collection}/skills/{namespace}/{slug}", summary="Add a skill to a collection")
def add_to_collection(
    app: AppOf, caller: CallerOf, collection: str, namespace: str, slug: str
) -> wire.CollectionOnWire:
    """One that comes to you. Its key reaches it at once."""
    name = SkillName(namespace, slug)
    return wire.show_collection(collections.add_skill(app, caller, name=collection, skill=name))


@router.delete("/collections/{collection}/skills/{namespace}/{slug}", summary="Remove a skill from a collection")
def remove_from_collection(
    app: AppOf, caller: CallerOf, collection: str, namespace: str, slug: str
) -> wire.CollectionOnWire:
    """Its key loses it at once."""
    name = SkillName(namespace, slug)
    return wire.show_collection(collections.remove_skill(app, caller, name=collection, skill=name))
