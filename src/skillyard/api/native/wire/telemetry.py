"""Reports of the command line on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, example
from skillyard.domain.drive.telemetry_model import MOST_SKILLS, Adopted, Report, TelemetryKind
from skillyard.skill.names import SkillName

_ID = "3f1f8a52-6f3c-4b0e-9d5e-0a6b4c1d2e3f"


class ReportBody(BaseModel):
    model_config = example(
        {
            "install_id": _ID,
            "event": "install",
            "cli_version": "1.4.0",
            "os": "linux/x86_64",
            "skills": ["acme/pdf"],
            "counts": {"installed": 1},
        },
        closed=True,
    )

    install_id: Text = Field(description="A random UUID that the client made up once.")
    event: TelemetryKind
    cli_version: Text = ""
    os: Text = ""
    skills: Annotated[list[Text], Field(max_length=MOST_SKILLS)] = Field(
        default=[], description="Public ones, as `namespace/slug`; others are dropped."
    )
    sources: list[Text] = []
    counts: dict[Text, int] = {}

    def report(self) -> Report:
        """Raises SkillError for what is no name of a skill."""
        return Report(
            install_id=self.install_id,
            kind=self.event,
            cli_version=self.cli_version,
            os=self.os,
            skills=tuple(SkillName.parse(name) for name in self.skills),
            sources=tuple(self.sources),
            counts=self.counts,
        )


class RecordedOnWire(BaseModel):
    model_config = example({"recorded": True})

    recorded: bool


class AdoptBody(BaseModel):
    model_config = example({"install_id": _ID}, closed=True)

    install_id: Text


class AdoptedOnWire(BaseModel):
    model_config = example({"install_id": _ID, "events": 12})

    install_id: str
    events: int = Field(description="How many reports of it are yours by that.")


def show_adopted(adopted: Adopted) -> AdoptedOnWire:
    return AdoptedOnWire(install_id=adopted.install_id, events=adopted.events)
