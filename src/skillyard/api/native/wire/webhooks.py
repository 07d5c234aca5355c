"""What a payment provider is answered."""

from __future__ import annotations

from pydantic import BaseModel

from skillyard.api.native.wire.fields import example


class WebhookReceived(BaseModel):
    model_config = example({"is_of_use": True})

    is_of_use: bool
