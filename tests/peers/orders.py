"""A small API as many firms have one: it describes itself with OpenAPI, wants a key in a header, and keeps orders."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

KEY = "acme-key-of-the-warehouse"
Key = Annotated[str, Depends(APIKeyHeader(name="X-Api-Key"))]
Status = Annotated[Literal["open", "sent"] | None, Query(description="Only these.")]


@dataclass
class OrdersApi:
    """`key`: whoever shows it may do everything. `orders`: by number."""

    url: str = ""
    key: str = KEY
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)


class NewOrder(BaseModel):
    item: Annotated[str, Field(min_length=1, max_length=100, description="What is ordered.")]
    count: Annotated[int, Field(ge=1, le=1000, description="How many.")] = 1


@contextlib.contextmanager
def orders_api() -> Iterator[OrdersApi]:
    """Running on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = OrdersApi(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(_app(made), log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield made
        server.should_exit = True
        thread.join(timeout=30)


def _app(made: OrdersApi) -> FastAPI:
    def check(key: Key) -> None:
        if not secrets.compare_digest(key, made.key):
            raise HTTPException(401, "unknown key")

    app = FastAPI(title="Acme orders", version="2026.11", servers=[{"url": made.url}], dependencies=[Depends(check)])

    @app.get("/orders", operation_id="listOrders", tags=["orders"], summary="List orders")
    def list_orders(status: Status = None) -> list[dict[str, Any]]:
        return [order for order in made.orders.values() if status in (None, order["status"])]

    @app.post("/orders", operation_id="createOrder", tags=["orders"], summary="Order something", status_code=201)
    def create_order(order: NewOrder) -> dict[str, Any]:
        number = len(made.orders) + 1
        return made.orders.setdefault(number, {"number": number, "status": "open", **order.model_dump()})

    @app.delete("/orders/{number}", operation_id="cancelOrder", tags=["orders"], summary="Cancel an order")
    def cancel_order(number: int) -> dict[str, Any]:
        if number not in made.orders:
            raise HTTPException(404, "no such order")
        return made.orders.pop(number)

    @app.post("/admin/reset", operation_id="resetEverything", tags=["admin"], summary="Forget all orders")
    def reset() -> None:
        made.orders.clear()

    return app
