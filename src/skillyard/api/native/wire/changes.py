"""The changes feed on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Time, example
from skillyard.domain.registry.changes import Change, Changes
from skillyard.infra.clock import iso

_CHANGE = {
    "position": 17,
    "kind": "release.published",
    "at": "2026-11-21T07:00:00.000Z",
    "name": "acme/pdf",
    "version": "1.4.0",
}


class ChangeOnWire(BaseModel):
    model_config = example(_CHANGE)

    position: int = Field(description="Grows with every change; gaps are normal.")
    kind: str
    at: Time
    name: str
    version: str | None = Field(description="Where the change is about one version.")


class ChangesPage(BaseModel):
    model_config = example({"items": [_CHANGE], "next_cursor": "WzE3XQ"})

    items: list[ChangeOnWire]
    next_cursor: str = Field(description="Where to go on; also given when there is nothing new.")


def show_changes(changes: Changes) -> ChangesPage:
    return ChangesPage(items=[_show(change) for change in changes.items], next_cursor=changes.next_cursor)


def _show(change: Change) -> ChangeOnWire:
    return ChangeOnWire(
        position=change.position, kind=change.kind, at=iso(change.at_ms), name=change.name, version=change.version
    )
