"""Collections: list, create, change, fill, empty and delete them. With a key that has all skills only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.showing import Showing, look_up
from skillyard.api.skillzdrive.wire import collections as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import collections
from skillyard.domain.drive.collection import Collection
from skillyard.domain.drive.slugs import find_name
from skillyard.skill.names import SkillName

router = signed_router("collections")

_COLLECTIONS = f"{API}/collections"
_COLLECTION = f"{_COLLECTIONS}/{{name}}"
_PAGE = 100


@router.get(_COLLECTIONS, summary="List collections")
def list_collections(app: AppOf, caller: SignedIn) -> Data[wire.CollectionsListed]:
    """All of the owner's, in the order of their names."""
    found = _list_all(app, caller)
    showing = _showing(app, found)
    return Data(data=wire.CollectionsListed(collections=[wire.show_collection(one, showing) for one in found]))


@router.post(_COLLECTIONS, status_code=201, summary="Create a collection")
def create_collection(app: AppOf, caller: SignedIn, body: wire.CreateCollectionBody) -> Data[wire.CollectionCreated]:
    """With its key, which is shown this once."""
    made = collections.create_collection(
        app,
        caller,
        name=body.name,
        skills=_names(app, body.skill_slugs),
        include_team=body.include_team_skills,
        include_shared=body.include_shared_skills,
        is_public=body.is_public_marketplace,
        expires_in_days=body.expires_in_days or 0,
        monthly_quota=body.monthly_execution_quota or 0,
        rate_per_minute=body.rate_limit_per_minute or 0,
    )
    return Data(data=wire.show_created(made, _showing(app, [made.collection])))


@router.patch(_COLLECTION, summary="Change a collection")
def update_collection(
    app: AppOf, caller: SignedIn, name: str, body: wire.UpdateCollectionBody
) -> Data[wire.CollectionShown]:
    """What is left out stays as it is."""
    changed = collections.update_collection(
        app,
        caller,
        name=name,
        new_name=body.new_name,
        skills=_names(app, body.skill_slugs),
        include_team=body.include_team_skills,
        include_shared=body.include_shared_skills,
        is_public=body.is_public_marketplace,
        enabled=body.enabled,
        expires_in_days=body.expires_in_days,
        monthly_quota=body.monthly_execution_quota,
        rate_per_minute=body.rate_limit_per_minute,
    )
    return _shown(app, changed)


@router.post(f"{_COLLECTION}/skills", summary="Add a skill to a collection")
def add_to_collection(app: AppOf, caller: SignedIn, name: str, body: wire.AddSkillBody) -> Data[wire.CollectionShown]:
    """One that comes to the owner."""
    return _shown(app, collections.add_skill(app, caller, name=name, skill=find_name(app, body.skill_slug)))


@router.delete(f"{_COLLECTION}/skills/{{slug}}", summary="Remove a skill from a collection")
def remove_from_collection(app: AppOf, caller: SignedIn, name: str, slug: str) -> Data[wire.CollectionShown]:
    """Its key loses it at once."""
    return _shown(app, collections.remove_skill(app, caller, name=name, skill=find_name(app, slug)))


@router.delete(_COLLECTION, summary="Delete a collection")
def delete_collection(app: AppOf, caller: SignedIn, name: str) -> Data[wire.CollectionDeleted]:
    """For good, with its key."""
    gone = collections.delete_collection(app, caller, name=name)
    return Data(data=wire.CollectionDeleted(name=gone.name, deleted=True))


def _names(app: App, slugs: Sequence[str] | None) -> list[SkillName] | None:
    return None if slugs is None else [find_name(app, slug) for slug in slugs]


def _list_all(app: App, caller: Caller) -> list[Collection]:
    found: list[Collection] = []
    cursor = None
    while True:
        page = collections.list_collections(app, caller, limit=_PAGE, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def _showing(app: App, shown: Iterable[Collection]) -> Showing:
    return look_up(app, {name for one in shown for name in one.skills or ()})


def _shown(app: App, one: Collection) -> Data[wire.CollectionShown]:
    return Data(data=wire.CollectionShown(collection=wire.show_collection(one, _showing(app, [one]))))
