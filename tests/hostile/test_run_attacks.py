"""Runs that are to cost the server, or others who want to run something, more than their share."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.runs.errors import NoRoomToday, RunNotFound
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.folders import DiskNearlyFull, KeptFolders
from skillyard.domain.runs.model import RunStatus, Work
from skillyard.domain.runs.once import run_once
from skillyard.domain.runs.read import get_run, read_stream
from skillyard.domain.runs.store import contents
from tests.domain.runs.yard import NAME, a_yard, working
from tests.makers import a_person

MIB = 1024 * 1024


def test_what_one_person_leaves_in_a_day_is_bounded(tmp_path: Path) -> None:
    yard = a_yard(tmp_path, run_day_mb=2)
    big = {"in.bin": bytes(MIB + 1)}
    first = yard.start("copy.py", "in.bin", "out/a.bin", files=big)
    second = yard.start("echo.py")  # asked for while there was room
    assert yard.run("copy.py", "in.bin", "out/b.bin", files={"in.bin": b"small"}).status is RunStatus.SUCCEEDED
    execute(yard.app, run_id=first.id)
    before = len(list(yard.app.blobs.list()))
    with pytest.raises(NoRoomToday):
        yard.start("copy.py", "in.bin", "out/a.bin", files={"in.bin": b"new"})
    assert len(list(yard.app.blobs.list())) == before
    execute(yard.app, run_id=second.id)
    refused = yard.look(second)
    assert (refused.status, "within a day" in refused.why) == (RunStatus.REFUSED, True)
    yard.app.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_whoever_asks_for_much_keeps_nobody_waiting(
    tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    yard = a_yard(tmp_path, database_url=url)
    many = [yard.start("echo.py") for _ in range(4)]
    bobs = yard.start("echo.py", caller=a_person(yard.app, "bob"))
    with working(yard.app, concurrency=1):
        until = time.monotonic() + 60
        while not all(yard.look(run).status.is_over for run in many) and time.monotonic() < until:
            time.sleep(0.05)
    with yard.app.database.reading() as tx:
        rows = tx.all("SELECT id FROM runs WHERE status = 'succeeded' ORDER BY begun_ms")
    assert [row["id"] for row in rows].index(bobs.id) == 1
    yard.app.close()


def test_packages_never_fill_the_disk(tmp_path: Path) -> None:
    layers = tmp_path / "layers"
    for name in ("new", "old"):
        KeptFolders(layers).get(name, Path.mkdir)
    os.utime(layers / "old", (0, 0))
    with pytest.raises(DiskNearlyFull):
        KeptFolders(layers, least_free_bytes=1 << 62).get("more", Path.mkdir)
    assert [one.name for one in layers.iterdir()] == ["new"]


def test_a_token_that_only_runs_is_not_refused_what_it_started(tmp_path: Path) -> None:
    """It would start it again and again."""
    yard = a_yard(tmp_path)
    narrow = authenticate(yard.app, create_token(yard.app, yard.ada, name="ci", scopes=[Scope.RUN]).secret)
    run = yard.run("echo.py", "hello", caller=narrow)
    assert read_stream(yard.app, narrow, run_id=run.id, stream="stdout") == b"hello\n"
    with pytest.raises(RunNotFound):
        get_run(yard.app, a_person(yard.app, "bob"), run_id=run.id)
    yard.app.close()


def test_files_of_steps_are_not_kept(tmp_path: Path) -> None:
    yard = a_yard(tmp_path)
    work = Work(
        owner_id=yard.ada.identity[0], ref="step", name=str(NAME), version="1.0.0", script="scripts/copy.py",
        command=("python", "/skill/scripts/copy.py", "in.txt", "out/a.txt"), files={"in.txt": b"x"},
    )  # fmt: skip
    done = run_once(yard.app, work)
    assert done.result.is_good, done.result.stderr
    with yard.app.database.reading() as tx:
        assert contents.list_files(tx, done.run_id, "out") == ()
    yard.app.close()
