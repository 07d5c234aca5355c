"""A peer on loopback: its API and pages over HTTP, and a thread that delivers webhooks as they fall due."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.peers.stripe.faults import ConnectionCut
from tests.peers.stripe.pages import routes
from tests.peers.stripe.peer import Peer

_DELIVERY_S = 0.05


class _Cut(Response):
    """Begins an answer and never ends it, so that the server drops the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def application(peer: Peer) -> Starlette:
    async def api(request: Request) -> Response:
        body, headers = (await request.body()).decode(), dict(request.headers)
        try:
            reply = await run_in_threadpool(
                peer.call, request.method, request.url.path, request.url.query, body, headers
            )
        except ConnectionCut:
            return _Cut()
        return Response(reply.body, reply.status, headers=dict(reply.headers))

    return Starlette(routes=[*routes(peer), Route("/{path:path}", api, methods=["GET", "POST", "DELETE"])])


@contextlib.contextmanager
def serving(peer: Peer, *, port: int = 0, deliver: bool = True) -> Iterator[Peer]:
    """Running on loopback until the end of the block. Without `deliver`, webhooks wait for `webhooks.deliver()`."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        peer.api.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(application(peer), log_level="critical", lifespan="off", date_header=False)
        server, over = uvicorn.Server(config), threading.Event()
        threads = [threading.Thread(target=server.run, args=([listener],), daemon=True)]
        if deliver:
            threads.append(threading.Thread(target=_keep_delivering, args=(peer, over), daemon=True))
        for thread in threads:
            thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield peer
        finally:
            server.should_exit, _ = True, over.set()
            for thread in threads:
                thread.join(timeout=10)


def _keep_delivering(peer: Peer, over: threading.Event) -> None:
    while not over.wait(_DELIVERY_S):
        if peer.webhooks.by_itself:
            peer.webhooks.deliver()
