"""Collections in the browser: keys that see a slice of one's drive, made, changed and taken back."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.errors import FormUnknown
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.drive import collections
from skillyard.domain.drive.collection import NewKey
from skillyard.domain.drive.reach import read_reach
from skillyard.infra.errors import SkillyardError
from skillyard.skill.names import SkillName

router = APIRouter()

_COLLECTIONS = "/account/collections"


@router.get(_COLLECTIONS)
def list_collections(request: Request, app: AppOf, visitor: VisitorOf, cursor: str | None = None) -> Response:
    return _page(request, app, visitor, cursor=cursor)


@router.post(_COLLECTIONS)
def make_collection(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    """Answers with the page itself: the key is in it, and nowhere else."""
    try:
        made = _make(app, visitor, form)
    except SkillyardError as refusal:
        return _page(request, app, visitor, refusal=refusal, section="add", typed_name=form.text("name"))
    return _page(request, app, visitor, made=made)


@router.post(f"{_COLLECTIONS}/change")
def change_collection(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    caller, name, do = visitor.caller, form.text("name"), form.text("do")
    try:
        if do == "rotate":
            return _page(request, app, visitor, made=collections.rotate_key(app, caller, name=name))
        if do in ("on", "off"):
            collections.update_collection(app, caller, name=name, enabled=do == "on")
        elif do in ("publish", "unpublish"):
            collections.update_collection(app, caller, name=name, is_public=do == "publish")
        elif do == "delete":
            collections.delete_collection(app, caller, name=name)
        else:
            raise FormUnknown
    except SkillyardError as refusal:
        return _page(request, app, visitor, refusal=refusal, section="list")
    return go_to(_COLLECTIONS)


def _make(app: App, visitor: Visitor, form: Form) -> NewKey:
    chosen = [SkillName(*skill.split("/", 1)) for skill in form.every("skills") if "/" in skill]
    return collections.create_collection(
        app,
        visitor.caller,
        name=form.text("name"),
        skills=None if form.text("which") == "all" else chosen,
        include_team=form.text("include_team") == "yes",
        include_shared=form.text("include_shared") == "yes",
        expires_in_days=_number(form, "expires_in_days"),
        monthly_quota=_number(form, "monthly_quota"),
        rate_per_minute=_number(form, "rate_per_minute"),
    )


def _number(form: Form, field: str) -> int:
    """0 when nothing was typed."""
    typed = form.text(field) or "0"
    if not (typed.isascii() and typed.isdigit() and len(typed) < 16):
        raise FormUnknown
    return int(typed)


def _page(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    cursor: str | None = None,
    refusal: SkillyardError | None = None,
    section: str = "",
    **shown: Any,
) -> Response:
    """The page; `section` is where the refusal belongs, `shown` what came out of the form that was sent."""
    caller = visitor.caller
    content = {"made": None, "typed_name": "", **shown}
    return page(
        request, visitor, "collections.html", refusal=refusal, section=section, now_ms=app.clock.now_ms(),
        collections=collections.list_collections(app, caller, cursor=cursor), reached=read_reach(app, caller),
        address=app.settings.address, **content,
    )  # fmt: skip
