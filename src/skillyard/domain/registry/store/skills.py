"""SQL of skills and their channels."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import orjson

from skillyard.domain.registry.model import Downloads, Skill, Visibility
from skillyard.domain.registry.sight import Facts
from skillyard.domain.registry.store import batches
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.skill.names import SkillName, skeleton

TABLES = (
    Table(
        "skills",
        (
            "name", "namespace", "slug", "skeleton", "visibility", "deprecated", "created_ms", "updated_ms",
            "downloads_total", "downloads_week", "downloads_month", "is_for_sale", "is_sealed",
        ),
    ),
    Table("channels", ("skill", "channel", "version")),
)  # fmt: skip

_SKILLS = (
    "SELECT s.*, r.version AS latest_version, r.status, r.description, r.tags, r.compatibility FROM skills s"
    " LEFT JOIN channels c ON c.skill = s.name AND c.channel = 'latest'"
    " LEFT JOIN releases r ON r.skill = c.skill AND r.version = c.version"
)


def add_skill(tx: Tx, name: SkillName, visibility: Visibility, *, is_sealed: bool, now_ms: int) -> bool:
    """False when it is there already."""
    return tx.insert_new(
        "INSERT INTO skills (name, namespace, slug, skeleton, visibility, created_ms, updated_ms,"
        " downloads_total, downloads_week, downloads_month, is_sealed) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?)",
        str(name), name.namespace, name.slug, skeleton(name.slug), visibility.value, now_ms, now_ms, int(is_sealed),
    )  # fmt: skip


def find_visibility(tx: Tx, name: SkillName) -> Visibility | None:
    """None when there is no such skill."""
    row = tx.one("SELECT visibility FROM skills WHERE name = ?", str(name))
    return Visibility(row["visibility"]) if row else None


def find_sealed(tx: Tx, name: SkillName) -> bool | None:
    """Whether it is sealed; None when there is no such skill."""
    row = tx.one("SELECT is_sealed FROM skills WHERE name = ?", str(name))
    return bool(row["is_sealed"]) if row else None


def find_skill(tx: Tx, name: SkillName) -> Skill | None:
    row = tx.one(f"{_SKILLS} WHERE s.name = ?", str(name))
    return _skill(row) if row else None


def list_skills(tx: Tx, names: Sequence[str]) -> dict[str, Skill]:
    """Those of `names` that there are, by name."""
    found = (row for marks, part in batches(names) for row in tx.all(f"{_SKILLS} WHERE s.name IN ({marks})", *part))
    return {row["name"]: _skill(row) for row in found}


def each_skill(tx: Tx) -> Iterator[Skill]:
    return (_skill(row) for row in tx.each(_SKILLS))


def list_visibilities(tx: Tx, names: Sequence[str]) -> dict[str, Visibility]:
    """Those of `names` that there are, and who may see them."""
    found: dict[str, Visibility] = {}
    for marks, part in batches(names):
        rows = tx.all(f"SELECT name, visibility FROM skills WHERE name IN ({marks})", *part)  # noqa: S608 (only marks)
        found.update((row["name"], Visibility(row["visibility"])) for row in rows)
    return found


def list_facts(tx: Tx, names: Sequence[str]) -> list[Facts]:
    """Of those of `names` that there are, what decides who may have what of them."""
    sql = "SELECT name, visibility, is_for_sale, is_sealed FROM skills WHERE name IN"
    return [
        Facts(
            name=row["name"],
            visibility=Visibility(row["visibility"]),
            is_for_sale=bool(row["is_for_sale"]),
            is_sealed=bool(row["is_sealed"]),
        )
        for marks, part in batches(names)
        for row in tx.all(f"{sql} ({marks})", *part)
    ]


def list_names_near(tx: Tx, slug: str, namespaces: Collection[str], *, limit: int) -> list[str]:
    """One skill for each slug whose skeleton stands next to this one's in the alphabet, at most `limit` on each side.

    Only public ones, and any of `namespaces`.
    """
    own = list(namespaces) or [""]
    marks = ", ".join("?" * len(own))
    near = (
        "SELECT skeleton, slug, min(name) AS name FROM skills WHERE skeleton {side} ?"  # noqa: S608 (only marks)
        f" AND (visibility = 'public' OR namespace IN ({marks}))"
        " GROUP BY skeleton, slug ORDER BY skeleton {order}, slug LIMIT ?"
    )
    here = skeleton(slug)
    rows = [
        *tx.all(near.format(side=">=", order="ASC"), here, *own, limit),
        *tx.all(near.format(side="<", order="DESC"), here, *own, limit),
    ]
    return [row["name"] for row in rows]


def list_public_with_slug(tx: Tx, slug: str, *, limit: int) -> list[str]:
    sql = "SELECT name FROM skills WHERE skeleton = ? AND slug = ? AND visibility = 'public' ORDER BY name LIMIT ?"
    return [row["name"] for row in tx.all(sql, skeleton(slug), slug, limit)]


def set_updated(tx: Tx, name: SkillName, *, now_ms: int) -> None:
    tx.run("UPDATE skills SET updated_ms = ? WHERE name = ?", now_ms, str(name))


def set_visibility(tx: Tx, name: SkillName, visibility: Visibility) -> bool:
    """False when it is that already."""
    return bool(
        tx.run(
            "UPDATE skills SET visibility = ? WHERE name = ? AND visibility <> ?",
            visibility.value, str(name), visibility.value,
        )
    )  # fmt: skip


def set_for_sale(tx: Tx, name: SkillName, is_for_sale: bool) -> bool:
    """False when it is that already."""
    sql = "UPDATE skills SET is_for_sale = ? WHERE name = ? AND is_for_sale <> ?"
    return bool(tx.run(sql, int(is_for_sale), str(name), int(is_for_sale)))


def set_deprecated(tx: Tx, name: SkillName, message: str | None) -> bool:
    """False when it is that already."""
    return bool(
        tx.run(
            "UPDATE skills SET deprecated = ? WHERE name = ? AND coalesce(deprecated, '') <> ?",
            message, str(name), message or "",
        )
    )  # fmt: skip


def set_downloads(tx: Tx, name: str, downloads: Downloads) -> None:
    tx.run(
        "UPDATE skills SET downloads_total = ?, downloads_week = ?, downloads_month = ? WHERE name = ?",
        downloads.total, downloads.last_week, downloads.last_month, name,
    )  # fmt: skip


def list_channels(tx: Tx, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Skill → channel → version."""
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for marks, part in batches(names):
        sql = f"SELECT * FROM channels WHERE skill IN ({marks}) ORDER BY skill, channel"  # noqa: S608 (only marks)
        for row in tx.all(sql, *part):
            found[row["skill"]][row["channel"]] = row["version"]
    return found


def set_channels(tx: Tx, name: SkillName, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Write what is different in `after`."""
    for channel in before.keys() - after.keys():
        tx.run("DELETE FROM channels WHERE skill = ? AND channel = ?", str(name), channel)
    for channel, version in after.items():
        if before.get(channel) != version:
            tx.run(
                "INSERT INTO channels (skill, channel, version) VALUES (?, ?, ?)"
                " ON CONFLICT (skill, channel) DO UPDATE SET version = excluded.version",
                str(name), channel, version,
            )  # fmt: skip


def _skill(row: Row) -> Skill:
    return Skill(
        name=row["name"],
        namespace=row["namespace"],
        slug=row["slug"],
        visibility=Visibility(row["visibility"]),
        description=row["description"] or "",
        latest_version=row["latest_version"],
        tags=tuple(orjson.loads(row["tags"])) if row["tags"] else (),
        compatibility=row["compatibility"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        downloads=Downloads(
            total=row["downloads_total"], last_week=row["downloads_week"], last_month=row["downloads_month"]
        ),
        deprecated=row["deprecated"],
        status=Status(row["status"]) if row["status"] else None,
        is_for_sale=bool(row["is_for_sale"]),
        is_sealed=bool(row["is_sealed"]),
    )
