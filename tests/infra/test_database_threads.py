"""Threads come and go, and what they had open of the database goes with them."""

from __future__ import annotations

import threading
from pathlib import Path

from skillyard.infra.database import open_database


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_threads_that_have_ended_hold_no_files_of_the_database(tmp_path: Path) -> None:
    database = open_database(f"sqlite://{tmp_path / 'a.db'}")
    database.ping()

    def use() -> None:
        with database.transaction() as tx:
            tx.one("SELECT 1 AS one")

    before = open_files()
    for _ in range(20):
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert open_files() <= before + 3
    database.close()
    database.ping()  # it opens again
    database.close()
