"""What the registry enters into the public log, and the statements that it signs with the log's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from skillyard.domain.registry.model import Release, Visibility
from skillyard.domain.registry.store import skills
from skillyard.domain.registry.trust import Advisory, Override
from skillyard.domain.transparency.append import append
from skillyard.domain.transparency.model import Visibility as InLog
from skillyard.infra.database import Row, Tx
from skillyard.skill.log.leaf import Kind, Leaf


def facts_of(statement: Override | Advisory) -> dict[str, Any]:
    """What is signed of it: all but the signature and what happens to it later."""
    later = ("note", "ended_ms", "withdrawn_ms")
    return {key: value for key, value in asdict(statement).items() if key not in later}


def visibility_in_log(visibility: Visibility, *, is_for_sale: bool) -> InLog:
    """A private skill that is for sale has a page, which names its releases: so does the log, to whoever names it."""
    return (Visibility.UNLISTED if is_for_sale and visibility is Visibility.PRIVATE else visibility).value


def log_release(tx: Tx, kind: Kind, release: Release, details: Mapping[str, Any], *, by: str, now_ms: int) -> None:
    """Enter something that was done with a release. Call it before events are recorded."""
    leaf = Leaf(
        kind=kind,
        name=release.name,
        version=release.version,
        digest=release.digest,
        archive_sha256=release.archive.sha256,
        at_ms=now_ms,
        by=by,
        details=details,
    )
    append(tx, leaf, visibility=visibility_in_log(release.visibility, is_for_sale=release.is_for_sale))


def log_rows(tx: Tx, kind: Kind, rows: list[Row], details: Mapping[str, Any], *, by: str, now_ms: int) -> None:
    """The same for several releases; of each row the `skill`, `version`, `digest` and `sha256` count."""
    for row in rows:
        leaf = Leaf(
            kind=kind, name=row["skill"], version=row["version"], digest=row["digest"], archive_sha256=row["sha256"],
            at_ms=now_ms, by=by, details=details,
        )  # fmt: skip
        seen = [
            visibility_in_log(one.visibility, is_for_sale=one.is_for_sale) for one in skills.list_facts(tx, [leaf.name])
        ]
        append(tx, leaf, visibility=seen[0] if seen else "private")
