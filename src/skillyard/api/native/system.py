"""Is the server up."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from skillyard import __version__
from skillyard.api.surface import AppOf

router = APIRouter(tags=["system"])


class Health(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ok", "version": "0.1.0", "database": "sqlite"}]}
    )

    status: Literal["ok"] = "ok"
    version: str
    database: Literal["sqlite", "postgresql"]


@router.get("/health", summary="Is the server up")
def get_health(app: AppOf) -> Health:
    """Answers 200 when this node can reach its database, 503 otherwise."""
    app.database.ping()
    return Health(version=__version__, database=app.database.dialect)
