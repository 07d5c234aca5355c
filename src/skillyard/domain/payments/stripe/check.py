"""What `doctor` asks about Stripe: the key, the account, the clock, the webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from skillyard.app import App
from skillyard.domain.payments.rail import Check
from skillyard.domain.payments.stripe.asking import StripeRefused, StripeSilent, Thing, ask, ask_all, open_client
from skillyard.domain.payments.stripe.events import FOLLOWED, TOLERANCE_S
from skillyard.domain.payments.stripe.reading import CURRENCY

if TYPE_CHECKING:
    from stripe import StripeClient

_KEY = re.compile(r"(sk|rk)_(test|live)_\w+", re.ASCII)
_MOST_SKEW_S = 60
_MOST_ENDPOINTS = 100
_WEBHOOK_PATH = "/webhooks/stripe"


def check_set_up(app: App) -> Iterator[Check]:
    """Does not raise; stops at the first thing without which the others cannot be asked."""
    yield _secrets(app)
    if not _KEY.fullmatch(app.settings.stripe_secret_key.get_secret_value()):
        hint = "Take it from Developers, API keys: it begins with sk_test_, sk_live_, rk_test_ or rk_live_."
        yield Check(name="stripe key", ok=False, detail="this is no secret key of Stripe's", hint=hint)
        return
    client = open_client(app)
    try:
        yield from _key_and_clock(app, client)
        yield from _account(client)
        yield _endpoint(client)
    except (StripeRefused, StripeSilent) as error:
        yield Check(name="stripe", ok=False, detail=error.message, hint="Check the key, and that Stripe is reachable.")


def _secrets(app: App) -> Check:
    secrets = app.settings.stripe_webhook_secrets.get_secret_value().split()
    if secrets and all(secret.startswith("whsec_") for secret in secrets):
        return Check(name="stripe webhook secrets", ok=True, detail=f"{len(secrets)} set")
    detail = (
        "one is no webhook secret of Stripe's" if secrets else "none is set; payments are found by asking, minutes late"
    )
    hint = "Take them from Developers, Webhooks: each endpoint has one that begins with whsec_."
    return Check(name="stripe webhook secrets", ok=False, detail=detail, hint=hint)


def _key_and_clock(app: App, client: StripeClient) -> Iterator[Check]:
    seen: list[Any] = []

    def look() -> Any:
        seen.append(client.v1.balance.retrieve())
        return seen[0]

    balance = ask(look)
    mode = "live mode: real money" if balance["livemode"] else "test mode: no real money"
    yield Check(name="stripe key", ok=True, detail=mode)
    date = seen[0].last_response.headers.get("date")
    if date:
        skew_s = app.clock.now_ms() // 1000 - int(parsedate_to_datetime(date).timestamp())
        hint = f"Set this machine's clock by NTP: webhooks older than {TOLERANCE_S} seconds are refused."
        yield Check(name="stripe clock", ok=abs(skew_s) <= _MOST_SKEW_S, detail=f"{skew_s} s from Stripe's", hint=hint)


def _account(client: StripeClient) -> Iterator[Check]:
    account = ask(client.v1.accounts.retrieve_current)
    currency = account.get("default_currency")
    yield Check(
        name="stripe account",
        ok=bool(account.get("charges_enabled")),
        detail=f"{account['id']} in {account.get('country')}",
        hint="Finish the set-up of the account on Stripe's dashboard: it may not charge yet.",
    )
    yield Check(
        name="stripe currency",
        ok=currency == CURRENCY,
        detail=f"the balance is kept in {currency}",
        hint="Sellers are paid in USD: add a USD bank account on Stripe's dashboard to keep the balance in it.",
    )
    yield _own_payouts(account)


def _own_payouts(account: Thing) -> Check:
    """By default Stripe sends a platform's balance to its bank each day, also what sellers have yet to be paid."""
    interval = (account.get("settings") or {}).get("payouts", {}).get("schedule", {}).get("interval")
    return Check(
        name="stripe balance",
        ok=interval == "manual",
        detail=f"it goes to your own bank: {interval}",
        hint="Make payouts to your bank manual on Stripe's dashboard: sellers are paid from what is in the balance.",
    )


def _endpoint(client: StripeClient) -> Check:
    """Whether Stripe sends us what we follow. There are two: for our account, and for those of sellers."""
    listed = ask_all(lambda: client.v1.webhook_endpoints.list({"limit": 100}), most=_MOST_ENDPOINTS)
    ours = [found for found in listed if found["url"].endswith(_WEBHOOK_PATH) and found["status"] == "enabled"]
    sent = {event for found in ours for event in found["enabled_events"]}
    missing = [] if "*" in sent else sorted(set(FOLLOWED) - sent)
    detail = f"no endpoint is sent {', '.join(missing)}" if missing else f"{len(ours)} here"
    hint = (
        f"On Stripe's dashboard, add an endpoint that ends in {_WEBHOOK_PATH} with these events, and another for those"
        " of connected accounts."
    )
    return Check(name="stripe webhooks", ok=bool(ours) and not missing, detail=detail, hint=hint)
