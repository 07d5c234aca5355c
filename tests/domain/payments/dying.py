"""An application whose process dies at a chosen transaction: before its commit, or right after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from skillyard.app import App
from skillyard.infra.database import Database, Tx
from tests.domain.payments.paper_bank import Killed


class DyingDatabase(Database):
    """`dies_at`: the number of the writing transaction, from 1, that is the last; `after`: it is still committed."""

    def __init__(self, database: Database, *, dies_at: int, after: bool) -> None:
        self._database = database
        self._left = dies_at
        self._after = after
        self.dialect = database.dialect
        self.url = database.url

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Tx]:
        self._left -= 1
        with self._database.transaction(durable=durable) as tx:
            yield tx
            if self._left == 0 and not self._after:
                raise Killed
        if self._left == 0:
            raise Killed

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        with self._database.reading() as tx:
            yield tx

    @property
    def is_dead(self) -> bool:
        return self._left <= 0

    def close(self) -> None:
        self._database.close()


def dying(app: App, *, dies_at: int, after: bool) -> App:
    return replace(app, database=DyingDatabase(app.database, dies_at=dies_at, after=after))
