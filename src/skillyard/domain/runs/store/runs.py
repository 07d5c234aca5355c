"""SQL of runs: one row from the wish to the receipt, and who works on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from skillyard.domain.runs.model import Run, RunKind, RunStatus, RunTask
from skillyard.domain.runs.store.documents import read_result, read_task, show_result, show_task
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.sandbox.model import Result

TABLES = (
    Table(
        "runs",
        (
            "id", "kind", "owner_id", "ref", "request_key", "session_id", "release_id", "name", "version", "digest",
            "task", "environment", "status", "why", "cancel_asked", "claim", "lease_until_ms", "result", "notes",
            "receipt", "created_ms", "begun_ms", "ended_ms", "has_contents", "credits", "key_id",
        ),
    ),
)  # fmt: skip


def add(tx: Tx, run: Run, *, key: str | None, sealed: str) -> bool:
    """False when its key, its ref or its session is taken. `sealed`: the values of its environment."""
    return tx.insert_new(
        "INSERT INTO runs (id, kind, owner_id, ref, request_key, session_id, release_id, name, version, digest, task,"
        " environment, status, why, notes, cancel_asked, lease_until_ms, created_ms, key_id, credits,"
        " has_contents) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', 0, 0, ?, ?, ?, 1)",
        run.id, run.kind, run.owner_id, run.ref, key, run.session_id, run.release_id, run.name, run.version,
        run.digest, show_task(run.task), sealed, run.status.value, run.why, run.created_ms,
        run.key_id, run.credits,
    )  # fmt: skip


def find(tx: Tx, run_id: str) -> Run | None:
    row = tx.one("SELECT * FROM runs WHERE id = ?", run_id)
    return _run(row) if row else None


def find_by_key(tx: Tx, owner_id: str, key: str) -> Run | None:
    row = tx.one("SELECT * FROM runs WHERE owner_id = ? AND request_key = ?", owner_id, key)
    return _run(row) if row else None


def find_by_ref(tx: Tx, ref: str) -> Run | None:
    row = tx.one("SELECT * FROM runs WHERE ref = ?", ref)
    return _run(row) if row else None


def count_under_way(tx: Tx, owner_id: str) -> int:
    counted = "SELECT count(*) AS number FROM runs WHERE owner_id = ? AND kind = 'script'"
    row = tx.one(f"{counted} AND status IN ('queued', 'running')", owner_id)
    return int(row["number"]) if row else 0


def list_runs(
    tx: Tx, owner_id: str, *, kind: RunKind, session_id: str | None, before: tuple[int, str], limit: int
) -> list[Run]:
    """The newest first, those before (created_ms, id)."""
    in_session, args = (" AND session_id = ?", (session_id,)) if session_id else ("", ())
    rows = tx.all(
        f"SELECT * FROM runs WHERE owner_id = ? AND kind = ?{in_session}"  # noqa: S608 (only marks)
        " AND (created_ms < ? OR (created_ms = ? AND id < ?)) ORDER BY created_ms DESC, id DESC LIMIT ?",
        owner_id, kind, *args, before[0], before[0], before[1], limit,
    )  # fmt: skip
    return [_run(row) for row in rows]


def claim(tx: Tx, run_id: str, claim: str, *, until_ms: int, now_ms: int) -> bool:
    """Whether it is ours to do: it waits, or whoever had it died before its program began."""
    return bool(
        tx.run(
            "UPDATE runs SET status = 'running', claim = ?, lease_until_ms = ? WHERE id = ? AND (status = 'queued'"
            " OR (status = 'running' AND begun_ms IS NULL AND lease_until_ms < ?))",
            claim, until_ms, run_id, now_ms,
        )
    )  # fmt: skip


def renew(tx: Tx, run_id: str, claim: str, *, until_ms: int) -> bool:
    """False when it is another's by now, or nobody's."""
    return bool(tx.run("UPDATE runs SET lease_until_ms = ? WHERE id = ? AND claim = ?", until_ms, run_id, claim))


def begin(tx: Tx, run_id: str, claim: str, *, until_ms: int, now_ms: int) -> bool:
    """From here on its program may have done something, so that it is never started again."""
    sql = (
        "UPDATE runs SET begun_ms = ?, lease_until_ms = ? WHERE id = ? AND claim = ? AND status = 'running'"
        " AND begun_ms IS NULL AND cancel_asked = 0"
    )
    return bool(tx.run(sql, now_ms, until_ms, run_id, claim))


def end(
    tx: Tx,
    run_id: str,
    status: RunStatus,
    *,
    claim: str | None,
    why: str,
    result: Result | None,
    notes: Sequence[str],
    receipt: str | None,
    now_ms: int,
) -> bool:
    """Forgets the environment. False when it is over already, or another's."""
    is_ours = "claim = ?" if claim else "claim IS NULL"
    return bool(
        tx.run(
            "UPDATE runs SET status = ?, why = ?, result = ?, notes = ?, receipt = ?, ended_ms = ?,"  # noqa: S608
            f" environment = '', claim = NULL WHERE id = ? AND status IN ('queued', 'running') AND {is_ours}",
            status.value, why, show_result(result) if result else None, orjson.dumps(notes).decode(), receipt,
            now_ms, run_id,
            *([claim] if claim else []),
        )
    )  # fmt: skip


def ask_to_cancel(tx: Tx, run_id: str) -> bool:
    """False when it is over."""
    return bool(tx.run("UPDATE runs SET cancel_asked = 1 WHERE id = ? AND status IN ('queued', 'running')", run_id))


def is_cancel_asked(tx: Tx, run_id: str) -> bool:
    row = tx.one("SELECT cancel_asked FROM runs WHERE id = ?", run_id)
    return row is None or bool(row["cancel_asked"])


def find_sealed(tx: Tx, run_id: str) -> str:
    """The values of its environment; empty when there are none, or the run is over."""
    row = tx.one("SELECT environment FROM runs WHERE id = ?", run_id)
    return str(row["environment"]) if row else ""


def list_forgotten(tx: Tx, *, before_ms: int, limit: int) -> list[str]:
    """Scripts that have been waiting since then."""
    rows = tx.all(
        "SELECT id FROM runs WHERE status = 'queued' AND kind = 'script' AND created_ms < ?"
        " ORDER BY created_ms LIMIT ?",
        before_ms, limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


def list_abandoned(tx: Tx, *, now_ms: int, limit: int) -> list[Row]:
    """`id`, `claim` of runs whose program was begun by a worker that has not been heard of since."""
    return tx.all(
        "SELECT id, claim FROM runs WHERE status = 'running' AND begun_ms IS NOT NULL AND lease_until_ms < ?"
        " ORDER BY lease_until_ms LIMIT ?",
        now_ms, limit,
    )  # fmt: skip


def list_ended_before(tx: Tx, at_ms: int, *, limit: int) -> list[str]:
    """Those that still have output or files."""
    sql = "SELECT id FROM runs WHERE has_contents = 1 AND ended_ms < ? ORDER BY ended_ms LIMIT ?"
    return [row["id"] for row in tx.all(sql, at_ms, limit)]


def set_without_contents(tx: Tx, run_id: str) -> None:
    tx.run("UPDATE runs SET has_contents = 0 WHERE id = ?", run_id)


def count_by_status(tx: Tx, statuses: Collection[RunStatus]) -> dict[str, int]:
    marks = ", ".join("?" * len(statuses))
    rows = tx.all(
        f"SELECT status, count(*) AS number FROM runs WHERE status IN ({marks}) GROUP BY status",  # noqa: S608
        *(status.value for status in statuses),
    )
    return {row["status"]: int(row["number"]) for row in rows}


def _run(row: Row) -> Run:
    facts: dict[str, Any] = {
        name: row[name]
        for name in (
            "id", "kind", "owner_id", "ref", "session_id", "release_id", "name", "version", "digest", "why",
            "receipt", "created_ms", "begun_ms", "ended_ms", "key_id", "credits",
        )
    }  # fmt: skip
    task: RunTask = read_task(row["task"])
    return Run(
        **facts,
        task=task,
        status=RunStatus(row["status"]),
        cancel_asked=bool(row["cancel_asked"]),
        notes=tuple(orjson.loads(row["notes"])),
        result=read_result(row["result"]) if row["result"] else None,
    )
