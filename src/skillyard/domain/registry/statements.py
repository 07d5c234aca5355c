"""What the registry puts its name to: statements signed with the key of the public log, and their entries in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.registry.trust import Advisory, Override
from skillyard.infra.database import Row, Tx

OVERRIDE_MADE = "release.override"
OVERRIDE_ENDED = "release.override_ended"
ADVISORY_MADE = "advisory.published"
ADVISORY_WITHDRAWN = "advisory.withdrawn"


def facts_of(statement: Override | Advisory) -> dict[str, Any]:
    """What is signed of it: all but the signature and what happens to it later."""
    later = ("note", "ended_ms", "withdrawn_ms")
    return {key: value for key, value in asdict(statement).items() if key not in later}


def sign_statement(app: App, kind: str, facts: Mapping[str, Any]) -> str:
    return orjson.dumps({"kind": kind, **facts}, option=orjson.OPT_SORT_KEYS).decode()


def log_statement(tx: Tx, kind: str, row: Row, details: Mapping[str, Any], *, by: str, now_ms: int) -> None:
    return None
