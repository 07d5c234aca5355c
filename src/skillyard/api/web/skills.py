"""For everybody: the start page, the search, a skill with its versions, and single files of it."""

from __future__ import annotations

from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import page
from skillyard.api.web.session import Visitor, VisitorOf
from skillyard.api.web.shop import sale_page, ways_to_pay
from skillyard.app import App
from skillyard.domain.registry.errors import ReleaseNotFound
from skillyard.domain.registry.files import get_file, list_files
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release, Visibility
from skillyard.domain.registry.releases import get_release, list_releases
from skillyard.domain.registry.sale import get_sale
from skillyard.domain.registry.scans import get_scan
from skillyard.domain.registry.search import search
from skillyard.domain.registry.skill import get_skill
from skillyard.domain.registry.trust import ScanResult
from skillyard.infra.errors import SkillyardError
from skillyard.infra.search import Sort
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import read_permissions

router = APIRouter()

_ON_START_PAGE = 12
_PER_PAGE = 20
_MOST_FILES = 2000
_MOST_SHOWN_BYTES = 200_000
_VERDICTS = {"pass": "nothing found", "pass_with_notes": "passed, with notes", "flagged": "flagged", "fail": "failed"}

Word = Annotated[str, Query(max_length=200)]


@router.get("/")
def show_start(request: Request, app: AppOf, visitor: VisitorOf) -> Response:
    found = search(app, visitor.caller, sort="updated", limit=_ON_START_PAGE)
    return page(request, visitor, "home.html", skills=[item.skill for item in found.items])


@router.get("/search")
def show_search(
    request: Request,
    app: AppOf,
    visitor: VisitorOf,
    q: Word = "",
    namespace: Word = "",
    tag: Annotated[list[Word] | None, Query(max_length=20)] = None,
    agent: Word = "",
    sort: Word = "",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    found = search(
        app, visitor.caller, text=q, namespace=namespace or None, tags=tag or (), agent=agent or None,
        sort=sort or None, limit=_PER_PAGE, cursor=cursor,
    )  # fmt: skip
    filters = [("namespace", namespace), *(("tag", one) for one in tag or ()), ("agent", agent)]
    asked = [("q", q), *filters, ("sort", sort)]
    return page(
        request, visitor, "search.html", q=q, sort=sort, sorts=get_args(Sort), total=found.total,
        skills=[item.skill for item in found.items], filters=_removable(asked, filters),
        more=_address(*asked, ("cursor", found.next_cursor)) if found.next_cursor else None,
    )  # fmt: skip


@router.get("/{namespace}/{slug}")
def show_skill(
    request: Request,
    app: AppOf,
    visitor: VisitorOf,
    namespace: str,
    slug: str,
    version: Word = DEFAULT_CHANNEL,
    ref: Word = "",
) -> Response:
    return skill_page(request, app, visitor, SkillName(namespace, slug), version=version, referral_code=ref)


def skill_page(
    request: Request,
    app: App,
    visitor: Visitor,
    name: SkillName,
    *,
    version: str = DEFAULT_CHANNEL,
    referral_code: str = "",
    refusal: SkillyardError | None = None,
) -> Response:
    """`refusal`: of a change of how it is sold."""
    sale = get_sale(app, visitor.caller, name=name)
    has_content = sale.access.can_view_full_content
    if sale.visibility is Visibility.PRIVATE and not has_content:
        return sale_page(request, app, visitor, sale, referral_code=referral_code)
    found = get_skill(app, visitor.caller, name=name)
    release = _release(app, visitor, name, version)
    return page(
        request, visitor, "skill.html", skill=found.skill, channels=found.channels, release=release,
        versions=list_releases(app, visitor.caller, name=name, limit=_PER_PAGE).items,
        versions_count=found.versions_count, is_latest=version == DEFAULT_CHANNEL,
        files=_files(app, visitor, name, release) if has_content else (), grants=_grants(release),
        scan=(scan := _scan(app, visitor, name, release)), findings=scan.report["findings"] if scan else (),
        verdicts=_VERDICTS,
        homepage=_web_address(release.homepage if release else None), sale=sale, has_content=has_content,
        ways=ways_to_pay(app, sale), referral_code=referral_code,
        may_sell=visitor.caller.may("sell", on=str(name)), refusal=refusal,
    )  # fmt: skip


@router.get("/{namespace}/{slug}/{version}/files/{path:path}")
def show_file(
    request: Request, app: AppOf, visitor: VisitorOf, namespace: str, slug: str, version: str, path: str
) -> Response:
    name = SkillName(namespace, slug)
    release, content = get_file(app, visitor.caller, name=name, version=version, path=path)
    return page(
        request, visitor, "file.html", release=release, file_path=path, size_bytes=len(content), text=_text(content)
    )


def _release(app: App, visitor: Visitor, name: SkillName, version: str) -> Release | None:
    """None when the skill has no latest release, because none is on offer."""
    try:
        return get_release(app, visitor.caller, name=name, version=version)
    except ReleaseNotFound:
        if version == DEFAULT_CHANNEL:
            return None
        raise


def _files(app: App, visitor: Visitor, name: SkillName, release: Release | None) -> tuple[Any, ...]:
    if release is None:
        return ()
    return list_files(app, visitor.caller, name=name, version=release.version, limit=_MOST_FILES).items


def _scan(app: App, visitor: Visitor, name: SkillName, release: Release | None) -> ScanResult | None:
    if release is None or release.verdict is None:
        return None
    return get_scan(app, visitor.caller, name=name, version=release.version)


def _text(content: bytes) -> str | None:
    """The content to show; None for what is no text, or too long."""
    if len(content) > _MOST_SHOWN_BYTES or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _grants(release: Release | None) -> list[str]:
    """What the release declares that it may do, in plain words."""
    return read_permissions(release.permissions)[0].describe() if release else []


def _web_address(homepage: str | None) -> str | None:
    """What authors write becomes a link only when it leads to the web."""
    return homepage if homepage and homepage.startswith(("https://", "http://")) else None


def _removable(asked: list[tuple[str, str]], filters: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Each filter that is set: its kind, its value, and the address of the same search without it."""
    set_ones = [one for one in filters if one[1]]
    return [(*one, _address(*(other for other in asked if other != one))) for one in set_ones]


def _address(*asked: tuple[str, str | None]) -> str:
    return "/search?" + urlencode([(name, value) for name, value in asked if value])
