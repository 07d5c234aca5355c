"""Reports of command lines on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text
from skillyard.domain.drive.telemetry_model import TelemetryKind

_MOST_SKILLS = 200


class EventBody(BaseModel):
    install_id: Text
    event_type: TelemetryKind
    cli_version: Text = ""
    os: Text = ""
    skill_slugs: list[Text] = Field(default=[], max_length=_MOST_SKILLS, description="Only public ones are kept.")
    source_types: list[Text] = Field(default=[], max_length=20)
    metadata: Annotated[dict[Text, Any], Field(max_length=20)] = Field(default={}, description="Only numbers are kept.")

    def counts(self) -> dict[str, int]:
        return {name: value for name, value in self.metadata.items() if type(value) is int}


class Recorded(BaseModel):
    recorded: bool


class AdoptBody(BaseModel):
    install_id: Text


class AdoptedOnWire(BaseModel):
    install_id: str
    adopted: bool
    events: int = Field(description="How many reports of the install are now those of the account.")
