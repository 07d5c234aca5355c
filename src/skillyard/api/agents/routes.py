"""Lists of plugins and git repositories, for everybody. At the root of the server, where agents look for them."""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import Response, StreamingResponse

from skillyard import __version__
from skillyard.api.native import dialect
from skillyard.api.native.answers import etag_of, is_known
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.drive import marketplace
from skillyard.domain.registry.repositories import find_repository
from skillyard.infra.git_upload_pack import (
    MOST_REQUEST_BYTES,
    GitRequestNotReadable,
    Repository,
    advertise,
    answer,
    read_request,
)
from skillyard.skill.names import SkillName

router = APIRouter()

_SERVICE = "git-upload-pack"
_REGISTRY = "/marketplace.json"
_COLLECTION = "/marketplace/collections/{name}.json"
_REGISTRY_GIT = "/git/marketplace.git"
_COLLECTION_GIT = "/git/marketplace/collections/{name}.git"
_SKILL_GIT = "/git/{namespace}/{slug}.git"
_REFS = "/info/refs"
_FETCH = f"/{_SERVICE}"
Service = Annotated[str, Query(max_length=50)]
Name = Annotated[str, Path(max_length=100)]


def build_agents(app: App) -> FastAPI:
    """The sub-application for everything at the addresses of agents."""
    agents = FastAPI(
        title="Skillyard, for agents", version=__version__, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    agents.state.app = app
    agents.include_router(router)
    dialect.install(agents)
    return agents


def every_route() -> list[APIRoute]:
    return [route for route in router.routes if isinstance(route, APIRoute)]


@router.get(_REGISTRY)
def get_marketplace(request: Request, app: AppOf) -> Response:
    """Every public skill that nothing speaks against, as a plugin."""
    return marketplace_response(request, marketplace.render_registry(app).body)


@router.get(_COLLECTION)
def get_collection(request: Request, app: AppOf, name: Name) -> Response:
    """Of a collection that its owner has published."""
    return marketplace_response(request, marketplace.render_collection(app, name=name).body)


# Some clients clone whatever address they are given: that of the file is one of a repository, too.


@router.get(_REGISTRY + _REFS)
@router.get(_REGISTRY_GIT + _REFS)
def get_marketplace_refs(app: AppOf, service: Service = "") -> Response:
    return _refs(service, lambda: _registry(app))


@router.post(_REGISTRY + _FETCH)
@router.post(_REGISTRY_GIT + _FETCH)
async def fetch_marketplace(request: Request, app: AppOf) -> Response:
    return await _fetch(request, lambda: _registry(app))


@router.get(_COLLECTION + _REFS)
@router.get(_COLLECTION_GIT + _REFS)
def get_collection_refs(app: AppOf, name: Name, service: Service = "") -> Response:
    return _refs(service, lambda: _of_collection(app, name))


@router.post(_COLLECTION + _FETCH)
@router.post(_COLLECTION_GIT + _FETCH)
async def fetch_collection(request: Request, app: AppOf, name: Name) -> Response:
    return await _fetch(request, lambda: _of_collection(app, name))


@router.get(_SKILL_GIT + _REFS)
def get_skill_refs(app: AppOf, namespace: str, slug: str, service: Service = "") -> Response:
    return _refs(service, lambda: find_repository(app, SkillName(namespace, slug)))


@router.post(_SKILL_GIT + _FETCH)
async def fetch_skill(request: Request, app: AppOf, namespace: str, slug: str) -> Response:
    return await _fetch(request, lambda: find_repository(app, SkillName(namespace, slug)))


def marketplace_response(request: Request, body: bytes) -> Response:
    """To be kept for five minutes; 304 without a body when the client has it."""
    headers = {"cache-control": f"public, max-age={marketplace.KEPT_S}", "etag": etag_of(body)}
    if is_known(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _registry(app: App) -> Repository:
    return marketplace.as_repository(marketplace.render_registry(app))


def _of_collection(app: App, name: str) -> Repository:
    return marketplace.as_repository(marketplace.render_collection(app, name=name))


def _refs(service: str, find: Callable[[], Repository]) -> Response:
    if service != _SERVICE:
        return Response("This repository is for reading, over git's smart protocol.\n", status_code=403)
    return Response(advertise(find()), media_type=f"application/x-{_SERVICE}-advertisement", headers=_UNKEPT)


async def _fetch(request: Request, find: Callable[[], Repository]) -> Response:
    fetch = read_request(await _read_body(request))
    repository = await asyncio.to_thread(find)
    return StreamingResponse(answer(repository, fetch), media_type=f"application/x-{_SERVICE}-result", headers=_UNKEPT)


async def _read_body(request: Request) -> bytes:
    """Bounded, packed and unpacked: git packs what is longer than a kilobyte."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        _check_size(body)
    if request.headers.get("content-encoding") not in ("gzip", "x-gzip"):
        return bytes(body)
    try:
        with gzip.open(io.BytesIO(body)) as packed:
            unpacked = packed.read(MOST_REQUEST_BYTES + 1)
    except (OSError, EOFError, ValueError, zlib.error):
        raise GitRequestNotReadable(why="it is not packed with gzip, as it says") from None
    _check_size(unpacked)
    return unpacked


def _check_size(body: bytes | bytearray) -> None:
    if len(body) > MOST_REQUEST_BYTES:
        raise GitRequestNotReadable(why=f"it has more than {MOST_REQUEST_BYTES} bytes")


_UNKEPT = {"cache-control": "no-cache"}
