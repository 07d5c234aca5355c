"""SQL of what language models have answered in invocations under way."""

from __future__ import annotations

import orjson

from skillyard.domain.market.steps.model import Done
from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (Table("step_answers", ("invocation_id", "position", "output", "tokens_in", "tokens_out", "at_ms")),)


def add(tx: Tx, invocation_id: str, position: int, done: Done, *, now_ms: int) -> None:
    """The first one counts."""
    tx.insert_new(
        "INSERT INTO step_answers (invocation_id, position, output, tokens_in, tokens_out, at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        invocation_id, position, orjson.dumps(done.output).decode(), done.tokens_in, done.tokens_out, now_ms,
    )  # fmt: skip


def find(tx: Tx, invocation_id: str, position: int) -> Done | None:
    sql = "SELECT * FROM step_answers WHERE invocation_id = ? AND position = ?"
    row = tx.one(sql, invocation_id, position)
    if row is None:
        return None
    return Done(output=orjson.loads(row["output"]), tokens_in=row["tokens_in"], tokens_out=row["tokens_out"])


def forget(tx: Tx, invocation_id: str, *, before_ms: int) -> None:
    """Those of an invocation that has ended, and all that are older."""
    tx.run("DELETE FROM step_answers WHERE invocation_id = ? OR at_ms < ?", invocation_id, before_ms)
