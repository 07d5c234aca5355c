"""The one shape of a refusal on the native wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class FaultOnWire(BaseModel):
    code: str
    message: str
    hint: str
    file: str | None = None
    line: int | None = None
    severity: Literal["error", "warning"] = "error"


class FaultOfRefusal(FaultOnWire):
    field: str | None = None


class Refusal(BaseModel):
    code: str
    message: str
    hint: str
    facts: dict[str, Any]
    faults: list[FaultOfRefusal]
    request_id: str


class ErrorAnswer(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "release_exists",
                        "message": "acme/pdf 1.0.0 exists already, with other content.",
                        "hint": "Releases are immutable: raise the version and publish again.",
                        "facts": {"name": "acme/pdf", "version": "1.0.0", "identical": False},
                        "faults": [],
                        "request_id": "req_01jd0000000000000000000000",
                    }
                }
            ]
        }
    )

    error: Refusal
