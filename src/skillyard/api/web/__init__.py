"""The pages: for reading skills, signing in, and looking after one's account. They work without JavaScript."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from skillyard.api.entrance import Surface
from skillyard.api.web import (
    account,
    board,
    calls,
    cli_approval,
    collections,
    connections,
    credits,
    drive,
    grants,
    identities,
    integrations,
    market,
    members,
    sale_settings,
    selling,
    shop,
    sign_in,
    skills,
    static,
    webhooks,
)
from skillyard.api.web.headers import SecureHeaders
from skillyard.api.web.refusals import install
from skillyard.api.web.session import form_of
from skillyard.app import App


def build_web(app: App) -> Surface:
    """The surface for everything outside the APIs."""
    web = FastAPI(
        dependencies=[Depends(form_of)], openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    web.state.app = app
    for module in (
        static,
        sign_in,
        identities,
        cli_approval,
        account,
        members,
        drive,
        collections,
        shop,
        credits,
        selling,
        sale_settings,
        market,
        board,
        webhooks,
        connections,
        grants,
        integrations,
        calls,
        skills,
    ):
        web.include_router(module.router)
    install(web)
    return SecureHeaders(web)
