"""For sellers in the browser: what they have earned, what was sold, payouts and where they go."""

from __future__ import annotations

import secrets
from typing import get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.accounts.errors import NotAcceptable
from skillyard.domain.payments.balance import get_balance
from skillyard.domain.payments.connect import start_onboarding
from skillyard.domain.payments.payout_methods import list_payout_methods, set_ton_wallet
from skillyard.domain.payments.payout_model import PAID_IN, PayoutKind
from skillyard.domain.payments.payouts import cancel_payout, list_payouts, request_payout
from skillyard.domain.payments.purchases import list_sales
from skillyard.infra.errors import SkillyardError

router = APIRouter(prefix="/account/selling")

_MOST_ROWS = 50
_KINDS: dict[str, PayoutKind] = {kind: kind for kind in get_args(PayoutKind)}


@router.get("")
def show_selling(request: Request, app: AppOf, visitor: VisitorOf) -> Response:
    return _selling(request, app, visitor)


@router.post("/payouts")
def ask_for_payout(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    """The page has made up a key, so that a form that is sent twice asks once."""
    try:
        kind = _KINDS.get(form.text("to"))
        if kind is None:
            raise NotAcceptable(first="the payout method must be chosen from the form", more="")
        request_payout(
            app, visitor.caller, amount=form.text("amount"), asset=PAID_IN[kind], kind=kind,
            key=form.text("key")[:100] or None,
        )  # fmt: skip
    except SkillyardError as refusal:
        return _selling(request, app, visitor, refusal=refusal, section="payouts")
    return go_to("/account/selling#payouts")


@router.post("/payouts/{payout_id}/cancel")
def cancel(request: Request, app: AppOf, visitor: VisitorOf, payout_id: str) -> Response:
    try:
        cancel_payout(app, visitor.caller, payout_id=payout_id)
    except SkillyardError as refusal:
        return _selling(request, app, visitor, refusal=refusal, section="payouts")
    return go_to("/account/selling#payouts")


@router.post("/wallet")
def set_wallet(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    try:
        set_ton_wallet(app, visitor.caller, address=form.text("address"))
    except SkillyardError as refusal:
        return _selling(request, app, visitor, refusal=refusal, section="methods")
    return go_to("/account/selling#methods")


@router.post("/connect")
def connect(request: Request, app: AppOf, visitor: VisitorOf) -> Response:
    """Answers with the page: a form may lead nowhere but to this site, a link may."""
    try:
        _, url = start_onboarding(app, visitor.caller, country=None)
    except SkillyardError as refusal:
        return _selling(request, app, visitor, refusal=refusal, section="methods")
    return _selling(request, app, visitor, onboarding_url=url)


def _selling(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    refusal: SkillyardError | None = None,
    section: str = "",
    onboarding_url: str | None = None,
) -> Response:
    """The page; `section` is where the refusal belongs."""
    caller = visitor.caller
    sold, sold_total = list_sales(app, caller, item=None, limit=_MOST_ROWS)
    return page(
        request, visitor, "selling.html", refusal=refusal, section=section, onboarding_url=onboarding_url,
        assets=get_balance(app, caller).assets, payouts=list_payouts(app, caller, limit=_MOST_ROWS).items,
        methods=list_payout_methods(app, caller), paid_in=PAID_IN, sold=sold.items, sold_total=sold_total,
        key=secrets.token_hex(16),
    )  # fmt: skip
