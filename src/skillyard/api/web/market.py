"""The market in the browser: what can be invoked, one of it with a form to try it, and what became of an invocation."""

from __future__ import annotations

from typing import Annotated, cast, get_args
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.errors import InputNotJson
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.market.invocations import get_invocation, list_my_invocations
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer, OfferOrder
from skillyard.domain.market.offers import browse_offers, get_offer
from skillyard.domain.market.ratings import get_ratings, rate
from skillyard.domain.market.settle import cancel
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from skillyard.skill.executable import TRUST_LEVELS
from skillyard.skill.schema_example import example_of

router = APIRouter()

_PER_PAGE = 20
_ASK_EVERY_S = 2
_ORDERS = get_args(OfferOrder)

Word = Annotated[str, Query(max_length=200)]


@router.get("/market")
def show_market(
    request: Request,
    app: AppOf,
    visitor: VisitorOf,
    q: Word = "",
    tag: Word = "",
    trust: Word = "",
    sort: Word = "",
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    order = sort if sort in _ORDERS else "newest"
    found = browse_offers(
        app, visitor.caller, text=q, tags=[tag] if tag else (), sort=cast(OfferOrder, order), limit=_PER_PAGE,
        trust_level=next((level for level in TRUST_LEVELS if level == trust), None), offset=offset,
    )  # fmt: skip
    wanted = {"q": q, "tag": tag, "trust": trust, "sort": sort}
    following = offset + _PER_PAGE
    return page(
        request, visitor, "market.html", offers=found.offers, total=found.total, orders=_ORDERS,
        q=q, tag=tag, trust=trust, sort=sort,
        more=f"/market?{urlencode({**wanted, 'offset': following})}" if following < found.total else None,
    )  # fmt: skip


@router.get("/market/{namespace}/{slug}")
def show_offer(request: Request, app: AppOf, visitor: VisitorOf, namespace: str, slug: str) -> Response:
    return _offer(request, app, visitor, f"{namespace}/{slug}")


@router.post("/market/{namespace}/{slug}/invoke")
def invoke_offer(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, namespace: str, slug: str) -> Response:
    """The key comes from the page, so that the same form sent twice is one invocation; so does the price."""
    name, text, seen = f"{namespace}/{slug}", form.text("input"), form.text("price")
    try:
        offer = get_offer(app, visitor.caller, name=name)
        made = invoke(
            app, visitor.caller, offer_id=offer.id, input=_read_input(text), key=form.text("retry_key") or None,
            max_price=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 12 else None,
        )  # fmt: skip
    except SkillyardError as refusal:
        if visitor.caller.user_id is None:
            raise
        return _offer(request, app, visitor, name, typed=text, refusal=refusal)
    return go_to(f"/invocations/{made.id}")


@router.get("/invocations/{invocation_id}")
def show_invocation(request: Request, app: AppOf, visitor: VisitorOf, invocation_id: str) -> Response:
    return _invocation(request, app, visitor, invocation_id)


@router.post("/invocations/{invocation_id}/cancel")
def cancel_invocation(request: Request, app: AppOf, visitor: VisitorOf, invocation_id: str) -> Response:
    try:
        cancel(app, visitor.caller, invocation_id=invocation_id)
    except SkillyardError as refusal:
        return _invocation(request, app, visitor, invocation_id, refusal=refusal)
    return go_to(f"/invocations/{invocation_id}")


@router.post("/invocations/{invocation_id}/rate")
def rate_offer(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, invocation_id: str) -> Response:
    stars = form.text("stars")
    try:
        found = get_invocation(app, visitor.caller, invocation_id=invocation_id)
        given = int(stars) if stars in ("1", "2", "3", "4", "5") else stars
        rate(app, visitor.caller, offer_id=found.offer_id, stars=given, invocation_id=found.id)
    except SkillyardError as refusal:
        return _invocation(request, app, visitor, invocation_id, refusal=refusal)
    return go_to(f"/invocations/{invocation_id}")


@router.get("/account/invocations")
def show_invocations(
    request: Request, app: AppOf, visitor: VisitorOf, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    found = list_my_invocations(app, visitor.caller, limit=_PER_PAGE, cursor=cursor)
    return page(request, visitor, "invocations.html", invocations=found.items, next_cursor=found.next_cursor)


def _offer(
    request: Request,
    app: App,
    visitor: Visitor,
    name: str,
    *,
    typed: str | None = None,
    refusal: SkillyardError | None = None,
) -> Response:
    offer = get_offer(app, visitor.caller, name=name)
    return page(
        request, visitor, "offer.html", refusal=refusal, offer=offer, retry_key=new_id("form"),
        input_schema=_pretty(offer.executable.input_schema.document),
        output_schema=_pretty(offer.executable.output_schema.document),
        typed=_example(offer) if typed is None else typed, is_own=visitor.caller.may("read", on=offer.name),
    )  # fmt: skip


def _invocation(
    request: Request, app: App, visitor: Visitor, invocation_id: str, *, refusal: SkillyardError | None = None
) -> Response:
    found = get_invocation(app, visitor.caller, invocation_id=invocation_id)
    return page(
        request, visitor, "invocation.html", refusal=refusal, invocation=found, input=_pretty(found.input),
        output=_pretty(found.output) if found.output is not None else None,
        own_rating=_own_rating(app, visitor, found) if found.status is InvocationStatus.COMPLETED else None,
        ask_every_s=_ASK_EVERY_S if not (found.status.is_settled or refusal) else None,
    )  # fmt: skip


def _own_rating(app: App, visitor: Visitor, invocation: Invocation) -> int | None:
    """0 when its buyer may still give one; None for whom it is not to rate."""
    if visitor.caller.user_id != invocation.buyer_id or visitor.caller.may("read", on=invocation.name):
        return None
    return get_ratings(app, visitor.caller, offer_id=invocation.offer_id).own or 0


def _read_input(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputNotJson(line=error.lineno, column=error.colno) from None


def _example(offer: Offer) -> str:
    return _pretty(example_of(offer.executable.input_schema.document))


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
