"""Webhooks: have an address told what happens, and see what came of each message."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Namespace = Annotated[str | None, Parameter(help="Of a namespace that you maintain; left out: your own.")]
Threshold = Annotated[int | None, Parameter(help="For credits.threshold_hit: tell when they go down to so many.")]

webhooks = App(name="webhooks", help="Addresses that are told what happens.")


@webhooks.command(name="add")
def add_webhook(
    url: str,
    /,
    *events: str,
    namespace: Namespace = None,
    threshold: Threshold = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Tell an address of events, such as release.published or payout.*; the secret is shown this once."""
    with Client(registry) as client:
        made = client.add_hook(url, events, threshold=threshold, namespace=namespace)
    if json:
        return show.data(made)
    show.line("{id} is told of {events}", id=made["details"]["id"], events=", ".join(made["details"]["events"]))
    show.line("secret  [bold]{secret}[/]", secret=made["secret"])
    show.talk("[yellow]Keep the secret now[/]: it is not shown again. Messages are signed with it.")
    return None


@webhooks.command(name="list")
def list_webhooks(*, namespace: Namespace = None, registry: Registry = None, json: Json = False) -> None:
    """List your webhooks, or those of a namespace."""
    with Client(registry) as client:
        found = client.hooks(namespace)
    if json:
        return show.data(found)
    show.table(["id", "address", "events", "state", "last delivery"], [_row(one) for one in found])
    return None


@webhooks.command(name="show")
def show_webhook(hook_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show a webhook, and since when it fails."""
    with Client(registry) as client:
        found = client.hook(hook_id)
    return show.data(found) if json else _show(found)


@webhooks.command(name="enable")
def enable_webhook(hook_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Tell it again what happens from now on."""
    return _change(hook_id, registry, as_json=json, enabled=True)


@webhooks.command(name="disable")
def disable_webhook(hook_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Tell it nothing, until it is enabled again."""
    return _change(hook_id, registry, as_json=json, enabled=False)


@webhooks.command(name="change")
def change_webhook(
    hook_id: str,
    /,
    *events: str,
    url: Annotated[str | None, Parameter(help="Another address.")] = None,
    threshold: Threshold = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Tell it of other events, or another address; the secret stays."""
    return _change(hook_id, registry, as_json=json, url=url, events=events or None, threshold=threshold)


@webhooks.command(name="remove")
def remove_webhook(hook_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Remove a webhook, and what waits to be delivered."""
    with Client(registry) as client:
        gone = client.remove_hook(hook_id)["details"]
    if json:
        return show.data(gone)
    show.line("{url} is told nothing any more.", url=gone["url"])
    return None


@webhooks.command(name="test")
def send_test(hook_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Send a message that says nothing, and wait for what comes of it; exit 1 when it cannot be delivered."""
    with Client(registry) as client:
        sent = client.test_hook(hook_id)
    if json:
        show.data(sent)
    else:
        _show_delivery(sent)
    if sent["status"] != "delivered":
        sys.exit(1)


@webhooks.command(name="deliveries")
def list_deliveries(
    hook_id: str,
    /,
    *,
    limit: Annotated[int, Parameter(help="How many at most, 1 to 100.")] = 30,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what was delivered and what not, the newest first."""
    with Client(registry) as client:
        found = client.hook_deliveries(hook_id, limit=limit)
    if json:
        return show.data(found)
    rows = [
        (one["id"], one["event"], one["status"], one["attempts"], one["answer_status"] or "-", one["why"] or "")
        for one in found
    ]
    show.table(["id", "event", "status", "tries", "answer", "why"], rows)
    return None


@webhooks.command(name="resend")
def resend_delivery(hook_id: str, delivery_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Send a message again, under the same id; also one that was delivered."""
    with Client(registry) as client:
        asked = client.resend_delivery(hook_id, delivery_id)
    return show.data(asked) if json else _show_delivery(asked)


def _change(hook_id: str, registry: str | None, *, as_json: bool, **changes: Any) -> None:
    with Client(registry) as client:
        changed = client.change_hook(hook_id, **changes)
    return show.data(changed) if as_json else _show(changed)


def _show(one: dict[str, Any]) -> None:
    show.line("[bold]{id}[/] {url}: {state}", id=one["id"], url=one["url"], state=_state(one))
    facts = {
        "events": ", ".join(one["events"]),
        "threshold": one["threshold_value"],
        "namespace": one["namespace"],
        "last": one["last_delivery_status"],
        "failing since": one["failing_since"],
    }
    for word, value in facts.items():
        if value is not None:
            show.line("  [dim]{word:<13}[/] {value}", word=word, value=value)


def _show_delivery(one: dict[str, Any]) -> None:
    answer = f", it answered {one['answer_status']}" if one["answer_status"] else ""
    show.line(
        "{id} {event}: [bold]{status}[/]{answer}", answer=answer, **{key: one[key] for key in ("id", "event", "status")}
    )
    if one["why"]:
        show.talk("  {why}", why=one["why"])


def _state(one: dict[str, Any]) -> str:
    if one["enabled"]:
        return "enabled"
    return f"disabled: {one['why_disabled']}" if one["why_disabled"] else "disabled"


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    return one["id"], one["url"], ", ".join(one["events"]), _state(one), one["last_delivery_status"] or "none yet"
