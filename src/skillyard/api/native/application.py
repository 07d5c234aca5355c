"""The native REST API under /api/v1. Its OpenAPI document drives the SDK and the CLI."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from skillyard import __version__
from skillyard.api.native import (
    admin,
    agents,
    auth,
    blobs,
    board,
    bundles,
    buying,
    calls,
    changes,
    claims,
    collections,
    compositions,
    connections,
    credentials,
    dialect,
    drive,
    drive_sharing,
    grants,
    hooks,
    integrations,
    invitations,
    invocations,
    log,
    me,
    namespaces,
    offers,
    payouts,
    public_zips,
    publishers,
    releases,
    resolve,
    runs,
    search,
    selling,
    skills,
    sources,
    sync,
    system,
    telemetry,
    tickets,
    treasury,
    trust,
    uploads,
    uses,
    webhooks,
)
from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.wire.errors import ErrorAnswer
from skillyard.app import App

_DESCRIPTION = "Publish, find and install agent skills. Errors, paging and idempotency keys are the same everywhere."
_REFUSALS = {
    401: "Not signed in, or the token is no good.",
    402: "It must be bought first, or there is not enough to pay with; `facts` say what it costs.",
    403: "Signed in, but without the right.",
    404: "Not there, or not visible to you.",
    409: "Somebody was first, or the state does not allow it.",
    413: "The body is too large.",
    422: "The input is wrong; `faults` lists everything that is.",
    429: "Too many requests; see Retry-After.",
    500: "A fault on our side; the message names the incident.",
    502: "A service that is needed for this failed.",
    503: "Not possible right now; see Retry-After.",
    504: "A service that is needed for this did not answer in time.",
}
_REFUSAL = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}}}


def build_native(app: App) -> FastAPI:
    """The sub-application for everything under `PREFIX`."""
    native = FastAPI(
        title="Skillyard",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": app.settings.address}],
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
    )
    native.state.app = app
    for router in _routers():
        native.include_router(router, prefix=PREFIX, responses=_refusal_answers(router))
    dialect.install(native)
    return native


def every_route() -> list[APIRoute]:
    """All routes, for the reference page and for the test that probes each without rights."""
    return [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]


def _routers() -> list[APIRouter]:
    accounts = (auth, me, namespaces, invitations, publishers, credentials, connections, calls, grants, agents, claims)
    commerce = (selling, buying, payouts, treasury, webhooks)
    market = (runs, offers, invocations, board, compositions, uses, integrations)
    skill_modules = (search, skills, releases, trust, uploads, blobs, public_zips, changes, resolve, log)
    drives = (drive, drive_sharing, collections, sync, tickets, bundles, telemetry, sources)
    modules = (system, *accounts, admin, *skill_modules, *drives, *commerce, *market, hooks)
    return [module.router for module in modules]


def _refusal_answers(router: APIRouter) -> dict[int | str, dict[str, Any]]:
    """One router brings the model into the document, the others refer to it: to build it for each of some thousand
    answers would take the first request a second.
    """
    shape = {"model": ErrorAnswer} if router is system.router else {"content": _REFUSAL}
    return {status: {**shape, "description": text} for status, text in _REFUSALS.items()}


def operation_id(route: APIRoute) -> str:
    """`get_skill` → `getSkill`: the function's name is the stable operationId."""
    first, *others = route.name.split("_")
    return first + "".join(word.title() for word in others)
