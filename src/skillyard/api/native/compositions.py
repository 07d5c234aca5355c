"""Run several offers one after the other, and wait for what comes of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from skillyard.api.native.invocations import Wait, wait_for
from skillyard.api.native.wire import board as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.market import compositions
from skillyard.domain.market.board_model import Composition

router = APIRouter(tags=["market"])

RetryKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=300, description="Starts it only once.")]


@router.post("/compositions", status_code=201, summary="Run offers one after the other")
def start_composition(
    app: AppOf, caller: CallerOf, body: wire.StartCompositionBody, key: RetryKey = None
) -> wire.CompositionOnWire:
    """Each is invoked and paid as by itself. When one fails, the whole does; what was delivered before stays paid."""
    started = compositions.start_composition(
        app, caller, offer_ids=body.offer_ids, input=body.input, key=key, max_price=body.max_price,
        agent_id=body.agent_id,
    )  # fmt: skip
    return wire.show_composition(started)


@router.get("/compositions", summary="What I run together")
def list_compositions(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.CompositionsPage:
    """The newest first."""
    return wire.show_compositions(compositions.list_compositions(app, caller, limit=limit, cursor=cursor))


@router.get("/compositions/{composition_id}", summary="One composition")
async def get_composition(app: AppOf, caller: CallerOf, composition_id: str, wait: Wait = 0) -> wire.CompositionOnWire:
    """For who started it. With `wait`, answers as soon as it has ended."""

    def look() -> Composition:
        return compositions.get_composition(app, caller, composition_id=composition_id)

    return wire.show_composition(await wait_for(look, lambda found: found.status.is_settled, wait))


@router.post("/compositions/{composition_id}/cancel", summary="Stop a composition")
def cancel_composition(app: AppOf, caller: CallerOf, composition_id: str) -> wire.CompositionOnWire:
    """Nothing more is begun. What is worked on already is delivered, and paid."""
    return wire.show_composition(compositions.cancel_composition(app, caller, composition_id=composition_id))
