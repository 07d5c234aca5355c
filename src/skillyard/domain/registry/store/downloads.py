"""SQL of download counts. A day is the number of whole days since 1970."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillyard.domain.registry.model import Downloads
from skillyard.infra.database import Tx
from skillyard.infra.tables import Table

TABLES = (
    Table("download_clients", ("release_id", "day", "client")),
    Table("download_days", ("skill", "day", "downloads")),
)

_ROWS_AT_ONCE = 100
_OLD = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Somebody downloaded a release on a day; `client` is a keyed hash."""

    release_id: str
    day: int
    client: str


def add_seen(tx: Tx, seen: Sequence[Seen]) -> list[Seen]:
    """Those that were not on record yet."""
    added: list[Seen] = []
    for start in range(0, len(seen), _ROWS_AT_ONCE):
        part = seen[start : start + _ROWS_AT_ONCE]
        rows = tx.all(
            f"INSERT INTO download_clients (release_id, day, client) VALUES {', '.join(['(?, ?, ?)'] * len(part))}"  # noqa: S608
            " ON CONFLICT DO NOTHING RETURNING release_id, day, client",
            *(value for one in part for value in (one.release_id, one.day, one.client)),
        )
        added += [Seen(release_id=row["release_id"], day=row["day"], client=row["client"]) for row in rows]
    return added


def add_downloads(tx: Tx, day: int, name: str, downloads: int) -> None:
    """Add to the count of a skill on the day."""
    tx.run(
        "INSERT INTO download_days (skill, day, downloads) VALUES (?, ?, ?)"
        " ON CONFLICT (skill, day) DO UPDATE SET downloads = download_days.downloads + excluded.downloads",
        name, day, downloads,
    )  # fmt: skip


def forget_clients(tx: Tx, *, before_day: int) -> int:
    return tx.run("DELETE FROM download_clients WHERE day < ?", before_day)


def fold_days(tx: Tx, *, before_day: int) -> None:
    """Sum up days that nobody asks for singly any more."""
    tx.run(
        "INSERT INTO download_days (skill, day, downloads)"
        " SELECT skill, 0, sum(downloads) FROM download_days WHERE day < ? AND day <> 0 GROUP BY skill"
        " ON CONFLICT (skill, day) DO UPDATE SET downloads = download_days.downloads + excluded.downloads",
        before_day,
    )
    tx.run("DELETE FROM download_days WHERE day < ? AND day <> ?", before_day, _OLD)


def list_changed(tx: Tx, *, week_from: int, month_from: int, limit: int) -> dict[str, Downloads]:
    """Skills whose figures are not what their days add up to, and what they should be."""
    rows = tx.all(
        "SELECT s.name, d.total, d.week, d.month FROM skills s JOIN"
        " (SELECT skill, CAST(sum(downloads) AS BIGINT) AS total,"
        "  CAST(sum(CASE WHEN day >= ? THEN downloads ELSE 0 END) AS BIGINT) AS week,"
        "  CAST(sum(CASE WHEN day >= ? THEN downloads ELSE 0 END) AS BIGINT) AS month"
        "  FROM download_days GROUP BY skill) d ON d.skill = s.name"
        " WHERE d.total <> s.downloads_total OR d.week <> s.downloads_week OR d.month <> s.downloads_month LIMIT ?",
        week_from, month_from, limit,
    )  # fmt: skip
    return {row["name"]: Downloads(total=row["total"], last_week=row["week"], last_month=row["month"]) for row in rows}
