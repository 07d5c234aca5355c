"""The values of a run's environment while it waits: sealed, since they may be secrets."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import orjson

from skillyard.app import App
from skillyard.infra.envelope import Sealed, Secret

_BYTES = ("wrapped_key", "nonce", "content")


def seal_environment(app: App, run_id: str, environment: Mapping[str, str]) -> str:
    """Empty when there is nothing to seal."""
    if not environment:
        return ""
    sealed = app.vault_keys.seal(Secret(orjson.dumps(dict(environment)).decode()), "run", run_id)
    parts = {name: base64.b64encode(getattr(sealed, name)).decode() for name in _BYTES}
    return orjson.dumps({"key_name": sealed.key_name, **parts}).decode()


def open_environment(app: App, run_id: str, sealed: str) -> dict[str, str]:
    """Raises SecretNotReadable."""
    if not sealed:
        return {}
    found = orjson.loads(sealed)
    parts = {name: base64.b64decode(found[name]) for name in _BYTES}
    secret = app.vault_keys.open(Sealed(key_name=found["key_name"], **parts), "run", run_id)
    return dict(orjson.loads(secret.reveal()))
