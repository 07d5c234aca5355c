"""Kinds of fields that several wire models share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, description="ISO 8601, UTC, milliseconds.")]
Text = Annotated[str, StringConstraints(max_length=200)]
Secret = Annotated[str, StringConstraints(max_length=1000), Field(json_schema_extra={"format": "password"})]


def example(value: dict[str, Any], *, closed: bool = False) -> ConfigDict:
    """The configuration of a model with an example; a `closed` one refuses fields that it does not know."""
    return ConfigDict(json_schema_extra={"examples": [value]}, extra="forbid" if closed else "ignore")
