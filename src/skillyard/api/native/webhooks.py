"""What payment providers tell us. A signature over the raw bytes is all that counts; bodies are never logged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from skillyard.api.native.wire.webhooks import WebhookReceived
from skillyard.api.surface import AppOf
from skillyard.domain.payments.errors import WebhookNotValid
from skillyard.domain.payments.webhooks import receive_event

router = APIRouter(tags=["webhooks"])

_MOST_BYTES = 1024 * 1024


async def _raw_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise WebhookNotValid(why="it is too long")
    return bytes(body)


@router.post("/webhooks/{rail}", summary="Receive an event of a payment provider")
def receive_webhook(
    request: Request, app: AppOf, rail: str, body: Annotated[bytes, Depends(_raw_body)]
) -> WebhookReceived:
    """Checks the provider's signature and notes the event; a worker asks the provider what is so now."""
    return WebhookReceived(is_of_use=receive_event(app, rail, dict(request.headers), body))
