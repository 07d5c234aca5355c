"""The surface as tools for models: MCP over Streamable HTTP, stateless, so that any node answers any request.

A key is asked for before a message is read; then each tool sends the request that it stands for to the routes.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from skillyard import __version__
from skillyard.api.skillzdrive.errors import KeyOnlyUploads
from skillyard.api.skillzdrive.mcp_answers import refuse_tool, show_start
from skillyard.api.skillzdrive.mcp_calls import call_route
from skillyard.api.skillzdrive.mcp_tools import GET_STARTED, INSTRUCTIONS, Toolbox
from skillyard.api.surface import bearer_token
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.chosen import has_scripts

_STREAM = "text/event-stream"  # keeps the connection alive while a script runs


class McpEndpoint:
    """One request at a time, with nothing kept in between. `routes`: the application that does what the tools say."""

    def __init__(self, app: App, routes: FastAPI) -> None:
        self._app = app
        self._routes = routes
        self._toolbox = Toolbox(routes)
        self._server: Server[Any] = Server(
            "skillzdrive",
            version=__version__,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            raise HTTPException(405, "Nothing is kept between requests here: POST each message.", {"allow": "POST"})
        request = Request(scope)
        token = bearer_token(request.headers) or request.query_params.get("apiKey")
        caller = await asyncio.to_thread(authenticate, self._app, token)
        caller.must("identify")
        if not caller.may("read_drive"):
            raise KeyOnlyUploads
        scope["state"]["caller"] = caller
        may_stream = _STREAM in request.headers.get("accept", "")
        manager = StreamableHTTPSessionManager(self._server, stateless=True, json_response=not may_stream)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _list_tools(
        self, context: ServerRequestContext[Any, Any], _: PaginatedRequestParams | None
    ) -> ListToolsResult:
        caller: Caller = _state_of(context)["caller"]
        with_scripts = await asyncio.to_thread(has_scripts, self._app, caller)
        return ListToolsResult(tools=self._toolbox.list_tools(with_scripts=with_scripts), cache_scope="private")

    async def _call_tool(
        self, context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        if params.name == GET_STARTED:
            return show_start()
        found = self._toolbox.find(params.name)
        if found is None:
            return refuse_tool(params.name, self._toolbox.names)
        return await call_route(self._app, self._routes, found, params.arguments or {}, _state_of(context))


def _state_of(context: ServerRequestContext[Any, Any]) -> dict[str, Any]:
    """What the endpoint has put into the request."""
    assert isinstance(context.request, Request)
    state: dict[str, Any] = context.request.scope["state"]
    return state
