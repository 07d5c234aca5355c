"""Whether the server is there."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["system"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health", summary="Whether the server is there")
def get_health() -> Health:
    """Answers as long as this process does."""
    return Health()
