"""Everything that moved money since the last time, from Stripe's own books; and what changed without moving any.

A day at a time, so that a server that was away for long catches up in steps. The cursor is a time in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillyard.app import App
from skillyard.domain.payments.model import Fact, OperatorMoved
from skillyard.domain.payments.rail import ProviderEvent
from skillyard.domain.payments.stripe import reading
from skillyard.domain.payments.stripe.asking import StripeSilent, Thing, ask, ask_all, open_client
from skillyard.domain.payments.stripe.events import follow_up
from skillyard.infra.money import Asset

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params import BalanceTransactionListParams, EventListParams
    from stripe.params import BalanceTransactionListParamsCreated as Window

_DAY_S = 24 * 60 * 60
_FIRST_DAYS = 1
_OVERLAP_S = 60 * 60
_MOST = 100_000
_MOVES_NO_MONEY = (
    "charge.dispute.closed", "refund.updated", "refund.failed", "checkout.session.expired",
    "checkout.session.async_payment_failed",
)  # fmt: skip


def sweep(app: App, cursor: str | None) -> tuple[list[Fact], str]:
    """Facts, oldest first, and the next cursor. Raises StripeSilent; the first time it says where to begin instead, so
    that the beginning does not slide while Stripe is silent.
    """
    if cursor is not None:
        return _sweep_from(app, int(cursor))
    start_s = app.clock.now_ms() // 1000 - _FIRST_DAYS * _DAY_S
    try:
        return _sweep_from(app, start_s)
    except StripeSilent:
        return [], str(start_s)


def _sweep_from(app: App, start_s: int) -> tuple[list[Fact], str]:
    now_s = app.clock.now_ms() // 1000
    end_s = min(start_s + _DAY_S, now_s)
    window: Window = {"gte": start_s - _OVERLAP_S}
    if end_s < now_s:
        window["lte"] = end_s
    client = open_client(app)
    facts = [*_booked(client, window), *_told(app, client, window)]
    return facts, str(max(start_s, end_s))


def _booked(client: StripeClient, window: Window) -> Iterator[Fact]:
    wish: BalanceTransactionListParams = {"created": window, "limit": 100, "expand": ["data.source"]}
    listed = ask_all(lambda: client.v1.balance_transactions.list(wish), most=_MOST)
    for entry in reversed(listed):
        fact = _read_booked(client, entry)
        if fact:
            yield fact


def _read_booked(client: StripeClient, entry: Thing) -> Fact | None:
    """What sells nothing is the operator's: payouts to their own bank, top-ups, Stripe's monthly fees."""
    source = entry["source"]
    match source.get("object") if isinstance(source, dict) else None:
        case "charge":
            return reading.read_receipt({**source, "balance_transaction": entry})
        case "refund":
            return reading.read_refund(source)
        case "dispute":
            return reading.read_dispute(source)
        case "transfer":
            return reading.read_transfer(source)
        case "transfer_reversal":
            transfer_id = reading.id_of(source["transfer"]) or ""
            return reading.read_transfer(ask(lambda: client.v1.transfers.retrieve(transfer_id)))
    return _operators(entry)


def _operators(entry: Thing) -> OperatorMoved | None:
    if entry["currency"] != reading.CURRENCY or not entry["net"]:
        return None
    return OperatorMoved(
        rail=reading.NAME, reference=entry["id"], asset=Asset.USD, amount=entry["net"], why=entry["type"]
    )


def _told(app: App, client: StripeClient, window: Window) -> Iterator[Fact]:
    """Events are kept for 30 days, also those of which no webhook arrived."""
    wish: EventListParams = {"created": window, "limit": 100, "types": list(_MOVES_NO_MONEY)}
    listed = ask_all(lambda: client.v1.events.list(wish), most=_MOST)
    last = {event["data"]["object"]["id"]: event for event in reversed(listed)}
    for object_id, event in last.items():
        yield from follow_up(app, ProviderEvent(id=event["id"], kind=event["type"], object_id=object_id))
