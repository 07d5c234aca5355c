"""What the server counts about itself, for Prometheus."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

REGISTRY = CollectorRegistry()
_REQUESTS = Counter("skillyard_requests_total", "Answered requests.", ["method", "status"], registry=REGISTRY)
_SECONDS = Histogram(
    "skillyard_request_seconds",
    "Time from a request to its answer.",
    ["method"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
    registry=REGISTRY,
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe_request(method: str, status: int, seconds: float) -> None:
    counter, histogram = _meters(method if method in _METHODS else "other", status)
    counter.inc()
    histogram.observe(seconds)


@lru_cache(maxsize=1024)
def _meters(method: str, status: int) -> tuple[Counter, Histogram]:
    """Looked up once: finding a labelled meter costs more than moving it."""
    return _REQUESTS.labels(method, str(status)), _SECONDS.labels(method)


def metrics() -> str:
    """The counters in Prometheus' text format."""
    return generate_latest(REGISTRY).decode()
