"""Sign in with a password or a one-time link; sign out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AddressOf, AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, Visitor, VisitorOf, end, safe_path, start
from skillyard.app import App
from skillyard.domain.accounts.errors import LinkNotValid
from skillyard.domain.accounts.links import look_at_link, redeem_link
from skillyard.domain.accounts.passwords import sign_in_with_password
from skillyard.domain.accounts.providers import list_providers
from skillyard.domain.accounts.sessions import sign_out
from skillyard.infra.errors import SkillyardError

router = APIRouter()


@router.get("/sign-in")
def show_sign_in(request: Request, app: AppOf, visitor: VisitorOf, next: str = "/account") -> Response:
    goal = safe_path(next, otherwise="/account")
    if visitor.caller.username:
        return go_to(goal)
    return _sign_in_page(request, app, visitor, username="", next=goal)


@router.post("/sign-in")
def sign_in(request: Request, app: AppOf, address: AddressOf, visitor: VisitorOf, form: FormOf) -> Response:
    username, goal = form.text("username"), safe_path(form.text("next"), otherwise="/account")
    try:
        session = sign_in_with_password(app, username=username, password=form.secret("password"), address=address)
    except SkillyardError as refusal:
        return _sign_in_page(request, app, visitor, refusal=refusal, username=username, next=goal)
    response = go_to(goal)
    start(response, app, session)
    return response


@router.get("/sign-in/{code}")
def show_link(request: Request, app: AppOf, visitor: VisitorOf, code: str) -> Response:
    """Only looks at the link: programs that preview links must not use it up."""
    return page(request, visitor, "link.html", link=look_at_link(app, code), username="", display_name="")


@router.post("/sign-in/{code}")
def redeem(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, code: str) -> Response:
    username, display_name = form.text("username"), form.text("display_name")
    try:
        session = redeem_link(
            app, code=code, username=username, display_name=display_name, password=form.secret("password")
        )
    except LinkNotValid:
        raise
    except SkillyardError as refusal:
        return page(
            request, visitor, "link.html", refusal=refusal, link=look_at_link(app, code), username=username,
            display_name=display_name,
        )  # fmt: skip
    response = go_to("/account")
    start(response, app, session)
    return response


def _sign_in_page(
    request: Request, app: App, visitor: Visitor, *, refusal: SkillyardError | None = None, **shown: str
) -> Response:
    return page(request, visitor, "sign_in.html", refusal=refusal, providers=list_providers(app), **shown)


@router.post("/sign-out")
def leave(app: AppOf, visitor: VisitorOf) -> Response:
    if visitor.caller.username:
        sign_out(app, visitor.caller)
    response = go_to("/")
    end(response, app)
    return response
