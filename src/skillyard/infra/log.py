"""Logging: JSON lines on stderr, without secrets. The library is loaded when something is first logged."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import cache
from typing import Any

# Ours by their prefix; JWTs, ours and others', by how their header begins: `{"` in base64url.
_SECRET = re.compile(r"\bsky_[a-z]+_[0-9A-Za-z]+|\bsk_(?:live_)?[0-9A-Za-z]{16,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_SECRET_NAMES = frozenset(
    {"authorization", "password", "token", "access_token", "refresh_token", "id_token", "code", "code_verifier"}
    | {"secret", "client_secret"}
)
_HIDDEN = "***"
_level = "warning"


class Logger:
    """Events of a part of the server, with facts that are JSON values."""

    def __init__(self, name: str) -> None:
        self._name = name

    def info(self, event: str, **facts: Any) -> None:
        _bound(self._name).info(event, **facts)

    def warning(self, event: str, **facts: Any) -> None:
        _bound(self._name).warning(event, **facts)

    def error(self, event: str, **facts: Any) -> None:
        _bound(self._name).error(event, **facts)

    def exception(self, event: str, **facts: Any) -> None:
        """With the traceback of what is being handled."""
        _bound(self._name).exception(event, **facts)


def set_up_logging(level: str) -> None:
    """Log events of `level` (debug, info, warning, error) and above from now on."""
    global _level
    _level = level
    _bound.cache_clear()


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever looks like one of our tokens, or bears the name of a secret, is not written."""
    return {name: _hidden(name, value) for name, value in event.items()}


@cache
def _bound(name: str) -> Any:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    return structlog.get_logger(name)


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
