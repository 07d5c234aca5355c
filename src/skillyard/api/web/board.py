"""The board in the browser: what people look for, and which offers match it, alone or one after the other."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.errors import InputNotJson
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.market.board import get_request, list_requests, post_request, update_request
from skillyard.domain.market.board_model import RequestFields, RequestStatus
from skillyard.domain.market.matches import list_matches, suggest
from skillyard.infra.errors import SkillyardError

router = APIRouter()

_PER_PAGE = 20
_TYPED = ("description", "tags", "max_price", "input_schema", "output_schema")

Word = Annotated[str, Query(max_length=200)]


@router.get("/wanted")
def show_board(request: Request, app: AppOf, visitor: VisitorOf, q: Word = "", tag: Word = "") -> Response:
    return _board(request, app, visitor, q=q, tag=tag)


@router.post("/wanted")
def post(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    try:
        made = post_request(app, visitor.caller, _fields(form))
    except SkillyardError as refusal:
        if visitor.caller.user_id is None:
            raise
        return _board(request, app, visitor, typed=form, refusal=refusal)
    return go_to(f"/wanted/{made.id}")


@router.get("/wanted/{request_id}")
def show_request(request: Request, app: AppOf, visitor: VisitorOf, request_id: str) -> Response:
    return _request(request, app, visitor, request_id)


@router.post("/wanted/{request_id}/status")
def set_status(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, request_id: str) -> Response:
    """Closed or open again; what is neither counts as closed."""
    status = RequestStatus.OPEN if form.text("status") == "open" else RequestStatus.CLOSED
    try:
        update_request(app, visitor.caller, request_id=request_id, status=status)
    except SkillyardError as refusal:
        return _request(request, app, visitor, request_id, refusal=refusal)
    return go_to(f"/wanted/{request_id}")


def _board(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    q: str = "",
    tag: str = "",
    typed: Form | None = None,
    refusal: SkillyardError | None = None,
) -> Response:
    found = list_requests(app, visitor.caller, text=q, tags=[tag] if tag else (), limit=_PER_PAGE)
    return page(
        request, visitor, "wanted.html", refusal=refusal, requests=found.requests, total=found.total, q=q, tag=tag,
        typed={name: typed.text(name) if typed else "" for name in _TYPED},
    )  # fmt: skip


def _request(
    request: Request, app: App, visitor: Visitor, request_id: str, *, refusal: SkillyardError | None = None
) -> Response:
    found = get_request(app, visitor.caller, request_id=request_id)
    schemas = {"Input": found.input_schema, "Output": found.output_schema}
    return page(
        request, visitor, "request.html", refusal=refusal, wanted=found,
        schemas={what: _pretty(schema.document) for what, schema in schemas.items() if schema},
        matches=list_matches(app, visitor.caller, request_id=request_id),
        suggested=suggest(app, visitor.caller, request_id=request_id),
    )  # fmt: skip


def _fields(form: Form) -> RequestFields:
    """What is left empty is not stated."""
    price = form.text("max_price")
    return RequestFields(
        description=form.text("description"),
        tags=[tag for tag in form.text("tags").replace(",", " ").split() if tag],
        input_schema=_read_json(form.text("input_schema")),
        output_schema=_read_json(form.text("output_schema")),
        max_price=int(price) if price.isascii() and price.isdigit() and len(price) < 12 else price or None,
    )


def _read_json(text: str) -> object:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise InputNotJson(line=error.lineno, column=error.colno) from None


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
