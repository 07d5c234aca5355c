"""The server's process: web, job worker and event follower, together or one of them."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from skillyard.api.asgi import build_asgi
from skillyard.api.entrance import Entrance
from skillyard.api.native.documents import Documents
from skillyard.app import App, build
from skillyard.domain.accounts import jobs as accounts_jobs
from skillyard.domain.accounts.token_uses import writing_uses
from skillyard.domain.payments import jobs as payments_jobs
from skillyard.domain.registry import jobs as registry_jobs
from skillyard.domain.registry.download import flushing
from skillyard.domain.registry.look_into import warm_up
from skillyard.domain.registry.search import index_batch
from skillyard.domain.transparency import jobs as transparency_jobs
from skillyard.infra.events import Follower, StoredEvent
from skillyard.infra.jobs import Worker
from skillyard.infra.log import set_up_logging
from skillyard.settings import Settings

_BACKLOG = 1024
# A worker knows the jobs of the modules that were imported.
DECLARING_JOBS = (accounts_jobs, transparency_jobs, payments_jobs, registry_jobs)


def serve(settings: Settings, *, ready: Callable[[App], None], with_worker: bool = True) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called once, when the port answers.

    Raises OSError when the address cannot be listened on.
    """
    set_up_logging(settings.log_level)
    settings = _with_a_port(settings)
    app = build(settings)
    documents = Documents(app)
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    with following(app, documents), _working(app, enabled=with_worker), flushing(app), writing_uses(app):
        _run(_serve_http(app, documents, ready))
    app.close()


def work(settings: Settings) -> None:
    """Run jobs only, until SIGINT or SIGTERM."""
    set_up_logging(settings.log_level)
    app = build(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    Worker(app, concurrency=settings.worker_concurrency).run(stop)
    app.close()


@contextmanager
def following(app: App, documents: Documents) -> Iterator[Follower]:
    """Keep this process's search index and rendered documents at the head of the event log."""

    def handle(batch: list[StoredEvent]) -> None:
        documents.follow(batch)
        index_batch(app, batch)

    follower = Follower(app.database, handle, start_at=app.index.position, bell=app.bell)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


@contextmanager
def _working(app: App, *, enabled: bool) -> Iterator[None]:
    stop = threading.Event()
    worker = Worker(app, concurrency=app.settings.worker_concurrency)
    thread = threading.Thread(target=worker.run, args=(stop,), name="worker", daemon=True)
    if enabled:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if enabled:
            thread.join(timeout=10)


async def _serve_http(app: App, documents: Documents, ready: Callable[[App], None]) -> None:
    asgi = build_asgi(app, documents)
    ports = (app.settings.port, *asgi.ports)
    servers = [_server(asgi, app.settings.host, port) for port in ports]

    def stop() -> None:
        for server in servers:
            server.stop()  # type: ignore[no-untyped-call]

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    serving = asyncio.gather(*(server.serve() for server in servers))
    for port in ports:
        await _until_it_answers(app.settings.host, port, serving)
    ready(app)
    await serving


def _server(asgi: Entrance, host: str, port: int) -> Server:
    return Server(
        asgi,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        backlog=_BACKLOG,
        websockets=False,
        log_level=LogLevels.error,
    )


async def _until_it_answers(host: str, port: int, serving: asyncio.Future[list[None]]) -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


def _run(serving: Coroutine[None, None, None]) -> None:
    """On uvloop, which answers faster; on the standard loop where there is none (Windows)."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)


def _with_a_port(settings: Settings) -> Settings:
    """Find out early that a port is taken, and choose one where 0 was asked for."""
    others = [port for port in (settings.tank_port, settings.skilldock_port) if port]
    for port in others:
        _probe(settings.host, port)
    if twice := [port for port, count in Counter([settings.port, *others]).items() if count > 1]:
        raise OSError(f"port {twice[0]} is named for two APIs; choose another one for one of them")
    return settings.model_copy(update={"port": _probe(settings.host, settings.port)})


def _probe(host: str, port: int) -> int:
    """The port, or a free one for 0."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OSError(f"{host}:{port} cannot be listened on: {error.strerror}") from error
        return int(probe.getsockname()[1])
