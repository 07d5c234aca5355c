"""Webhooks: where people and namespaces want to be told what happens, and what came of each message.

Events of payment providers, which come in, have `webhooks.py`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.native.wire import hooks as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.notices import deliveries, hooks

router = APIRouter(prefix="/hooks", tags=["webhooks"])
Namespace = Annotated[str | None, Query(max_length=100, description="Of this namespace; left out: your own.")]


@router.get("", summary="My webhooks")
def list_hooks(app: AppOf, caller: CallerOf, namespace: Namespace = None) -> wire.Hooks:
    """The oldest first. Those of a namespace are for its maintainers."""
    return wire.show_hooks(hooks.list_hooks(app, caller, namespace=namespace))


@router.post("", status_code=201, summary="Add a webhook")
def add_hook(app: AppOf, caller: CallerOf, body: wire.AddHookBody) -> wire.NewHookOnWire:
    """From now on each event that you may see is sent there by POST, signed with the secret in this answer."""
    made = hooks.add_hook(
        app, caller, url=body.url, events=body.events, threshold=body.threshold_value, namespace=body.namespace
    )
    return wire.show_new_hook(made)


@router.get("/{hook_id}", summary="One webhook")
def get_hook(app: AppOf, caller: CallerOf, hook_id: str) -> wire.HookOnWire:
    """With what came of its last delivery."""
    return wire.show_hook(hooks.get_hook(app, caller, hook_id=hook_id))


@router.patch("/{hook_id}", summary="Change a webhook, enable or disable it")
def change_hook(app: AppOf, caller: CallerOf, hook_id: str, body: wire.ChangeHookBody) -> wire.HookOnWire:
    """What is left out stays, and so does the secret. One of a namespace tells from then on what you may see."""
    changed = hooks.change_hook(
        app,
        caller,
        hook_id=hook_id,
        url=body.url,
        events=body.events,
        threshold=body.threshold_value,
        enabled=body.enabled,
    )
    return wire.show_hook(changed)


@router.delete("/{hook_id}", summary="Remove a webhook")
def remove_hook(app: AppOf, caller: CallerOf, hook_id: str) -> wire.RemovedHook:
    """With its deliveries; nothing that waits is sent any more."""
    return wire.RemovedHook(details=wire.show_hook(hooks.remove_hook(app, caller, hook_id=hook_id)))


@router.post("/{hook_id}/test", summary="Send a test")
def test_hook(app: AppOf, caller: CallerOf, hook_id: str) -> wire.DeliveryOnWire:
    """Once, while you wait: what came of it."""
    return wire.show_delivery(deliveries.send_test(app, caller, hook_id=hook_id))


@router.get("/{hook_id}/deliveries", summary="What was delivered")
def list_hook_deliveries(
    app: AppOf, caller: CallerOf, hook_id: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.DeliveriesPage:
    """And what was not, and why. The newest first, of the last 30 days."""
    return wire.show_deliveries(deliveries.list_deliveries(app, caller, hook_id=hook_id, limit=limit, cursor=cursor))


@router.post("/{hook_id}/deliveries/{delivery_id}/resend", summary="Send a message again")
def resend_hook_delivery(app: AppOf, caller: CallerOf, hook_id: str, delivery_id: str) -> wire.DeliveryOnWire:
    """The same message under the same id, soon; also one that was delivered."""
    return wire.show_delivery(deliveries.resend_delivery(app, caller, hook_id=hook_id, delivery_id=delivery_id))
