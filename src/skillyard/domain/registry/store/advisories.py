"""SQL of recalls."""

from __future__ import annotations

import orjson

from skillyard.domain.registry.trust import Advisory, AdvisorySeverity
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

TABLES = (
    Table(
        "advisories",
        (
            "id", "skill", "everywhere", "severity", "reason", "safe_version", "versions", "digests", "made_by",
            "made_ms", "note", "withdrawn_ms",
        ),
    ),
    Table("advisory_digests", ("digest", "advisory_id")),
)  # fmt: skip


def add_advisory(tx: Tx, advisory: Advisory) -> None:
    tx.run(
        "INSERT INTO advisories (id, skill, everywhere, severity, reason, safe_version, versions, digests, made_by,"
        " made_ms, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        advisory.id, advisory.name, int(advisory.everywhere), advisory.severity.value, advisory.reason,
        advisory.safe_version,
        orjson.dumps(advisory.versions).decode(), orjson.dumps(advisory.digests).decode(), advisory.made_by,
        advisory.made_ms, advisory.note,
    )  # fmt: skip
    for digest in advisory.digests:
        tx.run("INSERT INTO advisory_digests (digest, advisory_id) VALUES (?, ?)", digest, advisory.id)


def find_advisory(tx: Tx, advisory_id: str) -> Advisory | None:
    row = tx.one("SELECT * FROM advisories WHERE id = ?", advisory_id)
    return _advisory(row) if row else None


def list_in_force(tx: Tx, digest: str, name: str) -> list[Advisory]:
    """Those that recall this tree of files, as the skill `name`, now."""
    rows = tx.all(
        "SELECT a.* FROM advisory_digests d JOIN advisories a ON a.id = d.advisory_id"
        " WHERE d.digest = ? AND a.withdrawn_ms IS NULL ORDER BY a.made_ms, a.id",
        digest,
    )
    return [advisory for row in rows if (advisory := _advisory(row)).concerns(name)]


def list_advisories(tx: Tx, *, after: tuple[int, str], limit: int) -> list[Advisory]:
    """The oldest first, those after `after` (made_ms, id), withdrawn ones too."""
    rows = tx.all(
        "SELECT * FROM advisories WHERE made_ms > ? OR (made_ms = ? AND id > ?) ORDER BY made_ms, id LIMIT ?",
        after[0], after[0], after[1], limit,
    )  # fmt: skip
    return [_advisory(row) for row in rows]


def list_advisories_of(tx: Tx, name: str) -> list[Advisory]:
    return [_advisory(row) for row in tx.all("SELECT * FROM advisories WHERE skill = ? ORDER BY made_ms, id", name)]


def set_withdrawn(tx: Tx, advisory_id: str, *, now_ms: int) -> bool:
    """False when it was withdrawn already."""
    sql = "UPDATE advisories SET withdrawn_ms = ? WHERE id = ? AND withdrawn_ms IS NULL"
    return bool(tx.run(sql, now_ms, advisory_id))


def _advisory(row: Row) -> Advisory:
    return Advisory(
        id=row["id"],
        name=row["skill"],
        everywhere=bool(row["everywhere"]),
        severity=AdvisorySeverity(row["severity"]),
        reason=row["reason"],
        safe_version=row["safe_version"],
        versions=tuple(orjson.loads(row["versions"])),
        digests=tuple(orjson.loads(row["digests"])),
        made_by=row["made_by"],
        made_ms=row["made_ms"],
        note=row["note"],
        withdrawn_ms=row["withdrawn_ms"],
    )
