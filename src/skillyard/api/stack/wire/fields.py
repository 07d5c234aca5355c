"""Kinds of fields that several bodies share, and times."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

from skillyard.infra.clock import iso

MAX_PRICE = 1_000_000
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Tags = Annotated[list[Tag], Field(max_length=10)]
Price = Annotated[StrictInt, Field(ge=0, le=MAX_PRICE)]
PaymentToken = Annotated[str, StringConstraints(max_length=20_000)]
JsonSchema = dict[str, Any]


class Body(BaseModel):
    """What a client sends. Fields that are not known are passed over: clients send what they like."""

    model_config = ConfigDict(extra="ignore", regex_engine="rust-regex")


def time_of(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
