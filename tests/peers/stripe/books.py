"""What the platform reads in bulk: its balance, balance transactions and events; and where events are to be sent."""

from __future__ import annotations

from collections.abc import Callable

from tests.peers.stripe.faults import Refused, not_valid
from tests.peers.stripe.forms import Params, metadata, text
from tests.peers.stripe.world import API_VERSION, Thing, World


def retrieve_balance(world: World, params: Params, account: str) -> Thing:
    available, pending = world.balance(account)
    amounts = {"available": available, "pending": pending}
    shown = {name: [{"amount": amount, "currency": world.currency, "source_types": {"card": amount}}]
             for name, amount in amounts.items()}  # fmt: skip
    return {"object": "balance", "livemode": world.livemode, **shown}


def retrieve_entry(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("balance_transaction", id, account)


def retrieve_event(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("event", id, account)


# Webhook endpoints


def create_endpoint(world: World, params: Params, account: str) -> Thing:
    events = params.get("enabled_events") or []
    if not events:
        raise Refused(400, "Missing required param: enabled_events.", code="parameter_missing", param="enabled_events")
    secret = f"whsec_{world.new_id('peer').partition('_')[2]}"
    endpoint = add_endpoint(world, text(params, "url"), secret, events, connect=params.get("connect") == "true")
    return endpoint | {"secret": secret, "metadata": metadata(params)}


def add_endpoint(world: World, url: str, *secrets_and_events: object, connect: bool = False) -> Thing:
    *secrets, events = secrets_and_events
    endpoint = world.add(
        "we", "webhook_endpoint", url=url, enabled_events=events, status="enabled", metadata={}, description=None,
        api_version=API_VERSION, application=None,
    )  # fmt: skip
    world.hidden[endpoint["id"]] = {"secrets": secrets, "connect": connect}
    return endpoint


def retrieve_endpoint(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("webhook_endpoint", id, account)


def delete_endpoint(world: World, params: Params, account: str, id: str) -> Thing:
    endpoint = world.get("webhook_endpoint", id, account)
    world.lists[account, "webhook_endpoint"].remove(endpoint)
    del world.things[id]
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


# Lists

_LISTS = {
    "/v1/checkout/sessions": ("checkout.session", ("payment_intent", "status")),
    "/v1/charges": ("charge", ("payment_intent", "transfer_group")),
    "/v1/refunds": ("refund", ("charge", "payment_intent")),
    "/v1/disputes": ("dispute", ("charge", "payment_intent")),
    "/v1/transfers": ("transfer", ("destination", "transfer_group")),
    "/v1/payouts": ("payout", ("status",)),
    "/v1/accounts": ("account", ()),
    "/v1/balance_transactions": ("balance_transaction", ("type", "source", "payout")),
    "/v1/events": ("event", ("type",)),
    "/v1/webhook_endpoints": ("webhook_endpoint", ()),
}


def _lister(path: str, kind: str, filters: tuple[str, ...]) -> Callable[[World, Params, str], Thing]:
    def list_them(world: World, params: Params, account: str) -> Thing:
        wanted = {name: params[name] for name in filters if name in params}
        admitted = params.get("types")
        found = [
            thing
            for thing in world.newest(kind, account)
            if all(thing.get(name) == value for name, value in wanted.items())
            and (not admitted or thing["type"] in admitted)
            and _created(thing, params.get("created"))
        ]
        return {"object": "list", "url": path, **_page(found, params)}

    return list_them


def _created(thing: Thing, wish: Params | str | None) -> bool:
    if wish is None:
        return True
    if isinstance(wish, str):
        return bool(thing["created"] == int(wish))
    made = thing["created"]
    tests = {"gt": made.__gt__, "gte": made.__ge__, "lt": made.__lt__, "lte": made.__le__}
    return all(tests[name](int(value)) for name, value in wish.items())


def _page(found: list[Thing], params: Params) -> Thing:
    limit = int(params.get("limit", 10))
    if not 1 <= limit <= 100:
        raise not_valid("limit", "Invalid integer: limit must be between 1 and 100", "parameter_invalid_integer")
    if "ending_before" in params:
        before = found[: _place(found, params, "ending_before")]
        return {"data": before[-limit:], "has_more": len(before) > limit}
    start = _place(found, params, "starting_after") + 1 if "starting_after" in params else 0
    return {"data": found[start : start + limit], "has_more": len(found) > start + limit}


def _place(found: list[Thing], params: Params, name: str) -> int:
    for place, thing in enumerate(found):
        if thing["id"] == params[name]:
            return place
    raise Refused(400, f"No such object: '{params[name]}'", code="resource_missing", param=name)


def list_reversals(world: World, params: Params, account: str, id: str) -> Thing:
    found = world.get("transfer", id, account)["reversals"]["data"]
    return {"object": "list", "url": f"/v1/transfers/{id}/reversals", **_page(found, params)}


ROUTES = (
    ("GET", "/v1/balance", retrieve_balance),
    ("GET", "/v1/balance_transactions/{id}", retrieve_entry),
    ("GET", "/v1/events/{id}", retrieve_event),
    ("POST", "/v1/webhook_endpoints", create_endpoint),
    ("GET", "/v1/webhook_endpoints/{id}", retrieve_endpoint),
    ("DELETE", "/v1/webhook_endpoints/{id}", delete_endpoint),
    ("GET", "/v1/transfers/{id}/reversals", list_reversals),
    *(("GET", path, _lister(path, kind, filters)) for path, (kind, filters) in _LISTS.items()),
)
