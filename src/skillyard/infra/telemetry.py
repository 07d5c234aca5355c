"""What the server says about itself: JSON lines on stderr without secrets, and counters for Prometheus."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog
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

_SECRET = re.compile(r"\bsky_[a-z]+_[0-9A-Za-z]+")
_SECRET_NAMES = frozenset({"authorization", "password", "token", "access_token", "code", "code_verifier", "secret"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HIDDEN = "***"


def set_up_logging(level: str) -> None:
    """Log events of `level` and above to stderr, a JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever looks like one of our tokens, or bears the name of a secret, is not written."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:
    if name.lower() in _SECRET_NAMES:
        return _HIDDEN
    if isinstance(value, str):
        return _SECRET.sub(_HIDDEN, value)
    if isinstance(value, dict):
        return {key: _hidden(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", item) for item in value]
    return value


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
