"""Webhooks on the wire. The secret comes once, when one is added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.notices.kinds import EVENTS
from skillyard.domain.notices.model import Delivery, Hook, NewHook
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

Url = Annotated[str, StringConstraints(max_length=2000)]
Events = Annotated[list[Text], Field(max_length=100)]
DeliveryStatus = Literal["pending", "delivered", "failed", "dropped"]
_NOW = "2026-11-21T07:00:00.000Z"
_ADDRESS = "https://ci.acme.example/skills"
_HOOK = {
    "id": "hook_01k0000000000000000000000a",
    "namespace": None,
    "url": _ADDRESS,
    "events": ["release.published", "payout.*"],
    "threshold_value": None,
    "enabled": True,
    "why_disabled": None,
    "last_delivery_status": "delivered",
    "last_delivery_at": _NOW,
    "failing_since": None,
    "created_at": _NOW,
    "updated_at": _NOW,
}
_DELIVERY = {
    "id": "msg_01k0000000000000000000000a",
    "event": "release.published",
    "status": "delivered",
    "attempts": 1,
    "answer_status": 200,
    "answer": "ok",
    "why": None,
    "created_at": _NOW,
    "tried_at": _NOW,
    "next_try_at": None,
}
_WHICH = f"Any of {', '.join(f'`{name}`' for name in EVENTS)}; or a family of them: `release.*`."


class AddHookBody(BaseModel):
    model_config = example({"url": _ADDRESS, "events": ["release.published", "payout.*"]}, closed=True)

    url: Url = Field(description="A public https:// address; it is checked at each delivery, and no redirect followed.")
    events: Events = Field(description=_WHICH)
    threshold_value: int | None = Field(
        default=None, description="For `credits.threshold_hit`, and only for it: told when they go down to so many."
    )
    namespace: Text | None = Field(
        default=None, description="Tell what happens there, for its maintainers; left out: what concerns you."
    )


class ChangeHookBody(BaseModel):
    model_config = example({"enabled": True}, closed=True)

    url: Url | None = None
    events: Events | None = Field(default=None, description=_WHICH)
    threshold_value: int | None = None
    enabled: bool | None = None


class HookOnWire(BaseModel):
    model_config = example(_HOOK)

    id: str
    namespace: str | None = Field(description="null: what concerns its owner.")
    url: str
    events: list[str]
    threshold_value: int | None
    enabled: bool
    why_disabled: str | None = Field(description="Where the registry has disabled it.")
    last_delivery_status: DeliveryStatus | None
    last_delivery_at: Time | None
    failing_since: Time | None = Field(description="Since when nothing could be delivered.")
    created_at: Time
    updated_at: Time


class NewHookOnWire(BaseModel):
    model_config = example({"secret": "whsec_…", "details": _HOOK})

    secret: str = Field(description="What deliveries are signed with; shown this once.")
    details: HookOnWire


class Hooks(BaseModel):
    model_config = example({"items": [_HOOK]})

    items: list[HookOnWire]


class RemovedHook(BaseModel):
    model_config = example({"removed": True, "details": _HOOK})

    removed: bool = True
    details: HookOnWire


class DeliveryOnWire(BaseModel):
    model_config = example(_DELIVERY)

    id: str = Field(description="The same each time the message is sent: `Webhook-Id`.")
    event: str
    status: DeliveryStatus = Field(description="`dropped`: its owner may not see any more what it tells.")
    attempts: int
    answer_status: int | None = Field(description="Of the last answer; null when there was none.")
    answer: str = Field(description="The beginning of it.")
    why: str | None = Field(description="What went wrong, in words.")
    created_at: Time
    tried_at: Time | None
    next_try_at: Time | None


class DeliveriesPage(BaseModel):
    model_config = example({"items": [_DELIVERY], "next_cursor": None})

    items: list[DeliveryOnWire]
    next_cursor: str | None


def show_hook(hook: Hook) -> HookOnWire:
    return HookOnWire(
        id=hook.id,
        namespace=hook.namespace,
        url=hook.url,
        events=list(hook.events),
        threshold_value=hook.threshold,
        enabled=hook.enabled,
        why_disabled=hook.why_disabled or None,
        last_delivery_status=hook.last_status,
        last_delivery_at=_time(hook.last_tried_ms),
        failing_since=_time(hook.failing_since_ms),
        created_at=iso(hook.created_ms),
        updated_at=iso(hook.updated_ms),
    )


def show_new_hook(made: NewHook) -> NewHookOnWire:
    return NewHookOnWire(secret=made.secret, details=show_hook(made.hook))


def show_hooks(found: Sequence[Hook]) -> Hooks:
    return Hooks(items=[show_hook(hook) for hook in found])


def show_delivery(delivery: Delivery) -> DeliveryOnWire:
    return DeliveryOnWire(
        id=delivery.id,
        event=delivery.event,
        status=delivery.status,
        attempts=delivery.attempts,
        answer_status=delivery.answer_status,
        answer=delivery.answer,
        why=delivery.why or None,
        created_at=iso(delivery.created_ms),
        tried_at=_time(delivery.tried_ms),
        next_try_at=_time(delivery.next_ms),
    )


def show_deliveries(page: Page[Delivery]) -> DeliveriesPage:
    return DeliveriesPage(items=[show_delivery(one) for one in page.items], next_cursor=page.next_cursor)


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
