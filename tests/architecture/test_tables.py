"""Tables: the migrations make exactly what the code declares, and each belongs to one store."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from skillyard.infra.database import Database, open_database
from skillyard.infra.migrations import migrate
from skillyard.infra.tables import Table
from tests.architecture.source import modules, modules_of, strings

NOT_OURS = re.compile(r"^(sqlite_|procrastinate_|migrations$)")
WORD_AFTER_SQL = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)")


def declared() -> dict[str, tuple[Table, str]]:
    found: dict[str, tuple[Table, str]] = {}
    for module in modules():
        if module.layer in ("infra", "domain") and "TABLES = (" in module.path.read_text(encoding="utf-8"):
            for table in importlib.import_module(f"skillyard.{module.name}").TABLES:
                assert table.name not in found or found[table.name][0] is table, f"{table.name} is declared twice"
                found[table.name] = (table, module.name)
    return found


def columns_on(database: Database) -> dict[str, tuple[str, ...]]:
    with database.reading() as tx:
        if tx.dialect == "sqlite":
            names = [row["name"] for row in tx.all("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            return {
                name: tuple(row["name"] for row in tx.all(f"PRAGMA table_info({name})"))
                for name in names
                if not NOT_OURS.match(name)
            }
        rows = tx.all(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
        )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if not NOT_OURS.match(row["table_name"]):
            found[row["table_name"]] = (*found.get(row["table_name"], ()), row["column_name"])
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return open_database(f"sqlite://{tmp_path}/test.db")
    return open_database(request.getfixturevalue("postgres_url"))


def test_migrations_make_exactly_the_declared_tables(database: Database) -> None:
    migrate(database)
    made = columns_on(database)
    wanted = {name: table.columns for name, (table, _) in declared().items() if database.dialect in table.databases}
    database.close()
    assert made == wanted


def test_a_store_reads_and_writes_its_own_tables_only() -> None:
    owners = {name: module.split(".")[1] for name, (_, module) in declared().items() if module.startswith("domain.")}
    wrong = [
        f"{module.where}:{line} uses {table} of {owners[table]}"
        for module in modules_of("domain")
        for text, line in strings(module)
        for table in WORD_AFTER_SQL.findall(text)
        if table in owners and owners[table] != module.name.split(".")[1]
    ]
    assert not wrong, "\n".join(wrong)
