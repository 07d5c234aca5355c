"""One small `Tx` over stdlib sqlite3 and psycopg 3 (`database_postgres.py`): plain SQL with `?` in both.

SQLite: WAL, one writer at a time, a connection per thread. PostgreSQL: a pool. Migrations are in `migrations.py`.
"""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from weakref import WeakSet

from skillyard.infra.errors import Unavailable

Dialect = Literal["sqlite", "postgresql"]
Row = Mapping[str, Any]

BUSY_TIMEOUT_S = 10.0
_FETCH_ROWS = 1000


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
    text = "The database did not answer in time."
    hint = "Try again in a moment; the operator finds the cause with `skillyard doctor`."


class Tx:
    """One open transaction. Everything run through it commits together or not at all."""

    def __init__(self, dialect: Dialect, execute: Callable[[str, tuple[Any, ...] | None], Any]) -> None:
        self.dialect: Dialect = dialect
        self._execute = execute
        self._before_commit: dict[str, Callable[[], None]] = {}
        self._after_commit: list[Callable[[], None]] = []

    def run(self, sql: str, *args: Any) -> int:
        """Run a statement; the number of rows it changed."""
        return int(self._execute(sql, args).rowcount)

    def one(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(sql, args).fetchone()
        return row

    def all(self, sql: str, *args: Any) -> list[Row]:
        return list(self._execute(sql, args).fetchall())

    def each(self, sql: str, *args: Any) -> Iterator[Row]:
        """The rows one after the other, for more of them than should be in memory at once."""
        cursor = self._execute(sql, args)
        while rows := cursor.fetchmany(_FETCH_ROWS):
            yield from rows

    def insert_new(self, sql: str, *args: Any) -> bool:
        """Run an INSERT unless a unique constraint already holds such a row; True when it was added."""
        return self.run(f"{sql} ON CONFLICT DO NOTHING", *args) == 1

    def script(self, sql: str) -> None:
        """Run a library's own statements as they are."""
        self._execute(sql, None)

    def lock(self, name: str) -> None:
        """Let one transaction at a time pass this point, over all nodes. SQLite has one writer anyway."""
        if self.dialect == "postgresql":
            self._execute("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (name,))

    def before_commit(self, key: str, call: Callable[[], None]) -> None:
        """Call this as the last part of this transaction: of those with the same key, the first one only."""
        self._before_commit.setdefault(key, call)

    def on_commit(self, call: Callable[[], None]) -> None:
        """Call this after the commit, in this process, in the order of registration; not after a rollback."""
        self._after_commit.append(call)

    def ending(self) -> None:
        for call in self._before_commit.values():
            call()

    def committed(self) -> None:
        for call in self._after_commit:
            call()


class Database(ABC):
    """Where the tables are."""

    dialect: Dialect
    url: str

    @abstractmethod
    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Tx]:
        """A transaction for writing: commits at the end of the block, rolls back when it raises.

        Not `durable`: it is not flushed to disk by itself, and a power cut (not a crash) may undo it. For counters.
        """

    @abstractmethod
    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A snapshot for reading."""

    def ping(self) -> None:
        """Raises DatabaseUnavailable when the database does not answer."""
        with self.reading() as tx:
            tx.one("SELECT 1")

    @abstractmethod
    def close(self) -> None: ...


def open_database(url: str) -> Database:
    """`sqlite:///absolute/path.db` or `postgresql://user@host/name`. Raises ValueError for anything else."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return SqliteDatabase(url)
    if scheme in ("postgresql", "postgres"):
        from skillyard.infra.database_postgres import PostgresDatabase  # its driver is slow to import

        return PostgresDatabase(url)
    raise ValueError(f"SKILLYARD_DATABASE_URL must begin with sqlite:/// or postgresql://, not {scheme!r}://")


def sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite://"))


class SqliteDatabase(Database):
    """One file in WAL mode, a connection per thread; a lock in front of BEGIN keeps this process fair."""

    dialect: Dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = sqlite_path(url)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._writing = threading.Lock()
        self._all: WeakSet[_Opened] = WeakSet()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Tx]:
        with self._writing:
            connection = self._connection()
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            with _sqlite_errors():
                connection.execute("BEGIN IMMEDIATE")
            tx = Tx("sqlite", partial(_execute_sqlite, connection))
            try:
                yield tx
                tx.ending()
                with _sqlite_errors():
                    connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        tx.committed()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield Tx("sqlite", partial(_execute_sqlite, connection))
        finally:
            connection.execute("ROLLBACK")

    def change_counter(self) -> int:
        """A number that moves when another connection commits: a cheap way to notice its writes."""
        return int(self._connection().execute("PRAGMA data_version").fetchone()["data_version"])

    def close(self) -> None:
        for opened in list(self._all):
            opened.connection.close()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        opened: _Opened | None = getattr(self._local, "opened", None)
        if opened is None:
            opened = self._local.opened = _Opened(self.path)
            self._all.add(opened)
        return opened.connection


class _Opened:
    """A thread's connection, which is closed when the thread ends: it holds files, and threads come and go."""

    def __init__(self, path: Path) -> None:
        self.connection = _connect_sqlite(path)

    def __del__(self) -> None:
        self.connection.close()


def _execute_sqlite(connection: sqlite3.Connection, sql: str, args: tuple[Any, ...] | None) -> sqlite3.Cursor:
    return connection.execute(sql, args or ())


def _connect_sqlite(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = _row_as_dict
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _row_as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise DatabaseUnavailable() from error
        raise
