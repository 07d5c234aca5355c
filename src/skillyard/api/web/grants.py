"""Consent in the browser: what skills may call in somebody's name, and what they want to call newly, in plain words."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.errors import FormUnknown, LimitUnreadable
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.gateway.connect import connections
from skillyard.domain.gateway.consent import grants
from skillyard.domain.gateway.consent.needs import find_needs
from skillyard.infra.errors import SkillyardError
from skillyard.skill.names import SkillName

router = APIRouter()

Word = Annotated[str, Query(max_length=200)]

_GRANTS = "/grants"
_DAYS = {"1": 1, "7": 7, "30": 30, "365": 365}
_DAY_S = 24 * 3600
_WORDS = {"read": "reads", "write": "changes things", "destructive": "destroys, for ever"}


@router.get(_GRANTS)
def list_grants(request: Request, app: AppOf, visitor: VisitorOf, cursor: str | None = None) -> Response:
    found = grants.list_grants(app, visitor.caller, cursor=cursor)
    accounts = _accounts(app, visitor)
    return page(request, visitor, "grants.html", grants=found, accounts=accounts, now_ms=app.clock.now_ms())


@router.post(f"{_GRANTS}/revoke")
def revoke(app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    gone = grants.revoke(app, visitor.caller, grant_id=form.text("grant"))
    return go_to(_approve_path(gone.name, gone.version) if form.text("back") == "skill" else _GRANTS)


@router.get(f"{_GRANTS}/approve")
def show_needs(request: Request, app: AppOf, visitor: VisitorOf, skill: Word, version: Word = "") -> Response:
    return _needs_page(request, app, visitor, skill, version)


@router.post(f"{_GRANTS}/approve")
def consent(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    """Only to the content that was on the page: its digest is in the form."""
    skill, version, digest = (form.text(name) for name in ("skill", "version", "digest"))
    try:
        if form.text("do") == "approve":
            grants.approve(app, visitor.caller, name=_name(skill), version=version, expected_digest=digest)
        elif form.text("do") == "give":
            _give(app, visitor, form, _name(skill), version, digest)
        else:
            raise FormUnknown
    except SkillyardError as refusal:
        return _needs_page(request, app, visitor, skill, version, refusal=refusal, form=form)
    return go_to(_approve_path(skill, version))


def _give(app: App, visitor: Visitor, form: Form, name: SkillName, version: str, digest: str) -> None:
    days = _DAYS.get(form.text("days"))
    grants.give(
        app,
        visitor.caller,
        name=name,
        version=version,
        action=form.text("action"),
        limits=_read_limits(form.text("limits")),
        connection=form.text("connection") or None,
        lasts_s=days * _DAY_S if days else None,
        expected_digest=digest,
    )


def _needs_page(
    request: Request,
    app: App,
    visitor: Visitor,
    skill: str,
    version: str,
    *,
    refusal: SkillyardError | None = None,
    form: Form | None = None,
) -> Response:
    """`form`: as it was sent, when it was refused."""
    found = find_needs(app, visitor.caller, name=_name(skill), version=version or None)
    typed = {name: form.text(name) if form else "" for name in ("action", "limits", "connection", "days")}
    return page(
        request, visitor, "approve.html", refusal=refusal, needs=found, accounts=_accounts(app, visitor), words=_WORDS,
        stale=[need for need in found.needs if need.state == "stale"], typed=typed,
    )  # fmt: skip


def _accounts(app: App, visitor: Visitor) -> dict[str, Any]:
    """The visitor's connections, by their ids."""
    return {one.id: one for one in connections.list_connections(app, visitor.caller)}


def _read_limits(text: str) -> dict[str, list[str]]:
    """Lines such as `repo = acme/*`. Raises LimitUnreadable."""
    limits: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        path, equals, pattern = (part.strip() for part in line.partition("="))
        if line.strip() and not (path and equals and pattern):
            raise LimitUnreadable(line=number)
        if path:
            limits.setdefault(path, []).append(pattern)
    return limits


def _name(text: str) -> SkillName:
    """What is no name is that of no skill."""
    namespace, _, slug = text.partition("/")
    return SkillName(namespace, slug)


def _approve_path(name: str, version: str) -> str:
    return f"{_GRANTS}/approve?{urlencode({'skill': name, 'version': version}, safe='/')}"
