"""What the server counts about itself, for Prometheus."""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the first request is answered before it is counted
    from prometheus_client import CollectorRegistry, Counter, Histogram

_making = threading.Lock()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_request(method: str, status: int, seconds: float) -> None:
    counter, histogram = _meters(method if method in _METHODS else "other", status)
    counter.inc()
    histogram.observe(seconds)


@lru_cache(maxsize=1024)
def _meters(method: str, status: int) -> tuple[Counter, Histogram]:
    """Looked up once: finding a labelled meter costs more than moving it."""
    _, requests, seconds = _registry()
    return requests.labels(method, str(status)), seconds.labels(method)


def _registry() -> tuple[CollectorRegistry, Counter, Histogram]:
    with _making:
        return _made()


@cache
def _made() -> tuple[CollectorRegistry, Counter, Histogram]:
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()
    requests = Counter("skillyard_requests_total", "Answered requests.", ["method", "status"], registry=registry)
    seconds = Histogram(
        "skillyard_request_seconds",
        "Time from a request to its answer.",
        ["method"],
        buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
        registry=registry,
    )
    return registry, requests, seconds


def metrics() -> str:
    """The counters in Prometheus' text format."""
    from prometheus_client import generate_latest

    return generate_latest(_registry()[0]).decode()
