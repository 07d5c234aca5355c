"""Sign in with an OpenID provider, or link one to an account: there, back again, and what the person agrees to."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AddressOf, AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, VisitorOf, keep_oidc_secret, oidc_secret, safe_path, start
from skillyard.app import App
from skillyard.domain.accounts.errors import NamespaceTaken, NotAcceptable
from skillyard.domain.accounts.identities import create_account, link_identity, look_at_ticket
from skillyard.domain.accounts.identity import Return
from skillyard.domain.accounts.oidc_sign_in import begin_link, begin_sign_in, come_back
from skillyard.domain.accounts.providers import get_provider

router = APIRouter()

_LINKED = "/account?done=linked#identities"


@router.get("/sign-in/with/{provider}")
def leave_to_sign_in(
    request: Request, app: AppOf, address: AddressOf, visitor: VisitorOf, provider: str, next: str = "/account"
) -> Response:
    goal = safe_path(next, otherwise="/account")
    if visitor.caller.username:
        return go_to(goal)
    browser = oidc_secret(request) or secrets.token_urlsafe(32)
    url = begin_sign_in(app, provider=provider, browser=browser, goal=goal, address=address)
    return _leave(app, url, browser)


@router.get("/account/identities/link/{provider}")
def leave_to_link(request: Request, app: AppOf, address: AddressOf, visitor: VisitorOf, provider: str) -> Response:
    """Needs no form of ours: nothing is linked before the person agrees, on a page that shows what it is."""
    browser = oidc_secret(request) or secrets.token_urlsafe(32)
    url = begin_link(app, visitor.caller, provider=provider, browser=browser, goal=_LINKED, address=address)
    return _leave(app, url, browser)


@router.get("/sign-in/with/{provider}/callback")
def return_from_provider(request: Request, app: AppOf, visitor: VisitorOf, provider: str) -> Response:
    answer = dict(request.query_params)
    back = come_back(app, visitor.caller, provider=provider, browser=oidc_secret(request), answer=answer)
    if back.ticket is not None:
        label = get_provider(app, provider).label
        return page(
            request, visitor, "identity.html", proven=back.proven, ticket=back.ticket, label=label,
            username=back.proven.username if back.proven else "",
            display_name=back.proven.display_name if back.proven else "",
        )  # fmt: skip
    return _arrive(app, back)


@router.post("/sign-in/with/{provider}/account")
def agree_to_account(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, provider: str) -> Response:
    browser, ticket = oidc_secret(request), form.secret("ticket")
    username, display_name = form.text("username"), form.text("display_name")
    try:
        back = create_account(app, ticket=ticket, browser=browser, username=username, display_name=display_name)
    except (NotAcceptable, NamespaceTaken) as refusal:
        return page(
            request, visitor, "identity.html", refusal=refusal, label=get_provider(app, provider).label, ticket=ticket,
            proven=look_at_ticket(app, ticket=ticket, browser=browser), username=username, display_name=display_name,
        )  # fmt: skip
    return _arrive(app, back)


@router.post("/account/identities")
def agree_to_link(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    back = link_identity(app, visitor.caller, ticket=form.secret("ticket"), browser=oidc_secret(request))
    return _arrive(app, back)


def _leave(app: App, url: str, browser: str) -> Response:
    response = go_to(url)
    keep_oidc_secret(response, app, browser)
    return response


def _arrive(app: App, back: Return) -> Response:
    response = go_to(back.goal)
    if back.session is not None:
        start(response, app, back.session)
    return response
