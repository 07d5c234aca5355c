"""SQL of what is in releases, as far as it can be run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from skillyard.infra.database import Tx
from skillyard.skill.digest import FileEntry

_AT_ONCE = 200


def each_file_list(tx: Tx, releases: Sequence[tuple[str, str]]) -> Iterator[list[FileEntry]]:
    """The files of each of these releases, by name and version."""
    for start in range(0, len(releases), _AT_ONCE):
        part = releases[start : start + _AT_ONCE]
        marks = ", ".join(["(?, ?)"] * len(part))
        sql = f"SELECT files FROM releases WHERE (skill, version) IN (VALUES {marks})"  # noqa: S608 (only marks)
        for row in tx.each(sql, *(value for pair in part for value in pair)):
            yield [
                FileEntry(path=path, size_bytes=size_bytes, sha256=sha256, executable=executable)
                for path, size_bytes, sha256, executable in orjson.loads(row["files"])
            ]
