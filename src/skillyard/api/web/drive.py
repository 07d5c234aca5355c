"""Drives: what is in one's own or a team's, what is new for it, what its members ask for, what is shared of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.errors import FormUnknown
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.drive import imports, items, requests, shares, updates
from skillyard.domain.drive.model import ItemRequest
from skillyard.infra.errors import SkillyardError
from skillyard.skill.names import SkillName

router = APIRouter()

_DRIVE = "/account/drive"
_MOST_REQUESTS = 100
_CHANGES: Mapping[str, Callable[..., object]] = {
    "on": partial(items.set_enabled, enabled=True),
    "off": partial(items.set_enabled, enabled=False),
    "pin": items.pin_item,
    "unpin": items.unpin_item,
    "remove": items.remove_item,
}
_DECISIONS: Mapping[str, Callable[..., object]] = {"accept": updates.accept_update, "dismiss": updates.dismiss_update}


@router.get(_DRIVE)
def show_drive(
    request: Request, app: AppOf, visitor: VisitorOf, of: str | None = None, cursor: str | None = None, done: str = ""
) -> Response:
    return _drive_page(request, app, visitor, of=of, cursor=cursor, done=done)


@router.post(_DRIVE)
def bring_in(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    source, of = form.text("source"), _drive_of(form)
    try:
        done = imports.import_skill(app, visitor.caller, source=source, drive=of, slug=form.text("slug") or None)
    except SkillyardError as refusal:
        return _drive_page(request, app, visitor, of=of, refusal=refusal, section="add", source=source)
    return go_to(_address(of, done="asked" if isinstance(done, ItemRequest) else "added"))


@router.post(f"{_DRIVE}/items/{{namespace}}/{{slug}}")
def change_item(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, namespace: str, slug: str) -> Response:
    name, of, do = SkillName(namespace, slug), _drive_of(form), form.text("do")
    try:
        if do == "share":
            new_share = shares.create_share(app, visitor.caller, name=name, drive=of)
            return _drive_page(request, app, visitor, of=of, new_share=new_share)
        if do in _DECISIONS:
            _DECISIONS[do](app, visitor.caller, name=name, drive=of, version=form.text("version") or None)
        elif do in _CHANGES:
            _CHANGES[do](app, visitor.caller, name=name, drive=of)
        else:
            raise FormUnknown
    except SkillyardError as refusal:
        section = "updates" if do in _DECISIONS else "items"
        return _drive_page(request, app, visitor, of=of, refusal=refusal, section=section)
    return go_to(_address(of))


@router.post(f"{_DRIVE}/requests/{{request_id}}")
def decide_request(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, request_id: str) -> Response:
    of = _drive_of(form)
    try:
        if form.text("do") == "accept":
            requests.accept_request(app, visitor.caller, request_id=request_id)
        else:
            requests.decline_request(app, visitor.caller, request_id=request_id, reason=form.text("reason"))
    except SkillyardError as refusal:
        return _drive_page(request, app, visitor, of=of, refusal=refusal, section="requests")
    return go_to(_address(of))


@router.post(f"{_DRIVE}/shares/{{share_id}}/end")
def end_share(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, share_id: str) -> Response:
    """Revoke what one gave, or leave what one was given."""
    of = _drive_of(form)
    try:
        if form.text("do") == "leave":
            shares.leave_share(app, visitor.caller, share_id=share_id)
        else:
            shares.revoke_share(app, visitor.caller, share_id=share_id)
    except SkillyardError as refusal:
        return _drive_page(request, app, visitor, of=of, refusal=refusal, section="shares")
    return go_to(_address(of))


@router.get(f"{_DRIVE}/shares/{{secret}}")
def show_share(request: Request, app: AppOf, visitor: VisitorOf, secret: str) -> Response:
    """Only looks at the link: programs that preview links must not take what it gives."""
    share = shares.look_at_share(app, visitor.caller, secret=secret)
    return page(request, visitor, "share.html", share=share, taken=None)


@router.post(f"{_DRIVE}/shares/{{secret}}")
def take_share(request: Request, app: AppOf, visitor: VisitorOf, secret: str) -> Response:
    taken = shares.accept_share(app, visitor.caller, secret=secret)
    return page(request, visitor, "share.html", share=None, taken=taken)


def _drive_of(form: Form) -> str | None:
    return form.text("of") or None


def _address(of: str | None, **more: str) -> str:
    said = {**({"of": of} if of else {}), **more}
    return f"{_DRIVE}?{urlencode(said)}" if said else _DRIVE


def _drive_page(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    of: str | None,
    cursor: str | None = None,
    refusal: SkillyardError | None = None,
    section: str = "",
    **shown: Any,
) -> Response:
    """The page; `section` is where the refusal belongs, `shown` what came out of the form that was sent."""
    caller = visitor.caller
    here = items.list_items(app, caller, drive=of, cursor=cursor)
    drive = of or caller.identity[1]
    may_manage = caller.may("manage_drive", on=drive)
    is_own = drive == caller.username
    content = {"done": "", "source": "", "new_share": None, **shown}
    return page(
        request, visitor, "drive.html", refusal=refusal, section=section, drive=drive, is_own=is_own,
        may_manage=may_manage, drives=sorted(caller.roles, key=lambda name: (name != caller.username, name)),
        items=here, updates=updates.list_updates(app, caller, drive=of), now_ms=app.clock.now_ms(),
        requests=requests.list_requests(app, caller, drive=drive, limit=_MOST_REQUESTS).items,
        given=shares.list_shares(app, caller, drive=of).items if may_manage else (),
        taken=shares.list_taken_shares(app, caller) if is_own else [],
        address=app.settings.address, **content,
    )  # fmt: skip
