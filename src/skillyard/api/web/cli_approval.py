"""Where a person lets a waiting command line, or another device, sign in; or turns it away."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AddressOf, AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, VisitorOf
from skillyard.domain.accounts.cli_sessions import (
    approve_cli_session,
    deny_cli_session,
    find_cli_session,
    get_cli_session,
)
from skillyard.infra.errors import SkillyardError

router = APIRouter()


@router.get("/cli")
def ask_for_code(request: Request, visitor: VisitorOf) -> Response:
    """For whoever reads a code off another screen."""
    visitor.caller.must("approve_sign_in")
    return page(request, visitor, "device.html", refusal=None)


@router.post("/cli")
def find_by_code(request: Request, app: AppOf, visitor: VisitorOf, address: AddressOf, form: FormOf) -> Response:
    try:
        session = find_cli_session(app, visitor.caller, user_code=form.text("user_code"), address=address)
    except SkillyardError as refusal:
        return page(request, visitor, "device.html", refusal=refusal)
    return go_to(f"/cli/{session.id}")


@router.get("/cli/{session_id}")
def show_cli_session(request: Request, app: AppOf, visitor: VisitorOf, session_id: str) -> Response:
    session = get_cli_session(app, visitor.caller, session_id=session_id)
    return page(request, visitor, "cli.html", session=session)


@router.post("/cli/{session_id}")
def decide(app: AppOf, visitor: VisitorOf, form: FormOf, session_id: str) -> Response:
    operation = approve_cli_session if form.text("decision") == "approve" else deny_cli_session
    session = operation(app, visitor.caller, session_id=session_id)
    return go_to(f"/cli/{session.id}")
