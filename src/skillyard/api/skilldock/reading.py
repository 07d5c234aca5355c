"""Find and read skills, releases and authors, and fetch archives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.native.archive_response import ArchiveResponse
from skillyard.api.native.archives import Content, load_content
from skillyard.api.skilldock.addresses import base_url
from skillyard.api.skilldock.paging import DEFAULT_PER_PAGE, MOST_PER_PAGE, Wanted, WantedOf
from skillyard.api.skilldock.wire import skills as wire
from skillyard.api.skilldock.wire.accounts import UserOnWire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.app import App
from skillyard.domain.accounts import profiles
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import listings, releases, sale, skill, zips
from skillyard.domain.registry.errors import ReleaseNotFound
from skillyard.domain.registry.history import list_offered
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.repacked import Packed
from skillyard.domain.registry.search import search_names
from skillyard.skill.names import SkillName

router = APIRouter(tags=["skills"])

SKILL = "/v1/skills/{namespace}/{slug}"
_RELEASE = f"{SKILL}/releases/{{version}}"
_NOT_KEPT = "private, no-store"
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The archive.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/v2/search", summary="Find skills")
def search(request: Request, app: AppOf, caller: CallerOf, body: wire.SearchBody | None = None) -> wire.SkillsPage:
    """The best first; without words, the most downloaded. With at most five versions of each, the highest first."""
    body = body or wire.SearchBody()
    per_page = min(body.per_page or body.max_num_results or DEFAULT_PER_PAGE, MOST_PER_PAGE)
    wanted = Wanted(page=body.page, per_page=per_page)
    found = search_names(app, caller, text=body.query, limit=wanted.per_page, offset=wanted.offset)
    return _show_skills(request, app, caller, found.names, wanted, has_more=wanted.end < found.total)


@router.get("/v1/user/{user_id}", summary="An author")
def get_user(request: Request, app: AppOf, caller: CallerOf, wanted: WantedOf, user_id: str) -> wire.Profile:
    """By username, with the skills that they have published, those that changed last first."""
    display_name = profiles.get_display_name(app, username=user_id)
    names = listings.list_published_by(app, caller, author=user_id, limit=wanted.per_page + 1, offset=wanted.offset)
    has_more = len(names) > wanted.per_page
    skills = _show_skills(request, app, caller, names[: wanted.per_page], wanted, has_more=has_more)
    return wire.Profile(user=UserOnWire(id=user_id, display_name=display_name), skills=skills)


@router.get(SKILL, summary="One skill")
def get_skill(request: Request, app: AppOf, caller: CallerOf, namespace: str, slug: str) -> wire.SkillAnswer:
    """With the text of its latest release."""
    return wire.SkillAnswer(skill=show_skill(request, app, caller, SkillName(namespace, slug)))


@router.get(f"{SKILL}/releases", summary="The releases of a skill")
def list_releases(
    request: Request, app: AppOf, caller: CallerOf, wanted: WantedOf, namespace: str, slug: str
) -> wire.ReleasesPage:
    """The newest first, each with its dependencies and the address of its archive. What was withdrawn or quarantined is
    left out.
    """
    name, limit = SkillName(namespace, slug), wanted.per_page + 1
    offered = list_offered(app, caller, name=name, limit=limit, offset=wanted.offset)
    shown = wire.show_releases(zips.list_zips(app, offered[: wanted.per_page]), base_url(request))
    return wire.ReleasesPage(**wanted.facts(has_more=len(offered) == limit), items=shown)


@router.get(_RELEASE, summary="One release")
def get_release(
    request: Request, app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str
) -> wire.ReleaseAnswer:
    """By version, also a withdrawn one."""
    name = SkillName(namespace, slug)
    release, packed = _find_release(app, caller, name, version)
    shown = wire.show_release(release, packed, base_url(request))
    return wire.ReleaseAnswer(release=shown, skill=show_skill(request, app, caller, name))


@router.get(f"{_RELEASE}/download", summary="The archive of a release", response_class=Response, responses=_BYTES)
def download_release(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    version: str,
    accept: Annotated[str, Query(max_length=20, description="`flagged`: also a flagged version.")] = "",
) -> Response:
    """A zip, which begins in the folder that it was uploaded with. Counts as one download a day and client."""
    name = SkillName(namespace, slug)
    blob, packed = zips.find_zip(app, caller, name=name, version=version, has_consent=accept == "flagged")
    if packed.data is None:
        return ArchiveResponse(app, load_content(app, blob), _NOT_KEPT)
    return ArchiveResponse(app, Content(blob=blob, data=packed.data, path=None), _NOT_KEPT)


def show_skill(request: Request, app: App, caller: Caller, name: SkillName) -> wire.SkillOnWire:
    page, selling = skill.get_skill(app, caller, name=name), sale.get_sale(app, caller, name=name)
    return wire.show_skill(page, selling, _showing(request, app, [wire.author_of(page)]))


def _find_release(app: App, caller: Caller, name: SkillName, version: str) -> tuple[Release, Packed]:
    release = releases.get_release(app, caller, name=name, version=version)
    found = zips.list_zips(app, [release])
    if not found:
        raise ReleaseNotFound(name=str(name), version=release.version)
    return found[0]


def _show_skills(
    request: Request, app: App, caller: Caller, names: Sequence[str], wanted: Wanted, *, has_more: bool
) -> wire.SkillsPage:
    entries = listings.list_entries(app, caller, names)
    showing = _showing(request, app, {entry.author for entry in entries})
    items = [wire.show_entry(entry, showing) for entry in entries]
    return wire.SkillsPage(**wanted.facts(has_more=has_more), items=items)


def _showing(request: Request, app: App, authors: Collection[str]) -> wire.Showing:
    return wire.Showing(base=base_url(request), display_names=profiles.find_display_names(app, authors))
