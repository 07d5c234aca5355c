"""Tables as lines of JSON, and back: the form that a backup has on every database."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from skillyard.infra.database import Row, Tx
from skillyard.infra.tables import Table

_BYTES = "$bytes"


def dump(tx: Tx, table: Table) -> Iterator[bytes]:
    """One line of JSON per row, ending in a newline, as one snapshot sees the table."""
    order = f" ORDER BY {table.ordered_by}" if table.ordered_by else ""
    for row in tx.each(f"SELECT {', '.join(table.columns)} FROM {table.name}{order}"):  # noqa: S608 (declared names)
        yield orjson.dumps({name: _show(row[name]) for name in table.columns}, option=orjson.OPT_APPEND_NEWLINE)


def load(tx: Tx, table: Table, lines: Iterable[bytes]) -> int:
    """Insert the rows; how many there were. Raises ValueError for a line that is not a row of the table."""
    sql = _insert(table)
    count = 0
    for count, line in enumerate(lines, start=1):
        row = orjson.loads(line)
        if not isinstance(row, dict) or set(row) != set(table.columns):
            raise ValueError(f"line {count} of table {table.name} does not have its columns")
        tx.run(sql, *(_read(row[name]) for name in table.columns))
    return count


def is_empty(tx: Tx, table: Table) -> bool:
    return tx.one(f"SELECT 1 AS found FROM {table.name} LIMIT 1") is None  # noqa: S608


def continue_numbering(tx: Tx) -> None:
    """After explicit numbers were inserted, let PostgreSQL go on behind the highest. SQLite does so by itself."""
    if tx.dialect != "postgresql":
        return
    for column in tx.all(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND is_identity = 'YES'"
    ):
        _continue(tx, column)


def _continue(tx: Tx, column: Row) -> None:
    table, name = column["table_name"], column["column_name"]
    highest = tx.one(f"SELECT max({name}) AS highest FROM {table}")  # noqa: S608
    if highest and highest["highest"]:
        tx.run("SELECT setval(pg_get_serial_sequence(?, ?), ?)", table, name, highest["highest"])


def _insert(table: Table) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"  # noqa: S608


def _show(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {_BYTES: base64.b64encode(bytes(value)).decode()}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value[_BYTES], validate=True)
    return value
