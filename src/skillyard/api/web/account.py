"""One's own account: tokens, password, namespaces; and invitations, for administrators."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf, visitor_of
from skillyard.app import App
from skillyard.domain.accounts.errors import NotAcceptable
from skillyard.domain.accounts.identities import list_identities, unlink_identity
from skillyard.domain.accounts.links import create_sign_in_link
from skillyard.domain.accounts.namespaces import create_namespace
from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.accounts.people import get_me
from skillyard.domain.accounts.providers import label_of, list_providers
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import DEFAULT_DAYS, NewToken, list_tokens, revoke_token
from skillyard.domain.gateway.calls.keys import create_token
from skillyard.domain.gateway.catalog.lookup import list_integrations
from skillyard.infra.errors import SkillyardError

router = APIRouter()

_MOST_TOKENS = 100


@router.get("/account")
def show_account(request: Request, app: AppOf, visitor: VisitorOf, done: str = "") -> Response:
    return _account(request, app, visitor, done=done)


@router.post("/account/tokens")
def make_token(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    """Answers with the page itself: the secret is in it, and nowhere else."""
    try:
        new_token = _new_token(app, visitor, form)
    except SkillyardError as refusal:
        return _account(request, app, visitor, refusal=refusal, section="tokens")
    return _account(request, app, visitor, new_token=new_token)


@router.post("/account/tokens/{token_id}/revoke")
def revoke(app: AppOf, visitor: VisitorOf, token_id: str) -> Response:
    revoke_token(app, visitor.caller, token_id=token_id)
    return go_to("/account?done=revoked#tokens")


@router.post("/account/password")
def change_password(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    current = form.secret("current_password") or None
    try:
        set_password(app, visitor.caller, password=form.secret("password"), current_password=current)
    except SkillyardError as refusal:
        return _account(request, app, visitor, refusal=refusal, section="password")
    return go_to("/account?done=password#password")


@router.post("/account/identities/{identity_id}/unlink")
def unlink(request: Request, app: AppOf, visitor: VisitorOf, identity_id: str) -> Response:
    try:
        unlink_identity(app, visitor.caller, identity_id=identity_id)
    except SkillyardError as refusal:
        return _account(request, app, visitor, refusal=refusal, section="identities")
    return go_to("/account?done=unlinked#identities")


@router.post("/account/namespaces")
def make_namespace(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    slug = form.text("slug")
    try:
        new = create_namespace(app, visitor.caller, slug=slug, display_name=form.text("display_name") or None)
    except SkillyardError as refusal:
        return _account(request, app, visitor, refusal=refusal, section="namespaces")
    if new.notes:
        return _account(request, app, visitor_of(request), notes=new.notes)
    return go_to(f"/account/namespaces/{slug}")


@router.post("/account/invitations")
def invite(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    try:
        link = create_sign_in_link(app, visitor.caller, username=form.text("username") or None)
    except SkillyardError as refusal:
        return _account(request, app, visitor, refusal=refusal, section="invitations")
    return _account(request, app, visitor, new_link=link)


def _new_token(app: App, visitor: Visitor, form: Form) -> NewToken:
    unknown = [word for word in form.every("scopes") if word not in list(Scope)]
    days = form.text("expires_in_days")
    if unknown or not (days.isascii() and days.isdigit() and len(days) < 5):
        raise NotAcceptable(first="scopes and days must be chosen from the form", more="")
    return create_token(
        app,
        visitor.caller,
        name=form.text("name"),
        scopes=[Scope(word) for word in form.every("scopes")],
        expires_in_days=int(days),
        namespaces=form.every("namespaces") or None,
        integrations=form.every("integrations") or None,
    )


def _account(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    refusal: SkillyardError | None = None,
    section: str = "",
    **shown: Any,
) -> Response:
    """The page; `section` is where the refusal belongs, `shown` what came out of the form that was sent."""
    me = get_me(app, visitor.caller)
    tokens = list_tokens(app, visitor.caller, limit=_MOST_TOKENS)
    identities = list_identities(app, visitor.caller, limit=_MOST_TOKENS)
    content = {"done": "", "new_token": None, "new_link": None, "notes": (), **shown}
    return page(
        request, visitor, "account.html", refusal=refusal, section=section, me=me, tokens=tokens.items,
        scopes=[scope.value for scope in Scope if scope in visitor.caller.scopes], default_days=DEFAULT_DAYS,
        identities=[(identity, label_of(app, identity.issuer)) for identity in identities.items],
        providers=list_providers(app), integrations=list_integrations(app), now_ms=app.clock.now_ms(), **content,
    )  # fmt: skip
