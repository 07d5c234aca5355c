"""Find skills, and read one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import Anyone, SignedIn, signed_router
from skillyard.api.skillzdrive.errors import SearchTextMissing
from skillyard.api.skillzdrive.showing import look_up
from skillyard.api.skillzdrive.wire import skills as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.chosen import find_version
from skillyard.domain.drive.reach import read_reach
from skillyard.domain.drive.slices import read_slice
from skillyard.domain.drive.slugs import find_name
from skillyard.domain.drive.within import search_within
from skillyard.domain.registry import listings
from skillyard.domain.registry.public_zips import show_public_zip
from skillyard.domain.registry.runnable import find_runnable
from skillyard.domain.registry.search import search
from skillyard.domain.registry.skill import get_skill

router, open_router = signed_router("skills"), APIRouter(tags=["skills"])

MOST = 50
_SKILL = f"{API}/skills/{{slug}}"

Text = Annotated[str, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, description="At most 50 are answered.")]


@open_router.get(f"{API}/skills", summary="List or search skills")
def list_skills(
    app: AppOf,
    caller: Anyone,
    q: Annotated[Text, Query(description="Words; needed without a key.")] = "",
    limit: Limit = 20,
    collection: Annotated[Text | None, Query(description="Only those of this collection; with a key.")] = None,
) -> Data[wire.SkillsFound]:
    """With words, of all that the caller may find, the best first; without, all that comes to the caller's drive."""
    limit = min(limit, MOST)
    if caller.user_id is None and not q.strip():
        raise SearchTextMissing
    if q.strip() and collection is None:
        page = search(app, caller, text=q, limit=limit)
        return _found(app, caller, [found.skill.name for found in page.items], page.total)
    caller.must("identify")
    slice = read_reach(app, caller) if collection is None else read_slice(app, caller, name=collection)
    reached = [one.name for one in slice if one.item.enabled]
    names = search_within(app, caller, set(reached), text=q, limit=limit) if q.strip() else reached
    return _found(app, caller, names[:limit], len(names))


@open_router.get(_SKILL, summary="One skill")
def show_skill(app: AppOf, caller: Anyone, slug: str) -> Data[wire.SkillShown]:
    """With the address of its zip, which never changes, where everybody may have it."""
    page = get_skill(app, caller, name=find_name(app, slug))
    zip = show_public_zip(app, page.latest) if page.latest else None
    return Data(data=wire.show_one(page.skill, page.latest, zip, look_up(app, [page.skill.name])))


@router.get(f"{_SKILL}/scripts", summary="The scripts of a skill")
def list_scripts(app: AppOf, caller: SignedIn, slug: str) -> Data[wire.Scripts]:
    """Those that can be run, in the version that the drive has."""
    name = find_name(app, slug)
    release = find_runnable(app, caller, name=name, version=find_version(app, caller, name))
    return Data(data=wire.show_scripts(release, look_up(app, [release.name])))


def _found(app: App, caller: Caller, names: list[str], total: int) -> Data[wire.SkillsFound]:
    entries = listings.list_entries(app, caller, names)
    showing = look_up(app, names)
    shown = [wire.show_skill(entry.skill, showing) for entry in entries]
    return Data(data=wire.SkillsFound(skills=shown, total=total))
