"""Connecting accounts on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.gateway.connect.attempt import Attempt
from skillyard.infra.clock import iso

_ID = "attempt_01jd0000000000000000000000"
Status = Literal["pending", "connected", "failed", "expired"]


class ConnectBody(BaseModel):
    model_config = example({"integration": "github"})

    integration: Text
    variables: dict[str, Text] = Field(
        default_factory=dict, max_length=20, description="What the integration's address needs, such as its site."
    )
    scopes: list[Text] = Field(default_factory=list, max_length=50, description="In place of the usual ones.")


class Started(BaseModel):
    model_config = example(
        {
            "connection_id": _ID,
            "oauth_url": f"https://skills.example.org/connect/{_ID}",
            "status": "pending",
            "expires_at": "2026-11-21T07:10:00.000Z",
        }
    )

    connection_id: str
    oauth_url: str = Field(description="For the browser of the key's owner; it means nothing to anybody else.")
    status: Literal["pending"] = "pending"
    expires_at: Time


class Standing(BaseModel):
    model_config = example({"connection_id": _ID, "integration": "github", "status": "connected", "account": "ada"})

    connection_id: str
    integration: str
    status: Status
    account: str | None = Field(default=None, description="As the service calls it, once it is connected.")
    error: str | None = Field(default=None, description="Why it failed.")


def show_started(attempt: Attempt) -> Started:
    return Started(connection_id=attempt.id, oauth_url=attempt.url, expires_at=iso(attempt.expires_ms))


def show_standing(attempt: Attempt) -> Standing:
    status = _status(attempt)
    return Standing(
        connection_id=attempt.id,
        integration=attempt.integration,
        status=status,
        account=attempt.account_label or None if status == "connected" else None,
        error=attempt.message or attempt.reason or None,
    )


def _status(attempt: Attempt) -> Status:
    if attempt.is_open:
        return "pending"
    return attempt.status if attempt.status in ("connected", "expired") else "failed"
