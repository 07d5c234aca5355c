"""SQL of releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from skillyard.domain.accounts.model import Provenance
from skillyard.domain.registry.model import Archive, Blob, Release, Standing, Visibility, Yank
from skillyard.domain.registry.store import batches
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table
from skillyard.skill.digest import FileEntry
from skillyard.skill.names import SkillName

TABLES = (
    Table(
        "releases",
        (
            "id", "skill", "version", "version_order", "channel", "description", "license", "compatibility", "homepage",
            "tags", "dependencies", "permissions", "digest", "sha256", "sha512", "size_bytes", "format", "files_count",
            "unpacked_bytes", "published_ms", "published_by", "yanked_reason", "yanked_ms", "deprecated", "readme",
            "files", "status", "reasons", "verdict", "score_tenths", "rules",
            "provenance", "credits_per_run",
        ),
    ),
)  # fmt: skip

# Without `readme` and `files`, which are long.
_LISTED = (
    "r.id, r.skill, r.version, r.channel, r.description, r.license, r.compatibility, r.homepage, r.tags,"
    " r.dependencies, r.permissions, r.digest, r.sha256, r.sha512, r.size_bytes, r.format, r.files_count,"
    " r.unpacked_bytes, r.published_ms, r.published_by, r.yanked_reason, r.yanked_ms, r.status, r.reasons, r.verdict,"
    " r.score_tenths, r.provenance, r.credits_per_run, s.visibility, s.is_for_sale, s.is_sealed,"
    " coalesce(r.deprecated, s.deprecated) AS deprecated"
)
_FROM = "FROM releases r JOIN skills s ON s.name = r.skill"
AFTER_ALL = b"\xff" * 32  # sorts behind the `version_order` of every version


def add_release(tx: Tx, release: Release, *, version_order: bytes, rules: str) -> bool:
    """False when the skill has this version already. `rules`: the hash of those that it was scanned by."""
    archive = release.archive
    return tx.insert_new(
        "INSERT INTO releases (id, skill, version, version_order, channel, description, license, compatibility,"
        " homepage, tags, dependencies, permissions, digest, sha256, sha512, size_bytes, format, files_count,"
        " unpacked_bytes, published_ms, published_by, readme, files, status, reasons, verdict, score_tenths, rules,"
        " provenance, credits_per_run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        release.id, release.name, release.version, version_order, release.channel, release.description,
        release.license, release.compatibility, release.homepage, _json(release.tags), _json(release.dependencies),
        _json(release.permissions), release.digest, archive.sha256, archive.sha512, archive.size_bytes, archive.format,
        release.files_count, release.unpacked_bytes, release.published_ms, release.published_by, release.readme,
        _json([[file.path, file.size_bytes, file.sha256, file.executable] for file in release.files]),
        release.status.value, _json(release.reasons), release.verdict or "", _tenths(release.score), rules,
        _json(asdict(release.provenance)) if release.provenance else None, release.credits_per_run,
    )  # fmt: skip


def find_release(tx: Tx, name: SkillName, version: str, channels: Mapping[str, str]) -> Release | None:
    """With its readme."""
    row = tx.one(f"SELECT {_LISTED}, r.readme {_FROM} WHERE r.skill = ? AND r.version = ?", str(name), version)
    return _release(row, channels, readme=row["readme"]) if row else None


def find_digest(tx: Tx, name: SkillName, version: str) -> str | None:
    """The tree digest of a version; None when there is no such version."""
    row = tx.one("SELECT digest FROM releases WHERE skill = ? AND version = ?", str(name), version)
    return row["digest"] if row else None


def find_before(tx: Tx, name: SkillName, version_order: bytes) -> tuple[str, Any] | None:
    """The highest version below that was ever handed out, and its permissions; None when there is none."""
    row = tx.one(
        "SELECT version, permissions FROM releases WHERE skill = ? AND version_order < ?"
        " AND status <> 'quarantined' ORDER BY version_order DESC LIMIT 1",
        str(name), version_order,
    )  # fmt: skip
    return (row["version"], orjson.loads(row["permissions"])) if row else None


def find_files(tx: Tx, name: SkillName, version: str) -> tuple[FileEntry, ...]:
    """In the order of their paths; none when there is no such version."""
    row = tx.one("SELECT files FROM releases WHERE skill = ? AND version = ?", str(name), version)
    return _files(row) if row else ()


def list_releases(
    tx: Tx, name: SkillName, channels: Mapping[str, str], *, before: bytes | None, limit: int
) -> list[Release]:
    """The highest version first; those that sort below `before`."""
    rows = tx.all(
        f"SELECT {_LISTED} {_FROM} WHERE r.skill = ? AND r.version_order < ?"
        " ORDER BY r.version_order DESC LIMIT ?",
        str(name), before or AFTER_ALL, limit,
    )  # fmt: skip
    return [_release(row, channels) for row in rows]


def list_offered(tx: Tx, name: SkillName, channels: Mapping[str, str], *, limit: int, offset: int) -> list[Release]:
    """Those that a new install may choose, the newest first."""
    rows = tx.all(
        f"SELECT {_LISTED} {_FROM} WHERE r.skill = ? AND r.yanked_ms IS NULL AND r.status IN ('listed', 'flagged')"
        " ORDER BY r.published_ms DESC, r.id DESC LIMIT ? OFFSET ?",
        str(name), limit, offset,
    )  # fmt: skip
    return [_release(row, channels) for row in rows]


def count_releases(tx: Tx, name: SkillName) -> int:
    row = tx.one("SELECT count(*) AS count FROM releases WHERE skill = ?", str(name))
    return int(row["count"]) if row else 0


def list_standings(tx: Tx, name: SkillName) -> list[Standing]:
    rows = tx.all("SELECT version, channel, yanked_ms, status FROM releases WHERE skill = ?", str(name))
    return [
        Standing(
            version=row["version"],
            channel=row["channel"],
            is_offered=row["yanked_ms"] is None and Status(row["status"]).is_offered,
        )
        for row in rows
    ]


def find_standing(tx: Tx, name: SkillName, version: str) -> Standing | None:
    return next((standing for standing in list_standings(tx, name) if standing.version == version), None)


def list_candidates(tx: Tx, names: Sequence[str]) -> list[Row]:
    """Of every release of these skills: `id`, `skill`, `visibility`, `is_for_sale`, `is_sealed`, `version`,
    `dependencies` (JSON), `yanked_ms`, `status`, `published_ms`.
    """
    return [
        row
        for marks, part in batches(names)
        for row in tx.all(
            "SELECT r.id, r.skill, s.visibility, s.is_for_sale, s.is_sealed, r.version, r.dependencies, r.yanked_ms,"
            f" r.status, r.published_ms {_FROM} WHERE r.skill IN ({marks})",
            *part,
        )
    ]


def list_whole(tx: Tx, ids: Sequence[str]) -> list[Release]:
    """These releases with their files, and without the channels that point to them."""
    return [
        _release(row, {}, files=_files(row))
        for marks, part in batches(ids)
        for row in tx.all(f"SELECT {_LISTED}, r.files {_FROM} WHERE r.id IN ({marks})", *part)
    ]


def set_yank(tx: Tx, name: SkillName, version: str, yank: Yank | None) -> None:
    tx.run(
        "UPDATE releases SET yanked_reason = ?, yanked_ms = ? WHERE skill = ? AND version = ?",
        yank.reason if yank else None, yank.at_ms if yank else None, str(name), version,
    )  # fmt: skip


def set_deprecated(tx: Tx, name: SkillName, version: str, message: str | None) -> bool:
    """False when it is that already."""
    return bool(
        tx.run(
            "UPDATE releases SET deprecated = ? WHERE skill = ? AND version = ? AND coalesce(deprecated, '') <> ?",
            message, str(name), version, message or "",
        )
    )  # fmt: skip


def find_open_blob(tx: Tx, sha256: str) -> Blob | None:
    """An archive of a skill that is neither private nor for sale nor sealed."""
    row = tx.one(
        f"SELECT r.id, r.skill, r.version, r.sha256, r.size_bytes, r.format {_FROM}"
        " WHERE r.sha256 = ? AND s.visibility <> 'private' AND s.is_for_sale = 0 AND s.is_sealed = 0"
        " AND r.status <> 'quarantined'"
        " ORDER BY r.id LIMIT 1",
        sha256,
    )
    return _blob(row) if row else None


def find_blob_of(tx: Tx, name: SkillName, version: str) -> Blob | None:
    """The archive of one version, whoever may see it."""
    row = tx.one(
        "SELECT id, skill, version, sha256, size_bytes, format FROM releases WHERE skill = ? AND version = ?",
        str(name), version,
    )  # fmt: skip
    return _blob(row) if row else None


def list_archives(tx: Tx, *, after: str, limit: int) -> list[str]:
    """Digests that some release refers to, in their order."""
    sql = "SELECT DISTINCT sha256 FROM releases WHERE sha256 > ? ORDER BY sha256 LIMIT ?"
    return [row["sha256"] for row in tx.all(sql, after, limit)]


def _blob(row: Row) -> Blob:
    return Blob(
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        format=row["format"],
        filename=f"{row['skill'].replace('/', '-')}-{row['version']}.{row['format']}",
        release_id=row["id"],
        name=row["skill"],
    )


def _release(row: Row, channels: Mapping[str, str], *, readme: str = "", files: tuple[FileEntry, ...] = ()) -> Release:
    yanked_ms = row["yanked_ms"]
    return Release(
        id=row["id"],
        name=row["skill"],
        version=row["version"],
        visibility=Visibility(row["visibility"]),
        description=row["description"],
        license=row["license"],
        compatibility=row["compatibility"],
        homepage=row["homepage"],
        tags=tuple(orjson.loads(row["tags"])),
        dependencies=orjson.loads(row["dependencies"]),
        permissions=orjson.loads(row["permissions"]),
        channel=row["channel"],
        channels=tuple(channel for channel, version in channels.items() if version == row["version"]),
        digest=row["digest"],
        archive=Archive(sha256=row["sha256"], sha512=row["sha512"], size_bytes=row["size_bytes"], format=row["format"]),
        files_count=row["files_count"],
        unpacked_bytes=row["unpacked_bytes"],
        published_ms=row["published_ms"],
        published_by=row["published_by"],
        yanked=None if yanked_ms is None else Yank(reason=row["yanked_reason"], at_ms=yanked_ms),
        deprecated=row["deprecated"],
        status=Status(row["status"]),
        reasons=tuple(orjson.loads(row["reasons"])),
        verdict=row["verdict"] or None,
        score=row["score_tenths"] / 10 if row["verdict"] else None,
        provenance=Provenance(**orjson.loads(row["provenance"])) if row["provenance"] else None,
        is_for_sale=bool(row["is_for_sale"]),
        is_sealed=bool(row["is_sealed"]),
        credits_per_run=int(row["credits_per_run"]),
        readme=readme,
        files=files,
    )


def _files(row: Row) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(path=path, size_bytes=size_bytes, sha256=sha256, executable=executable)
        for path, size_bytes, sha256, executable in orjson.loads(row["files"])
    )


def _tenths(score: float | None) -> int:
    return round((score or 0.0) * 10)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
