"""Connected accounts: sellers open one with the provider of a rail, complete it there, and are paid to it."""

from __future__ import annotations

import re
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.model import ConnectAccount, PayoutStatus
from skillyard.domain.payments.payout_errors import CountryIsFixed, CountryNotValid, NoConnectRail
from skillyard.domain.payments.payout_model import WAITING, PayoutMethodChanged
from skillyard.domain.payments.payout_states import events_of, move
from skillyard.domain.payments.rail import ConnectRail, ready_rails
from skillyard.domain.payments.store import connect as store
from skillyard.domain.payments.store import payout_methods, payouts
from skillyard.infra.database import Tx
from skillyard.infra.errors import NotFound, Unavailable, Upstream
from skillyard.infra.events import Event

_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_DISCONNECTED = "its account was disconnected"


def start_onboarding(app: App, caller: Caller, *, country: str | None = None) -> tuple[ConnectAccount, str]:
    """The caller's account, made at the first time, and a new address where to complete it.

    Raises NoConnectRail, CountryNotValid, CountryIsFixed, Upstream.
    """
    caller.must("pay_out")
    user_id, _ = caller.identity
    country = _read_country(country)
    rail = _connect_rail(app)
    with app.database.reading() as tx:
        account = store.find_of(tx, user_id)
    if account is None or account.status == "disconnected":
        opened = rail.open_account(app, user_id=user_id, country=country)
        account = _keep(app, replace(opened, user_id=user_id), instead_of=account)
    elif country and account.country and country != account.country:
        raise CountryIsFixed(country=account.country)
    return account, rail.onboarding_url(app, account.account_id)


def get_connect_account(app: App, caller: Caller) -> ConnectAccount | None:
    """As the provider sees it now, or did when it last answered; None before it was started."""
    caller.must("buy")
    user_id, _ = caller.identity
    return refresh(app, user_id)


def refresh(app: App, user_id: str) -> ConnectAccount | None:
    """Ask the provider for the account of somebody; what is known already where it does not answer."""
    with app.database.reading() as tx:
        known = store.find_of(tx, user_id)
    if known is None or known.status == "disconnected":
        return known
    now_ms = app.clock.now_ms()
    try:
        seen = _connect_rail(app).find_account(app, known.account_id)
    except NotFound:
        seen = replace(known, status="disconnected", synced_ms=now_ms)
    except (Upstream, Unavailable, NoConnectRail):
        return known
    with app.database.transaction() as tx:
        events = apply_account(tx, seen, now_ms)
        found = store.find_of(tx, user_id)
        for event in events:
            app.events.record(tx, event)
    return found


def apply_account(tx: Tx, account: ConnectAccount, now_ms: int) -> list[Event]:
    """Take in how the provider sees an account. One that is disconnected is paid nothing any more: what was to go there
    and is not sent is available again. What is to be recorded of it.
    """
    seen = replace(account, synced_ms=account.synced_ms or now_ms)
    if account.status != "disconnected":
        store.update(tx, seen)
        return []
    known = store.find(tx, account.account_id)
    if known is None or known.status == "disconnected":
        return []
    gone = replace(
        known,
        status="disconnected",
        charges_enabled=False,
        payouts_enabled=False,
        synced_ms=max(seen.synced_ms, known.synced_ms),
    )
    store.update(tx, gone)
    methods = payout_methods.disable(tx, "stripe", account.account_id, why=_DISCONNECTED, now_ms=now_ms)
    events: list[Event] = [
        PayoutMethodChanged(user_id=method.user_id, method_id=method.id, method_kind=method.kind, is_usable=False)
        for method in methods
    ]
    taken = [payouts.take(tx, payout_id) for payout_id in payouts.list_waiting_to(tx, [one.id for one in methods])]
    for payout in taken:
        if payout and payout.status in WAITING:
            failed = move(tx, payout, PayoutStatus.FAILED, cause=_DISCONNECTED, now_ms=now_ms)
            events += events_of(failed)
    return events


def _keep(app: App, opened: ConnectAccount, *, instead_of: ConnectAccount | None) -> ConnectAccount:
    """Store an account that was opened; of two that were opened at once, the one that was stored first."""
    now_ms = app.clock.now_ms()
    made = replace(opened, created_ms=opened.created_ms or now_ms, synced_ms=opened.synced_ms or now_ms)
    with app.database.transaction() as tx:
        if instead_of is None:
            store.add(tx, made)
        else:
            store.replace(tx, made, instead_of=instead_of.account_id)
        kept = store.find_of(tx, made.user_id)
    if kept is None:
        raise RuntimeError(f"the account {made.account_id} belongs to somebody else already")
    return kept


def _connect_rail(app: App) -> ConnectRail:
    for rail in ready_rails(app):
        if isinstance(rail, ConnectRail):
            return rail
    raise NoConnectRail


def _read_country(country: str | None) -> str | None:
    if country is None:
        return None
    if not _COUNTRY.fullmatch(country):
        raise CountryNotValid
    return country.upper()
