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
from skillyard.domain.accounts.token_uses import writing_uses
from skillyard.domain.registry.download import flushing
from skillyard.domain.registry.search import index_batch
from skillyard.infra.events import Follower, StoredEvent
from skillyard.infra.jobs import Worker
from skillyard.infra.log import Logger, set_up_logging
from skillyard.settings import Settings

_BACKLOG = 1024
_DELIVERIES_AT_ONCE = 4
_log = Logger("skillyard.serve")


def serve(settings: Settings, *, ready: Callable[[App], None], with_worker: bool = True) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called once, when the port answers.

    Raises OSError when the address cannot be listened on.
    """
    set_up_logging(settings.log_level)
    settings = _with_a_port(settings)
    app = build(settings)
    documents = Documents(app)
    asgi = build_asgi(app, documents)

    with following(app, documents), _working(app, enabled=with_worker) as begin, flushing(app), writing_uses(app):

        def answering() -> None:
            ready(app)
            threading.Thread(target=_warm_up, args=(asgi,), name="warm-up", daemon=True).start()
            begin()

        _run(_serve_http(app, asgi, answering))
    app.close()


def _warm_up(asgi: Entrance) -> None:
    """Load what was left out so that the port answers early. Whoever needs it meanwhile waits for it."""
    from skillyard.domain.registry import look_into

    asgi.prepare()
    look_into.warm_up()


def work(settings: Settings) -> None:
    """Run jobs only, until SIGINT or SIGTERM."""
    set_up_logging(settings.log_level)
    app = build(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _run_jobs(app, stop)
    app.close()


def _run_jobs(app: App, stop: threading.Event) -> None:
    """Runs the jobs of the modules that were imported."""
    import skillyard.domain.accounts.jobs
    import skillyard.domain.drive.jobs
    import skillyard.domain.gateway.jobs
    import skillyard.domain.market.jobs
    import skillyard.domain.notices.jobs
    import skillyard.domain.payments.jobs
    import skillyard.domain.registry.jobs
    import skillyard.domain.runs.jobs
    import skillyard.domain.transparency.jobs  # noqa: F401

    beside = [
        threading.Thread(target=_work_on_runs, args=(app, stop), name="runs", daemon=True),
        threading.Thread(target=_work_on_notices, args=(app, stop), name="notices", daemon=True),
    ]
    for thread in beside:
        thread.start()
    Worker(app, concurrency=app.settings.worker_concurrency).run(stop)
    app.sandbox.stop()
    for thread in beside:
        thread.join()


def _work_on_runs(app: App, stop: threading.Event) -> None:
    """Without a sandbox, too: then each run is refused with the reason."""
    from skillyard.domain.runs.model import LANE
    from skillyard.sandbox.model import SandboxUnavailable

    try:
        app.sandbox.probe()
    except SandboxUnavailable as error:
        _log.warning("runs are refused", why=error.why, hint=error.hint)
    Worker(app, concurrency=app.settings.runs_at_once, lane=LANE).run(stop)


def _work_on_notices(app: App, stop: threading.Event) -> None:
    """Whoever waits for receivers of webhooks keeps no other work waiting."""
    from skillyard.domain.notices.model import LANE

    Worker(app, concurrency=_DELIVERIES_AT_ONCE, lane=LANE).run(stop)


@contextmanager
def following(app: App, documents: Documents) -> Iterator[Follower]:
    """Keep this process's search index and rendered documents at the head of the event log; wake who tells of it."""

    def handle(batch: list[StoredEvent]) -> None:
        documents.follow(batch)
        index_batch(app, batch)
        _wake(app, batch)

    follower = Follower(app.database, handle, start_at=app.index.position, bell=app.bell)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def _wake(app: App, batch: list[StoredEvent]) -> None:
    from skillyard.domain.notices.follow import wake  # not before something happens: it knows events of all domains

    wake(app, batch)


@contextmanager
def _working(app: App, *, enabled: bool) -> Iterator[Callable[[], None]]:
    """Yields what makes the worker begin."""
    stop = threading.Event()
    thread = threading.Thread(target=_run_jobs, args=(app, stop), name="worker", daemon=True)
    try:
        yield thread.start if enabled else lambda: None
    finally:
        stop.set()
        if thread.ident is not None:
            thread.join(timeout=10)


async def _serve_http(app: App, asgi: Entrance, answering: Callable[[], None]) -> None:
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
    answering()
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
    surfaces = ("tank", "skilldock", "stack", "skillzdrive", "skillett")
    others = [port for surface in surfaces if (port := getattr(settings, f"{surface}_port"))]
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
