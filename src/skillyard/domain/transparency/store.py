"""SQL of the public log. Nothing is ever changed or removed here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

from skillyard.domain.transparency.errors import LogDamaged
from skillyard.domain.transparency.model import Entry, ReleaseName, Visibility
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.skill.log.leaf import Kind, Leaf
from skillyard.skill.log.merkle import Node

TABLES = (
    Table("log_entries", ("position", "leaf", "kind", "name", "version", "facts", "salt")),
    Table("log_nodes", ("level", "position", "hash")),
    Table("log_skills", ("name", "namespace", "visibility")),
    Table("log_followed", ("name", "position")),
)
_AT_ONCE = 400
Item = TypeVar("Item")


def size_of(tx: Tx) -> int:
    row = tx.one("SELECT max(position) AS last FROM log_entries")
    return 0 if row is None or row["last"] is None else int(row["last"]) + 1


def add_entry(tx: Tx, entry: Entry, leaf: Leaf) -> None:
    """`leaf`: the facts, which the entry may only commit to."""
    tx.run(
        "INSERT INTO log_entries (position, leaf, kind, name, version, facts, salt) VALUES (?, ?, ?, ?, ?, ?, ?)",
        entry.position, entry.leaf, leaf.kind, leaf.name, leaf.version, entry.facts, entry.salt,
    )  # fmt: skip


def add_nodes(tx: Tx, nodes: Mapping[Node, bytes]) -> None:
    """Raises LogDamaged when one is there already: entries behind it were removed."""
    rows = [value for (level, index), digest in nodes.items() for value in (level, index, digest)]
    sql = f"INSERT INTO log_nodes (level, position, hash) VALUES {_marks(len(nodes), '(?, ?, ?)')}"  # noqa: S608
    if tx.run(f"{sql} ON CONFLICT DO NOTHING", *rows) < len(nodes):
        level, index = next(iter(nodes))
        raise LogDamaged(level=level, position=index)


def read_nodes(tx: Tx, nodes: Collection[Node]) -> dict[Node, bytes]:
    """All of them. Raises LogDamaged when one is missing."""
    found: dict[Node, bytes] = {}
    for some in _batches(nodes):
        wanted = " OR ".join(["(level = ? AND position = ?)"] * len(some))  # a list of pairs would scan the table
        sql = f"SELECT level, position, hash FROM log_nodes WHERE {wanted}"  # noqa: S608 (only marks)
        rows = tx.all(sql, *(value for node in some for value in node))
        found.update({(row["level"], row["position"]): bytes(row["hash"]) for row in rows})
    for level, index in nodes:
        if (level, index) not in found:
            raise LogDamaged(level=level, position=index)
    return found


def list_nodes(tx: Tx, level: int, start: int, count: int) -> list[bytes]:
    """Neighbours on one level, from left to right. Raises LogDamaged when one is missing."""
    rows = tx.all(
        "SELECT hash FROM log_nodes WHERE level = ? AND position >= ? AND position < ? ORDER BY position",
        level, start, start + count,
    )  # fmt: skip
    if len(rows) < count:
        raise LogDamaged(level=level, position=start)
    return [bytes(row["hash"]) for row in rows]


def list_leaves(tx: Tx, start: int, count: int) -> list[str]:
    """From left to right. Raises LogDamaged when one is missing."""
    rows = tx.all(
        "SELECT leaf FROM log_entries WHERE position >= ? AND position < ? ORDER BY position", start, start + count
    )
    if len(rows) < count:
        raise LogDamaged(level=0, position=start)
    return [row["leaf"] for row in rows]


def find_entries(tx: Tx, positions: Iterable[int]) -> dict[int, tuple[Entry, str]]:
    """The entries at these positions, as far as there are any, each with the name that it is about."""
    found = {}
    for some in _batches(positions):
        sql = f"SELECT * FROM log_entries WHERE position IN ({_marks(len(some), '?')})"  # noqa: S608
        for row in tx.all(sql, *some):
            found[row["position"]] = (_entry(row), row["name"])
    return found


def find_published(tx: Tx, releases: Iterable[ReleaseName]) -> dict[ReleaseName, int]:
    """Where the log says for the first time that a release was published."""
    found: dict[ReleaseName, int] = {}
    wanted = set(releases)
    for some in _batches(sorted({(release.name, release.version) for release in wanted})):
        rows = tx.all(
            "SELECT position, name, version FROM log_entries WHERE kind = ?"  # noqa: S608
            f" AND (name, version) IN (VALUES {_marks(len(some), '(?, ?)')}) ORDER BY position",
            Kind.PUBLISHED.value,
            *(text for one in some for text in one),
        )
        for row in rows:
            found.setdefault(ReleaseName(name=row["name"], version=row["version"]), row["position"])
    return found


def list_entries(tx: Tx, *, name: str | None, after: int, before: int, limit: int) -> list[tuple[Entry, str]]:
    """The newest first, between two positions, each with the name that it is about."""
    sql = "SELECT * FROM log_entries WHERE position > ? AND position < ?"
    args: list[str | int] = [after, before]
    if name is not None:
        sql, args = f"{sql} AND name = ?", [*args, name]
    rows = tx.all(f"{sql} ORDER BY position DESC LIMIT ?", *args, limit)
    return [(_entry(row), row["name"]) for row in rows]


def list_open_members(tx: Tx, namespace: str) -> list[Entry]:
    """The entries on members of a namespace that everybody can read."""
    sql = "SELECT * FROM log_entries WHERE name = ? AND kind = ? AND salt IS NULL ORDER BY position"
    return [_entry(row) for row in tx.all(sql, namespace, Kind.MEMBER.value)]


def set_visibility(tx: Tx, name: str, visibility: Visibility) -> None:
    tx.run(
        "INSERT INTO log_skills (name, namespace, visibility) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET visibility = excluded.visibility",
        name, name.partition("/")[0], visibility,
    )  # fmt: skip


def list_visibilities(tx: Tx, names: Iterable[str]) -> dict[str, Visibility]:
    found: dict[str, Visibility] = {}
    for some in _batches(sorted(set(names))):
        sql = f"SELECT name, visibility FROM log_skills WHERE name IN ({_marks(len(some), '?')})"  # noqa: S608
        found.update({row["name"]: row["visibility"] for row in tx.all(sql, *some)})
    return found


def has_public_skill(tx: Tx, namespace: str) -> bool:
    sql = "SELECT 1 AS found FROM log_skills WHERE namespace = ? AND visibility = 'public' LIMIT 1"
    return tx.one(sql, namespace) is not None


def followed_to(tx: Tx, name: str) -> int:
    row = tx.one("SELECT position FROM log_followed WHERE name = ?", name)
    return int(row["position"]) if row else 0


def set_followed(tx: Tx, name: str, position: int) -> None:
    tx.run(
        "INSERT INTO log_followed (name, position) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET position = excluded.position",
        name, position,
    )  # fmt: skip


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _marks(count: int, mark: str) -> str:
    return ", ".join([mark] * count)


def _entry(row: Row) -> Entry:
    salt = bytes(row["salt"]) if row["salt"] is not None else None
    return Entry(position=row["position"], leaf=row["leaf"], facts=row["facts"], salt=salt)
