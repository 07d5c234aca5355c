"""What every answer is wrapped in."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel

Content = TypeVar("Content")


class Data(BaseModel, Generic[Content]):
    """Success."""

    data: Content


class Fault(BaseModel):
    """`code` is for programs, `message` says what was wrong and what to do; the rest is beyond the reference."""

    code: str
    message: str
    hint: str
    details: dict[str, Any]


class Refusal(BaseModel):
    error: Fault
