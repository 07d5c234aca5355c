"""When each token was last used: gathered in memory, written now and then, at most once a minute per token."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from skillyard.app import App
from skillyard.domain.accounts import store
from skillyard.domain.accounts.model import Token
from skillyard.infra.database import DatabaseUnavailable

_EVERY_MS = 60_000
_FLUSH_S = 5.0
_MOST = 10_000

_unwritten: dict[str, int] = {}
_lock = threading.Lock()


def note(token: Token, *, now_ms: int) -> None:
    """Remember the use, unless one of the last minute is on record. Costs no input or output."""
    if now_ms - (token.last_used_ms or 0) >= _EVERY_MS and len(_unwritten) < _MOST:
        with _lock:
            _unwritten[token.id] = now_ms


def write_uses(app: App) -> int:
    """Write what was gathered; how many tokens it was."""
    global _unwritten
    with _lock:
        batch, _unwritten = _unwritten, {}
    if batch:
        with app.database.transaction(durable=False) as tx:
            for token_id, at_ms in sorted(batch.items()):
                store.set_last_used(tx, token_id, at_ms)
    return len(batch)


@contextmanager
def writing_uses(app: App) -> Iterator[None]:
    """Write in the background while the block runs, and once more at its end."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(_FLUSH_S):
            with suppress(DatabaseUnavailable):
                write_uses(app)

    thread = threading.Thread(target=run, name="token-uses", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
        write_uses(app)
