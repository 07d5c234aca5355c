"""A small API of somebody else, with the OpenAPI document that its framework makes of it."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Response, UploadFile
from fastapi.responses import StreamingResponse
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

Key = Annotated[str, Depends(APIKeyHeader(name="X-Api-Key"))]


class NewPet(BaseModel):
    name: str = Field(min_length=1, description="What it is called.")
    kind: str = "cat"
    tags: list[str] = []


class Pet(NewPet):
    id: int


class Pets(BaseModel):
    items: list[Pet]
    next_cursor: str | None


@dataclass
class PetShop:
    """`keys`: those that calls came with."""

    url: str = ""
    pets: list[Pet] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def pet_api(shop: PetShop) -> FastAPI:
    api = FastAPI(title="Pet shop", description="Pets that look for a home. Nobody sells them.", version="1.2.3")

    @api.get("/pets", operation_id="listPets", tags=["pets"])
    def list_pets(
        key: Key, tags: Annotated[list[str] | None, Query()] = None, limit: int = 10, cursor: str = "0"
    ) -> Pets:
        """List the pets. Those that have all the tags."""
        shop.keys.add(key)
        found = [pet for pet in shop.pets if set(tags or ()) <= set(pet.tags)]
        end = int(cursor) + limit
        return Pets(items=found[int(cursor) : end], next_cursor=str(end) if end < len(found) else None)

    @api.post("/pets", operation_id="makePet", tags=["pets"], status_code=201)
    def make_pet(key: Key, pet: NewPet) -> Pet:
        shop.keys.add(key)
        shop.pets.append(Pet(id=len(shop.pets) + 1, **pet.model_dump()))
        return shop.pets[-1]

    @api.get("/pets/{petId}", operation_id="getPet", tags=["pets"])
    def get_pet(key: Key, petId: int) -> Pet:  # noqa: N803 (as the API spells it)
        shop.keys.add(key)
        if not 0 < petId <= len(shop.pets):
            raise HTTPException(404, "There is no such pet.")
        return shop.pets[petId - 1]

    @api.put("/pets/{petId}/photo", operation_id="setPhoto", tags=["pets"])
    def set_photo(petId: int, photo: UploadFile) -> Response:  # noqa: N803
        return Response(status_code=204)

    @api.get("/endless", include_in_schema=False)
    def be_endless() -> StreamingResponse:
        return StreamingResponse(itertools.repeat(b" " * (1 << 20)), media_type="application/json")

    return api


def pet_document(url: str, shop: PetShop | None = None) -> bytes:
    """The document of a shop at an address."""
    document: dict[str, Any] = pet_api(shop or PetShop()).openapi()
    return orjson.dumps({**document, "servers": [{"url": url}]})


@contextmanager
def a_pet_shop() -> Iterator[PetShop]:
    """One that is open, on loopback."""
    shop = PetShop()
    listening = socket.create_server(("127.0.0.1", 0))
    shop.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(pet_api(shop), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield shop
    finally:
        server.should_exit = True
        thread.join(30)
