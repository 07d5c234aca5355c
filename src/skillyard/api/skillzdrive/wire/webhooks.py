"""Webhooks on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Secret, Text, Time
from skillyard.domain.notices.model import DeliveryStatus, Hook, NewHook
from skillyard.infra.clock import iso

_MOST_EVENTS = 50


class CreateWebhookBody(BaseModel):
    url: str = Field(min_length=1, max_length=2000)
    events: list[Text] = Field(default=["credits.exhausted"], max_length=_MOST_EVENTS)
    threshold_value: int | None = Field(
        default=None, ge=1, le=2**53, description="For credits.threshold_hit, which needs it."
    )


class WebhookOnWire(BaseModel):
    id: str
    url: str
    events: list[str]
    threshold_value: int | None
    enabled: bool
    last_delivery_status: DeliveryStatus | None
    last_delivery_at: Time | None
    created_at: Time


class WebhooksListed(BaseModel):
    webhooks: list[WebhookOnWire]


class WebhookCreated(BaseModel):
    webhook: WebhookOnWire
    secret: Secret = Field(description="What deliveries are signed with. Shown this once.")


class WebhookDeleted(BaseModel):
    id: str
    deleted: bool


def show_webhook(hook: Hook) -> WebhookOnWire:
    return WebhookOnWire(
        id=hook.id,
        url=hook.url,
        events=list(hook.events),
        threshold_value=hook.threshold,
        enabled=hook.enabled,
        last_delivery_status=hook.last_status,
        last_delivery_at=None if hook.last_tried_ms is None else iso(hook.last_tried_ms),
        created_at=iso(hook.created_ms),
    )


def show_created(made: NewHook) -> WebhookCreated:
    return WebhookCreated(webhook=show_webhook(made.hook), secret=made.secret)
