"""SQL of scans, appeals, overrides, and of who depends on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from skillyard.domain.registry.store import batches
from skillyard.domain.registry.trust import Appeal, AppealState, Judgement, Override
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("scans", ("release_id", "report", "scanned_ms")),
    Table("release_dependencies", ("dependency", "release_id", "range")),
    Table(
        "appeals",
        (
            "id", "release_id", "rule", "reason", "made_by", "made_ms", "state", "answer", "answered_by",
            "answered_ms",
        ),
    ),
    Table(
        "overrides",
        ("id", "digest", "rule", "reason", "made_by", "made_ms", "expires_ms", "note", "ended_ms"),
    ),
)  # fmt: skip

_APPEALS = (
    "SELECT a.*, r.skill, r.version, r.digest FROM appeals a JOIN releases r ON r.id = a.release_id"
)  # fmt: skip


def add_scan(tx: Tx, release_id: str, report: Mapping[str, Any], *, now_ms: int) -> None:
    """The newest scan of a release takes the place of an older one."""
    tx.run(
        "INSERT INTO scans (release_id, report, scanned_ms) VALUES (?, ?, ?)"
        " ON CONFLICT (release_id) DO UPDATE SET report = excluded.report, scanned_ms = excluded.scanned_ms",
        release_id, orjson.dumps(report).decode(), now_ms,
    )  # fmt: skip


def find_scan(tx: Tx, release_id: str) -> tuple[dict[str, Any], int] | None:
    """The report as it was stored, and when it was made."""
    row = tx.one("SELECT report, scanned_ms FROM scans WHERE release_id = ?", release_id)
    return (orjson.loads(row["report"]), row["scanned_ms"]) if row else None


def set_scanned(tx: Tx, release_id: str, *, verdict: str, score: float, rules: str) -> None:
    tx.run(
        "UPDATE releases SET verdict = ?, score_tenths = ?, rules = ? WHERE id = ?",
        verdict, round(score * 10), rules, release_id,
    )  # fmt: skip


def set_rules(tx: Tx, release_id: str, rules: str) -> None:
    tx.run("UPDATE releases SET rules = ? WHERE id = ?", rules, release_id)


def set_judgement(tx: Tx, release_id: str, judgement: Judgement) -> bool:
    """False when it is that already."""
    reasons = orjson.dumps(judgement.reasons).decode()
    return bool(
        tx.run(
            "UPDATE releases SET status = ?, reasons = ? WHERE id = ? AND (status <> ? OR reasons <> ?)",
            judgement.status.value, reasons, release_id, judgement.status.value, reasons,
        )
    )  # fmt: skip


def list_scanned_otherwise(tx: Tx, rules: str, *, limit: int) -> list[Row]:
    """`id`, `skill`, `version`, `digest`, `sha256`, `rules`, `published_by` of releases that other rules looked at
    last; `rules` is empty for one that none has.
    """
    return tx.all(
        "SELECT id, skill, version, digest, sha256, rules, published_by FROM releases"
        " WHERE rules < ? OR rules > ? ORDER BY rules, id LIMIT ?",
        rules, rules, limit,
    )  # fmt: skip


def list_by_digest(tx: Tx, digests: Sequence[str]) -> list[Row]:
    """`id`, `skill`, `version`, `digest`, `sha256` of every release with one of these trees of files."""
    return [
        row
        for marks, part in batches(digests)
        for row in tx.all(f"SELECT id, skill, version, digest, sha256 FROM releases WHERE digest IN ({marks})", *part)  # noqa: S608
    ]


def add_dependencies(tx: Tx, release_id: str, dependencies: Mapping[str, str]) -> None:
    for name, text in sorted(dependencies.items()):
        tx.insert_new(
            "INSERT INTO release_dependencies (dependency, release_id, range) VALUES (?, ?, ?)", name, release_id, text
        )


def list_dependants(tx: Tx, name: str) -> list[Row]:
    """`skill`, `version`, `range`, `visibility` of the releases on offer that depend on the skill."""
    return tx.all(
        "SELECT r.skill, r.version, d.range, s.visibility FROM release_dependencies d"
        " JOIN releases r ON r.id = d.release_id JOIN skills s ON s.name = r.skill"
        " WHERE d.dependency = ? AND r.yanked_ms IS NULL AND r.status IN ('listed', 'flagged')"
        " ORDER BY r.skill, r.version_order",
        name,
    )


def add_appeal(tx: Tx, appeal: Appeal) -> None:
    tx.run(
        "INSERT INTO appeals (id, release_id, rule, reason, made_by, made_ms, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
        appeal.id, appeal.release_id, appeal.rule, appeal.reason, appeal.made_by, appeal.made_ms, appeal.state,
    )  # fmt: skip


def find_appeal(tx: Tx, appeal_id: str) -> Appeal | None:
    row = tx.one(f"{_APPEALS} WHERE a.id = ?", appeal_id)
    return _appeal(row) if row else None


def list_appeals(tx: Tx, state: AppealState, *, after: tuple[int, str], limit: int) -> list[Appeal]:
    """The oldest first, those after `after` (made_ms, id)."""
    rows = tx.all(
        f"{_APPEALS} WHERE a.state = ? AND (a.made_ms > ? OR (a.made_ms = ? AND a.id > ?))"
        " ORDER BY a.made_ms, a.id LIMIT ?",
        state, after[0], after[0], after[1], limit,
    )  # fmt: skip
    return [_appeal(row) for row in rows]


def list_appeals_of(tx: Tx, release_id: str) -> list[Appeal]:
    return [_appeal(row) for row in tx.all(f"{_APPEALS} WHERE a.release_id = ? ORDER BY a.made_ms, a.id", release_id)]


def set_answer(tx: Tx, appeal_id: str, state: AppealState, answer: str, by: str, *, now_ms: int) -> bool:
    """False when it was answered already."""
    return bool(
        tx.run(
            "UPDATE appeals SET state = ?, answer = ?, answered_by = ?, answered_ms = ?"
            " WHERE id = ? AND state = 'open'",
            state, answer, by, now_ms, appeal_id,
        )
    )  # fmt: skip


def add_override(tx: Tx, override: Override) -> None:
    tx.run(
        "INSERT INTO overrides (id, digest, rule, reason, made_by, made_ms, expires_ms, note)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        override.id, override.digest, override.rule, override.reason, override.made_by, override.made_ms,
        override.expires_ms, override.note,
    )  # fmt: skip


def find_override(tx: Tx, override_id: str) -> Override | None:
    row = tx.one("SELECT * FROM overrides WHERE id = ?", override_id)
    return _override(row) if row else None


def list_overrides(tx: Tx, digest: str, *, now_ms: int) -> list[Override]:
    """Those in force."""
    rows = tx.all(
        "SELECT * FROM overrides WHERE digest = ? AND expires_ms > ? AND ended_ms IS NULL ORDER BY made_ms, id",
        digest, now_ms,
    )  # fmt: skip
    return [_override(row) for row in rows]


def list_expired(tx: Tx, *, now_ms: int, limit: int) -> list[Override]:
    """Those whose time is over and whose end was not drawn yet."""
    rows = tx.all(
        "SELECT * FROM overrides WHERE ended_ms IS NULL AND expires_ms <= ? ORDER BY expires_ms LIMIT ?", now_ms, limit
    )
    return [_override(row) for row in rows]


def end_override(tx: Tx, override_id: str, *, now_ms: int) -> bool:
    """False when it has ended already."""
    return bool(tx.run("UPDATE overrides SET ended_ms = ? WHERE id = ? AND ended_ms IS NULL", now_ms, override_id))


def _appeal(row: Row) -> Appeal:
    return Appeal(
        id=row["id"],
        release_id=row["release_id"],
        name=row["skill"],
        version=row["version"],
        digest=row["digest"],
        rule=row["rule"],
        reason=row["reason"],
        made_by=row["made_by"],
        made_ms=row["made_ms"],
        state=row["state"],
        answer=row["answer"],
        answered_by=row["answered_by"],
        answered_ms=row["answered_ms"],
    )


def _override(row: Row) -> Override:
    return Override(
        id=row["id"],
        digest=row["digest"],
        rule=row["rule"],
        reason=row["reason"],
        made_by=row["made_by"],
        made_ms=row["made_ms"],
        expires_ms=row["expires_ms"],
        note=row["note"],
        ended_ms=row["ended_ms"],
    )
