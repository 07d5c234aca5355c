"""People's accounts elsewhere in the browser: list, connect and disconnect them; the way to a service and back."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.call_threads import in_call_thread
from skillyard.api.surface import AppOf
from skillyard.api.web.errors import FormUnknown
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import Form, FormOf, Visitor, VisitorOf, remember_browser
from skillyard.app import App
from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.domain.gateway.catalog.lookup import find_integration, list_integrations
from skillyard.domain.gateway.connect import clients, connections, oauth, oauth_return
from skillyard.domain.gateway.connect.attempt import Attempt
from skillyard.domain.gateway.connect.authorization import way_of
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connection_rules import SECRETS_OF
from skillyard.infra.envelope import Secret
from skillyard.infra.errors import SkillyardError

router = APIRouter()

Word = Annotated[str, Query(max_length=200)]

_CONNECTIONS = "/connections"
_NAMES = {
    "secret": "Key",
    "username": "Username",
    "password": "Password",
    "client_id": "Client id",
    "client_secret": "Client secret",
}


@router.get(_CONNECTIONS)
def show_connections(
    request: Request, app: AppOf, visitor: VisitorOf, integration: Word = "", reconnect: Word = ""
) -> Response:
    """`integration`: show how to connect this one; `reconnect`: how to connect this connection again."""
    return _list_page(request, app, visitor, integration=integration, reconnect=reconnect)


@router.post(f"{_CONNECTIONS}/start")
def start_connecting(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    """Shows the link to the service: browsers let no form lead to another site."""
    slug, reconnect = form.text("integration"), form.text("reconnect")
    try:
        attempt = oauth.start(
            app, visitor.caller, integration=slug, variables=_variables(form), label=form.text("label"),
            reconnect=reconnect or None,
        )  # fmt: skip
    except SkillyardError as refusal:
        return _list_page(request, app, visitor, integration=slug, reconnect=reconnect, refusal=refusal)
    return _attempt_page(request, app, visitor, attempt)


@router.post(f"{_CONNECTIONS}/keys")
async def connect_with_key(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf) -> Response:
    return await in_call_thread(app, partial(_connect_with_key, request, app, visitor, form))


def _connect_with_key(request: Request, app: App, visitor: Visitor, form: Form) -> Response:
    slug = form.text("integration")
    secrets = {name: Secret(form.text(name)) for name in _NAMES if name in form.fields}
    try:
        made = connections.add_key(
            app, visitor.caller, integration=slug, secrets=secrets, variables=_variables(form), label=form.text("label")
        )
    except SkillyardError as refusal:
        return _list_page(request, app, visitor, integration=slug, refusal=refusal)
    return go_to(f"{_CONNECTIONS}#{made.id}")


@router.get(f"{_CONNECTIONS}/callback")
async def return_from_service(request: Request, app: AppOf, visitor: VisitorOf) -> Response:
    answer = dict(request.query_params)
    come_back = partial(oauth_return.come_back, app, visitor.caller, browser=visitor.nonce, answer=answer)
    attempt = await in_call_thread(app, come_back)
    return go_to(f"/connect/{attempt.id}")


@router.post(f"{_CONNECTIONS}/{{connection_id}}")
async def change_connection(
    request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, connection_id: str
) -> Response:
    """Answers the removal with the page itself, which tells whether the service knows of it."""
    return await in_call_thread(app, partial(_change_connection, request, app, visitor, form.text("do"), connection_id))


def _change_connection(request: Request, app: App, visitor: Visitor, do: str, connection_id: str) -> Response:
    if do == "default":
        connections.choose_default(app, visitor.caller, connection_id=connection_id)
        return go_to(_CONNECTIONS)
    if do != "remove":
        raise FormUnknown
    gone = connections.disconnect(app, visitor.caller, connection_id=connection_id)
    return _list_page(request, app, visitor, gone=gone)


@router.get("/connect/{attempt_id}")
def connect(request: Request, app: AppOf, visitor: VisitorOf, attempt_id: str) -> Response:
    """To the service and, back from there, what the person is asked, or how it ended."""
    attempt = oauth.get_attempt(app, visitor.caller, attempt_id)
    if attempt.status not in ("created", "awaiting_user"):
        return _attempt_page(request, app, visitor, attempt)
    response = go_to(oauth.leave(app, visitor.caller, attempt_id, browser=visitor.nonce))
    remember_browser(response, app, visitor)
    return response


@router.post("/connect/{attempt_id}")
async def decide(app: AppOf, visitor: VisitorOf, form: FormOf, attempt_id: str) -> Response:
    operation = oauth_return.confirm if form.text("decision") == "connect" else oauth_return.refuse
    await in_call_thread(app, partial(operation, app, visitor.caller, attempt_id, browser=visitor.nonce))
    return go_to(f"/connect/{attempt_id}")


def _attempt_page(request: Request, app: App, visitor: Visitor, attempt: Attempt) -> Response:
    title = find_integration(app, attempt.integration).title
    return page(request, visitor, "connect.html", attempt=attempt, title=title)


def _list_page(
    request: Request,
    app: App,
    visitor: Visitor,
    *,
    integration: str = "",
    reconnect: str = "",
    refusal: SkillyardError | None = None,
    gone: Any = None,
) -> Response:
    own = connections.list_connections(app, visitor.caller)
    again = next((one for one in own if one.id == reconnect), None)
    known = find_integration(app, again.integration if again else integration) if again or integration else None
    integrations = list_integrations(app)
    return page(
        request, visitor, "connections.html", refusal=refusal, connections=own, gone=gone, again=again, chosen=known,
        ways=_ways(app, known, again) if known else [], integrations=integrations,
        titles={one.slug: one.title for one in integrations},
    )  # fmt: skip


def _ways(app: App, known: Integration, again: Connection | None) -> list[dict[str, Any]]:
    """How it can be connected: in the browser, or with secrets, each with its name and hint."""
    has_sign_in = way_of(known.ways, "oauth2") is not None
    ways: list[dict[str, Any]] = (
        [{"is_sign_in": True, "is_ready": clients.has_client(app, known)}] if has_sign_in else []
    )
    ways += [
        {"is_sign_in": False, "hint": way.hint, "secrets": [(name, _NAMES[name]) for name in SECRETS_OF[way.kind]]}
        for way in known.ways
        if way.kind in SECRETS_OF
    ]
    wanted = again is not None and again.way == "oauth2"
    return sorted(ways, key=lambda way: way["is_sign_in"] != (wanted or again is None))


def _variables(form: Form) -> dict[str, str]:
    """Those fields that are called `variable.…`."""
    names = [name for name in form.fields if name.startswith("variable.")]
    return {name.partition(".")[2]: form.text(name) for name in names}
