"""Sellers' accounts with Stripe (Connect, Express): made by us, completed by the seller on a page of Stripe's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from skillyard.app import App
from skillyard.domain.payments.model import ConnectAccount
from skillyard.domain.payments.stripe.asking import StripeRefused, ask, open_client
from skillyard.domain.payments.stripe.reading import read_account
from skillyard.infra.errors import NotFound

if TYPE_CHECKING:
    from stripe.params import AccountCreateParams

_MISSING = ("account_invalid", "resource_missing")


class StripeAccountNotFound(NotFound):
    code = "stripe_account_not_found"
    text = "Stripe knows no account {account_id} of ours."
    hint = "Connect an account anew with `skillyard payouts connect`."


def open_account(app: App, *, user_id: str, country: str | None) -> ConnectAccount:
    """A new Express account; for a day the same one when asked again, unless the seller has taken our access away.

    Raises StripeRefused, StripeSilent.
    """
    client = open_client(app)
    wish: AccountCreateParams = {
        "type": "express",
        "capabilities": {"transfers": {"requested": True}},
        "metadata": {"user_id": user_id},
    }
    if country:
        wish["country"] = country.upper()
    key = f"acct:{user_id}:{wish.get('country', '')}"
    while True:
        made = ask(partial(client.v1.accounts.create, wish, {"idempotency_key": key}))
        try:
            return find_account(app, made["id"])  # the answer may be an old one, repeated
        except StripeAccountNotFound:
            key = f"{key}:{made['id']}"


def onboarding_url(app: App, account_id: str) -> str:
    """A new page each time: Stripe's links are good once, for minutes. Raises StripeRefused, StripeSilent."""
    client = open_client(app)
    page = f"{app.settings.address}/account/selling"
    link = ask(
        lambda: client.v1.account_links.create(
            {"account": account_id, "type": "account_onboarding", "return_url": page, "refresh_url": page}
        )
    )
    return str(link["url"])


def find_account(app: App, account_id: str) -> ConnectAccount:
    """As it is now. Raises StripeAccountNotFound, also when the seller took our access away; StripeSilent."""
    client = open_client(app)
    try:
        found = ask(lambda: client.v1.accounts.retrieve(account_id))
    except StripeRefused as refused:
        if refused.facts["reason"] not in _MISSING:
            raise
        raise StripeAccountNotFound(account_id=account_id) from None
    return read_account(found, app.clock.now_ms())
