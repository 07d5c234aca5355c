"""SQL of lists that show many skills at once, each with a few of its versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from skillyard.domain.registry.store import batches
from skillyard.infra.database import Tx

_LISTED = "(s.visibility = 'public' OR (s.visibility = 'private' AND s.is_for_sale = 1))"

_MOST_PAIRS = 256

Offered = tuple[str, str]  # a version, and who published it


def list_highest(tx: Tx, names: Sequence[str], *, most: int) -> Mapping[str, list[Offered]]:
    """Of each skill the versions on offer, the highest first, at most so many."""
    found: dict[str, list[Offered]] = {name: [] for name in names}
    for marks, part in batches(names):
        rows = tx.all(
            "SELECT skill, version, published_by FROM (SELECT skill, version, published_by,"  # noqa: S608 (only marks)
            " row_number() OVER (PARTITION BY skill ORDER BY version_order DESC) AS place FROM releases"
            f" WHERE skill IN ({marks}) AND yanked_ms IS NULL AND status IN ('listed', 'flagged')) AS offered"
            " WHERE place <= ? ORDER BY skill, place",
            *part, most,
        )  # fmt: skip
        for row in rows:
            found[row["skill"]].append((row["version"], row["published_by"]))
    return found


def list_not_offered(tx: Tx, names: Sequence[str]) -> list[tuple[str, str]]:
    """Skill and version of every release of these skills that a new install may not choose."""
    return [
        (row["skill"], row["version"])
        for marks, part in batches(names)
        for row in tx.all(
            f"SELECT skill, version FROM releases WHERE skill IN ({marks})"  # noqa: S608 (only marks)
            " AND (yanked_ms IS NOT NULL OR status NOT IN ('listed', 'flagged'))",
            *part,
        )
    ]


def list_permissions(tx: Tx, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """The JSON value of the permissions of those of these releases, by skill and version, that there are."""
    found: dict[tuple[str, str], Any] = {}
    for start in range(0, len(pairs), _MOST_PAIRS):
        part = pairs[start : start + _MOST_PAIRS]
        marks = ", ".join(["(?, ?)"] * len(part))
        rows = tx.all(
            f"SELECT skill, version, permissions FROM releases WHERE (skill, version) IN (VALUES {marks})",  # noqa: S608
            *(value for pair in part for value in pair),
        )
        found.update(((row["skill"], row["version"]), orjson.loads(row["permissions"])) for row in rows)
    return found


def list_published_by(tx: Tx, author: str, namespaces: Collection[str], *, limit: int, offset: int) -> list[str]:
    """Names of skills with a release of this author: those that everybody finds, and any of `namespaces`."""
    own = list(namespaces) or [""]
    marks = ", ".join("?" * len(own))
    rows = tx.all(
        "SELECT s.name FROM skills s LEFT JOIN channels c ON c.skill = s.name AND c.channel = 'latest'"  # noqa: S608
        " WHERE s.name IN (SELECT skill FROM releases WHERE published_by = ?)"
        f" AND ((c.version IS NOT NULL AND {_LISTED}) OR s.namespace IN ({marks}))"
        " ORDER BY s.updated_ms DESC, s.name LIMIT ? OFFSET ?",
        author, *own, limit, offset,
    )  # fmt: skip
    return [row["name"] for row in rows]
