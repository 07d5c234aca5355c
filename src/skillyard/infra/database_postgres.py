"""The database on PostgreSQL, by psycopg 3 and its pool."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from skillyard.infra.database import BUSY_TIMEOUT_S, Database, DatabaseUnavailable, Dialect, Tx

_POOL_SIZE = 16


class PostgresDatabase(Database):
    """A pool of connections, opened at first use."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self.url = url
        self._pool: ConnectionPool[psycopg.Connection[dict[str, Any]]] = ConnectionPool(
            url,
            min_size=1,
            max_size=_POOL_SIZE,
            timeout=BUSY_TIMEOUT_S,
            open=False,
            kwargs={"row_factory": dict_row},
            check=ConnectionPool.check_connection,
        )
        self._opening = threading.Lock()

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Tx]:
        with self._connected() as connection, connection.transaction():
            if not durable:
                connection.execute("SET LOCAL synchronous_commit = off")
            tx = Tx("postgresql", partial(_execute_postgres, connection))
            yield tx
            tx.ending()
        tx.committed()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        with self._connected() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Tx("postgresql", partial(_execute_postgres, connection))

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        with self._opening:
            if self._pool.closed:
                self._pool.open()
        try:
            with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise DatabaseUnavailable() from error

    def close(self) -> None:
        self._pool.close()


def _execute_postgres(
    connection: psycopg.Connection[dict[str, Any]], sql: str, args: tuple[Any, ...] | None
) -> psycopg.Cursor[dict[str, Any]]:
    return connection.execute(sql) if args is None else connection.execute(_numbered(sql), args)


@lru_cache(maxsize=4096)
def _numbered(sql: str) -> str:
    """psycopg spells a parameter `%s`. Our statements hold no `?` or `%` in any other sense."""
    return sql.replace("%", "%%").replace("?", "%s")
