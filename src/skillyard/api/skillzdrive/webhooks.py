"""Webhooks: addresses that are told what happens to the account."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.wire import webhooks as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.domain.notices import hooks

router = signed_router("account")

_WEBHOOKS = f"{API}/account/webhooks"


@router.get(_WEBHOOKS, summary="List webhooks")
def list_webhooks(app: AppOf, caller: SignedIn) -> Data[wire.WebhooksListed]:
    """The caller's own, the oldest first."""
    return Data(data=wire.WebhooksListed(webhooks=[wire.show_webhook(one) for one in hooks.list_hooks(app, caller)]))


@router.post(_WEBHOOKS, status_code=201, summary="Add a webhook")
def create_webhook(app: AppOf, caller: SignedIn, body: wire.CreateWebhookBody) -> Data[wire.WebhookCreated]:
    """With its secret, which is shown this once."""
    made = hooks.add_hook(app, caller, url=body.url, events=body.events, threshold=body.threshold_value)
    return Data(data=wire.show_created(made))


@router.delete(f"{_WEBHOOKS}/{{id}}", summary="Remove a webhook")
def delete_webhook(
    app: AppOf, caller: SignedIn, webhook_id: Annotated[str, Path(alias="id")]
) -> Data[wire.WebhookDeleted]:
    """What waits for it is not sent any more."""
    return Data(data=wire.WebhookDeleted(id=hooks.remove_hook(app, caller, hook_id=webhook_id).id, deleted=True))
