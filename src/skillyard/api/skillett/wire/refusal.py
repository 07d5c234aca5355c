"""What every refusal looks like."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Refusal(BaseModel):
    """`error` is the service's word, `reason_code` our more exact one."""

    error: str
    message: str
    action_url: str | None = Field(default=None, description="The page where a person mends it.")
    hint: str | None = None
    faults: list[dict[str, Any]] | None = Field(default=None, description="All that is wrong, each with its `field`.")
    error_description: str | None = Field(default=None, description="The message again, in device sign-in (RFC 8628).")
    reason_code: str
    request_id: str
