"""Somebody changes what the registry holds behind its back: the next install fails, and says which entry tells so."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillyard.infra.database import Database, open_database
from tests.journeys.running import Server, User, a_server, a_skill, sign_in
from tests.services import Postgres

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Registry:
    server: Server
    author: User
    database: Database
    blobs: Path
    folder: Path

    def publish(self, slug: str, version: str = "1.0.0") -> None:
        self.author.run("publish", str(a_skill(self.folder / f"{slug}-{version}", slug, version)))

    def somebody(self) -> User:
        """A machine that has never seen this registry."""
        return User(home=self.folder / f"home-{next(_numbers)}", registry=self.server.url)

    def one(self, sql: str, *args: object) -> object:
        with self.database.reading() as tx:
            row = tx.one(sql, *args)
        assert row is not None
        return next(iter(row.values()))

    @contextlib.contextmanager
    def changed(self, table: str, column: str, value: object, where: str, *args: object) -> Iterator[None]:
        """A row edited by hand, and put right again."""
        before = self.one(f"SELECT {column} FROM {table} WHERE {where}", *args)
        self._set(table, column, value, where, *args)
        try:
            yield
        finally:
            self._set(table, column, before, where, *args)

    @contextlib.contextmanager
    def removed(self, table: str, where: str) -> Iterator[None]:
        """A row deleted by hand, and put back."""
        with self.database.transaction() as tx:
            row = tx.one(f"SELECT * FROM {table} WHERE {where}")
            assert row is not None
            tx.run(f"DELETE FROM {table} WHERE {where}")
        try:
            yield
        finally:
            with self.database.transaction() as tx:
                marks = ", ".join("?" * len(row))
                tx.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())

    def _set(self, table: str, column: str, value: object, where: str, *args: object) -> None:
        with self.database.transaction() as tx:
            assert tx.run(f"UPDATE {table} SET {column} = ? WHERE {where}", value, *args) == 1


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def registry(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp(request.param)
    url = f"sqlite://{folder}/data/skillyard.db" if request.param == "sqlite" else postgres.new_database()
    with a_server(folder / "data", database_url=url, worker=False) as server:
        author = sign_in(server, folder / "author", "ada")
        database = open_database(url)
        made = Registry(server, author, database, folder / "data" / "blobs", folder)
        made.publish("text")
        made.publish("pdf")
        made.publish("last")
        yield made
        database.close()


def install(user: User, *skills: str, expect: int = 0) -> str:
    done = user.run("install", *skills, "--agent", "agents", "--yes", expect=expect)
    assert not expect or not (user.project / ".agents" / "skills").exists()
    return done.stderr


def test_an_honest_registry_is_installed_from_and_its_key_shown(registry: Registry) -> None:
    user = registry.somebody()
    assert "signed by 127.0.0.1:" in install(user, "ada/text")
    assert "signed by" not in install(user, "ada/pdf")
    assert user.data("log", "verify")["releases"] == 2
    (entry, *_) = user.data("log", "show", "ada/pdf")
    assert (entry["facts"]["kind"], entry["facts"]["by"]) == ("release.published", "ada")
    assert user.run("log", "checkpoint").stdout.startswith("127.0.0.1:")


def test_a_stored_archive_that_was_edited_is_refused(registry: Registry) -> None:
    """One that nobody has fetched yet: the server keeps what it has read."""
    sha256 = str(registry.one("SELECT sha256 FROM releases WHERE skill = 'ada/last'"))
    (path,) = registry.blobs.rglob(f"*{sha256[2:]}*")
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    said = install(registry.somebody(), "ada/last", expect=1)
    path.write_bytes(whole)
    assert "is not what was promised" in said
    assert "entry 2 of the public log, release.published ada/last@1.0.0" in said


@pytest.mark.parametrize("column", ["digest", "sha256"])
def test_a_row_that_was_edited_is_refused(registry: Registry, column: str) -> None:
    value = ("sha256:" if column == "digest" else "") + "0" * 64
    with registry.changed("releases", column, value, "skill = ?", "ada/pdf"):
        said = install(registry.somebody(), "ada/pdf", expect=1)
    assert "ada/pdf@1.0.0 is not what was published: entry 1 (release.published ada/pdf@1.0.0 by ada)" in said


def test_an_archive_and_its_row_exchanged_together_are_refused(registry: Registry) -> None:
    """Everything about the release is consistent again, except that it is not what was published."""
    columns = ("digest", "sha256", "sha512", "size_bytes", "files", "files_count", "unpacked_bytes")
    with contextlib.ExitStack() as stack:
        for column in columns:
            other = registry.one(f"SELECT {column} FROM releases WHERE skill = 'ada/text'")
            stack.enter_context(registry.changed("releases", column, other, "skill = ?", "ada/pdf"))
        said = install(registry.somebody(), "ada/pdf", expect=1)
    assert "ada/pdf@1.0.0 is not what was published: entry 1 (release.published ada/pdf@1.0.0 by ada)" in said


def test_an_entry_that_was_edited_is_refused(registry: Registry) -> None:
    leaf = str(registry.one("SELECT leaf FROM log_entries WHERE position = 1")).replace('"by":"ada"', '"by":"eve"')
    with registry.changed("log_entries", "leaf", leaf, "position = 1"):
        said = install(registry.somebody(), "ada/pdf", expect=1)
    assert "Entry 1 of the public log" in said


def test_a_hash_that_was_edited_is_refused(registry: Registry) -> None:
    user = registry.somebody()
    install(user, "ada/text")
    with registry.changed("log_nodes", "hash", bytes(32), "level = 1 AND position = 0"):
        assert "was rewritten" in user.run("install", "ada/pdf", expect=1).stderr
        assert "Entry 1 of the public log" in install(registry.somebody(), "ada/pdf", expect=1)


def test_a_log_that_was_cut_off_is_refused(registry: Registry) -> None:
    registry.publish("cut")
    user = registry.somebody()
    install(user, "ada/cut")
    with registry.removed("log_entries", "position = 3"):
        said = user.run("install", "ada/text", expect=1).stderr
        assert "had 4 entries and now has 3" in said
        assert "entry 3, release.published ada/cut@1.0.0" in said
        assert "was rewritten" in user.run("log", "verify", expect=1).stderr
        assert "no entry for the publication of ada/cut@1.0.0" in install(registry.somebody(), "ada/cut", expect=1)
        late = a_skill(registry.folder / "late", "late")
        assert "public log of this registry is damaged" in registry.author.run("publish", str(late), expect=1).stderr


def test_checkpoints_that_people_exchange_compare_well(registry: Registry, tmp_path: Path) -> None:
    first, second = registry.somebody(), registry.somebody()
    install(first, "ada/text")
    (tmp_path / "theirs.txt").write_text(first.run("log", "checkpoint").stdout)
    assert second.data("log", "verify", str(tmp_path / "theirs.txt"))["ok"] is True
    text = (tmp_path / "theirs.txt").read_text()
    (tmp_path / "forged.txt").write_text(text.replace("\n4\n", "\n5\n"))
    assert second.data("log", "verify", str(tmp_path / "forged.txt"), expect=1)["error"]["code"] == "log_other_key"
    (tmp_path / "none.txt").write_text("hello")
    second.run("log", "verify", str(tmp_path / "none.txt"), expect=2)
    second.run("log", "verify", str(tmp_path / "missing.txt"), expect=2)


def test_forgetting_needs_consent(registry: Registry) -> None:
    user = registry.somebody()
    user.run("log", "checkpoint", expect=1)
    install(user, "ada/text")
    user.run("log", "forget", expect=4)
    assert user.data("log", "forget", "--yes")["forgotten"] is True
    user.run("log", "checkpoint", expect=1)


def test_without_the_server_the_log_says_try_again(registry: Registry) -> None:
    user = User(home=registry.folder / "lonely", registry="http://127.0.0.1:9")
    user.run("log", "verify", expect=3)
