"""A consistent copy of everything while the server runs, and its way back into an empty instance.

A backup is one tar file: `tables/<name>.jsonl`, `blobs/<sha256>`, and last `backup.json`, which names the schema and
the SHA-256 of every member. It does not depend on the database: what SQLite held can be restored into PostgreSQL.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import orjson

from skillyard import __version__
from skillyard.app import App
from skillyard.infra import dump
from skillyard.infra.database import Tx
from skillyard.infra.errors import Conflict, Invalid
from skillyard.infra.migrations import known_migrations
from skillyard.infra.tables import Table
from skillyard.operate.tables import every_table

_FORMAT = 1
_MANIFEST = "backup.json"
_CHUNK_BYTES = 1024 * 1024
_PASSING = {"jobs", "job_periods", "idempotency_keys"}  # work in flight belongs to the instance, not to its content


class BackupDamaged(Invalid):
    code = "backup_damaged"
    text = "{path} is not a whole backup: {what}."
    hint = "Nothing was restored. Take another backup file."


class BackupFromNewer(Invalid):
    code = "backup_from_newer"
    text = "{path} was made by a newer version ({version}) and has migrations that this one lacks: {migrations}."
    hint = "Install that version or a newer one, then restore again."


class InstanceNotEmpty(Conflict):
    code = "instance_not_empty"
    text = "Table {table} of this instance holds rows; a backup is restored into an empty instance only."
    hint = "Point SKILLYARD_DATA_DIR, or SKILLYARD_DATABASE_URL and SKILLYARD_BLOBS_URL, to a new place."


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    path: str
    rows: int
    blobs: int
    size_bytes: int


def backup(app: App, target: Path) -> BackupReport:
    """Write a backup to `target` (must not exist; appears whole or not at all).

    The tables are one snapshot. Blobs are copied after it: they never change, and one that a row of the snapshot
    names is not removed within the grace period.
    """
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as out, tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            rows, members = _write_tables(app, tar)
            blobs = _write_blobs(app, tar, members)
            _add(tar, _MANIFEST, io.BytesIO(_manifest(members, rows)))
        _sync(partial)
        os.link(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return BackupReport(path=str(target), rows=sum(rows.values()), blobs=blobs, size_bytes=target.stat().st_size)


def restore(app: App, source: Path) -> BackupReport:
    """Check every member of the backup, then fill this empty instance with it.

    Raises BackupDamaged, BackupFromNewer, InstanceNotEmpty; in each case nothing was changed. Blobs come first, so
    that a row never names one that is missing; the rows come in one transaction.
    """
    manifest = _checked_manifest(source)
    _must_be_empty(app)
    blobs = sum(_restore_blob(app, name, content) for name, content in _members(source, "blobs/"))
    with app.database.transaction() as tx:
        rows = _load_tables(tx, source)
        dump.continue_numbering(tx)
    if rows != manifest["rows"]:
        raise BackupDamaged(path=str(source), what=f"it holds {rows} rows, its manifest says {manifest['rows']}")
    return BackupReport(path=str(source), rows=sum(rows.values()), blobs=blobs, size_bytes=source.stat().st_size)


def _write_tables(app: App, tar: tarfile.TarFile) -> tuple[dict[str, int], dict[str, str]]:
    rows: dict[str, int] = {}
    members: dict[str, str] = {}
    with app.database.reading() as tx:
        for table in _kept_tables():
            with tempfile.TemporaryFile() as lines:
                rows[table.name] = _spool(dump.dump(tx, table), lines)
                lines.seek(0)
                members[f"tables/{table.name}.jsonl"] = _add(tar, f"tables/{table.name}.jsonl", lines)
    return rows, members


def _write_blobs(app: App, tar: tarfile.TarFile, members: dict[str, str]) -> int:
    count = 0
    for blob in app.blobs.list():
        with app.blobs.open(blob.sha256) as content:
            members[f"blobs/{blob.sha256}"] = _add(tar, f"blobs/{blob.sha256}", content)
        count += 1
    return count


def _manifest(members: dict[str, str], rows: dict[str, int]) -> bytes:
    return orjson.dumps(
        {
            "format": _FORMAT,
            "version": __version__,
            "migrations": known_migrations(),
            "rows": rows,
            "members": members,
        },
        option=orjson.OPT_INDENT_2,
    )


def _checked_manifest(source: Path) -> dict[str, Any]:
    found: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        for name, content in _members(source):
            if name == _MANIFEST:
                manifest = orjson.loads(content.read())
            else:
                found[name] = hashlib.file_digest(cast(Any, content), "sha256").hexdigest()
    except (tarfile.TarError, orjson.JSONDecodeError, OSError) as error:
        raise BackupDamaged(path=str(source), what=str(error)) from error
    if not manifest:
        raise BackupDamaged(path=str(source), what=f"it has no {_MANIFEST}; it was cut off")
    wrong = sorted({*found.items()} ^ {*manifest["members"].items()})
    if wrong:
        raise BackupDamaged(path=str(source), what=f"{wrong[0][0]} is missing or changed")
    unknown = sorted(set(manifest["migrations"]) - set(known_migrations()))
    if unknown:
        raise BackupFromNewer(path=str(source), version=manifest["version"], migrations=", ".join(unknown))
    return manifest


def _must_be_empty(app: App) -> None:
    with app.database.reading() as tx:
        for table in _kept_tables():
            if table.name != "keys" and not dump.is_empty(tx, table):
                raise InstanceNotEmpty(table=table.name)


def _load_tables(tx: Tx, source: Path) -> dict[str, int]:
    tx.run("DELETE FROM keys")
    contents = {table.name: table for table in _kept_tables()}
    rows: dict[str, int] = {}
    for name, content in _members(source, "tables/"):
        table = contents[Path(name).stem]
        rows[table.name] = dump.load(tx, table, content)
    return rows


def _restore_blob(app: App, name: str, content: IO[bytes]) -> int:
    with tempfile.SpooledTemporaryFile(max_size=_CHUNK_BYTES) as copy:
        size = _spool(iter(lambda: content.read(_CHUNK_BYTES), b""), copy, count_bytes=True)
        copy.seek(0)
        app.blobs.put(name.removeprefix("blobs/"), cast(BinaryIO, copy), size)
    return 1


def _kept_tables() -> list[Table]:
    return [table for table in every_table() if table.name not in _PASSING]


def _members(source: Path, prefix: str = "") -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(source, mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and member.name.startswith(prefix):
                yield member.name, content


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes]) -> str:
    """Add a member; the SHA-256 of its content. `content` is seekable."""
    sha256 = hashlib.file_digest(cast(Any, content), "sha256").hexdigest()
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    tar.addfile(member, content)
    return sha256


def _spool(chunks: Iterable[bytes], out: IO[bytes], *, count_bytes: bool = False) -> int:
    """Write the chunks; how many there were, or how many bytes."""
    count = 0
    for chunk in chunks:
        out.write(chunk)
        count += len(chunk) if count_bytes else 1
    return count


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
