"""What bears the name of the log: its checkpoints, and statements of the registry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skillyard.app import App
from skillyard.skill.log.checkpoint import Checkpoint
from skillyard.skill.log.note import STATEMENT


def sign_checkpoint(app: App, size: int, root: bytes) -> str:
    """The signed note. Call it after the tree was read from a snapshot, never for what may still be rolled back."""
    return Checkpoint(origin=app.log_key.name, size=size, root=root).sign(app.log_key)


def sign_statement(app: App, kind: str, facts: Mapping[str, Any]) -> str:
    """A signed note of a JSON value, `kind` in it. Its first line keeps it from being taken for a checkpoint."""
    body = json.dumps({**facts, "kind": kind}, sort_keys=True, separators=(",", ":"))
    body = body.replace("\x7f", r"\u007f")  # now plain ASCII without control characters, as a note must be
    return app.log_key.sign(f"{STATEMENT}\n{body}\n")
