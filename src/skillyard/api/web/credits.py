"""Credits in the browser: how many there are, and how to buy some. Where answers that ask for payment lead to."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, Visitor, VisitorOf
from skillyard.api.web.shop import words_of
from skillyard.app import App
from skillyard.domain.payments.account import get_account
from skillyard.domain.payments.credit_purchases import buy_credits, ways_to_buy_credits
from skillyard.infra.errors import SkillyardError

router = APIRouter()

_SUGGESTED = 1000


@router.get("/account/credits")
def show_credits(request: Request, app: AppOf, visitor: VisitorOf) -> Response:
    return _credits(request, app, visitor)


@router.post("/account/credits")
def buy(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    amount = form.text("amount")
    try:
        bought = buy_credits(app, visitor.caller, amount=amount, rail=form.text("rail") or None)
    except SkillyardError as refusal:
        if visitor.caller.user_id is None:
            raise
        return _credits(request, app, visitor, amount=amount, refusal=refusal)
    return go_to(f"/invoices/{bought.invoice.id}")


def _credits(
    request: Request, app: App, visitor: Visitor, *, amount: str = "", refusal: SkillyardError | None = None
) -> Response:
    settings = app.settings
    least, most = settings.credits_least, settings.credits_most
    ways = [{"rail": rail.name, "words": words_of(rail.name)} for rail in ways_to_buy_credits(app)]
    account = get_account(app, visitor.caller)
    return page(
        request, visitor, "credits.html", refusal=refusal, account=account, credits=account.credits, ways=ways,
        least=least, most=most, amount=amount or str(max(least, min(_SUGGESTED, most))),
    )  # fmt: skip
