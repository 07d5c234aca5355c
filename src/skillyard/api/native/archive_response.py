"""An archive as the answer of a route."""

from __future__ import annotations

from starlette.responses import Response

from skillyard.api.entrance import Receive, Scope, Send
from skillyard.api.native.archives import Content, send_archive
from skillyard.app import App


class ArchiveResponse(Response):
    """Sends itself, past the framework."""

    def __init__(self, app: App, content: Content, cache_control: str) -> None:
        super().__init__()
        self._archive = (app, content, cache_control)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (has no body)
        await send_archive(*self._archive, scope, send)
