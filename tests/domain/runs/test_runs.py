"""Scripts of a skill run as they were asked for, and what they did is there afterwards."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.errors import ScopeMissing
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.runs.cancel import cancel_run
from skillyard.domain.runs.errors import (
    NoReceipt,
    RunFileNotFound,
    RunIsOver,
    RunKeyUsedOtherwise,
    RunNotAcceptable,
    RunNotFound,
    SandboxMissing,
    TooManyRuns,
)
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.limits import narrowed
from skillyard.domain.runs.model import RunStatus
from skillyard.domain.runs.read import get_receipt, get_run, list_runs, open_file, read_output, wait_run
from skillyard.domain.runs.start import start_run
from skillyard.infra.errors import Unauthenticated
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName
from tests.domain.runs.yard import NAME, Yard, a_yard, working
from tests.makers import a_person, a_release


def test_a_script_gets_its_arguments_and_stdin_and_its_output_is_kept(yard: Yard) -> None:
    run = yard.run("echo.py", "one", "two words", stdin=b"from stdin")
    assert (run.status, run.why) == (RunStatus.SUCCEEDED, "")
    assert (yard.stdout(run), yard.stderr(run)) == ("one two words\n", "from stdin")
    assert run.task.script == "scripts/echo.py"
    assert run.result is not None
    assert run.result.exit_code == 0
    assert run.result.duration_ms > 0
    assert run.result.level.kind


@pytest.mark.parametrize(("script", "said"), [("hi.sh", "shell one"), ("hi.mjs", "node one")])
def test_shell_and_node_run_too(one_yard: Yard, script: str, said: str) -> None:
    run = one_yard.run(script, "one")
    assert (run.status, one_yard.stdout(run).strip()) == (RunStatus.SUCCEEDED, said), one_yard.stderr(run)


def test_files_go_in_and_what_it_made_comes_out(yard: Yard) -> None:
    run = yard.run("copy.py", "in.txt", "out/copy.txt", files={"in.txt": b"content"})
    assert run.status is RunStatus.SUCCEEDED, yard.stderr(run)
    assert [file.path for file in run.files_in] == ["in.txt"]
    assert [(file.path, file.size_bytes) for file in run.files_out] == [("out/copy.txt", 7)]
    entry, content = open_file(yard.app, yard.ada, run_id=run.id, path="out/copy.txt")
    with content:
        assert content.read() == b"content"
    assert entry.size_bytes == 7
    with pytest.raises(RunFileNotFound):
        open_file(yard.app, yard.ada, run_id=run.id, path="in.txt")


def test_what_fails_says_how(one_yard: Yard) -> None:
    failed = one_yard.run("fail.py")
    assert (failed.status, failed.why) == (RunStatus.FAILED, "it ended with exit code 3")
    loud = one_yard.run("loud.py", limits=narrowed(one_yard.app.settings, output_kb=64))
    assert loud.status is RunStatus.FAILED
    assert "output_bytes" in loud.why
    assert len(one_yard.stdout(loud)) == 64 * 1024
    slow = one_yard.run("slow.py", limits=narrowed(one_yard.app.settings, seconds=1))
    assert (slow.status, slow.why) == (RunStatus.FAILED, "it reached its limit of wall_s")
    assert one_yard.stdout(slow).startswith("0\n1\n2\n")


def test_only_declared_variables_reach_it_and_they_are_forgotten(yard: Yard) -> None:
    run = yard.start("variable.py", environment={"API_KEY": "s3cret-value"})
    with yard.app.database.reading() as tx:
        (row,) = tx.all("SELECT * FROM runs")
    assert "s3cret-value" not in str(dict(row))
    execute(yard.app, run_id=run.id)
    assert yard.stdout(run).split()[0] == "s3cret-value"
    with yard.app.database.reading() as tx:
        (row,) = tx.all("SELECT environment FROM runs")
    assert row["environment"] == ""
    assert "s3cret" not in get_receipt(yard.app, yard.ada, run_id=run.id)
    with pytest.raises(RunNotAcceptable) as caught:
        yard.start("variable.py", environment={"PATH": "/evil"})
    assert "does not declare PATH" in caught.value.message


def test_everything_that_is_wrong_is_told_at_once(one_yard: Yard) -> None:
    with pytest.raises(RunNotAcceptable) as caught:
        one_yard.start(
            "echo.py",
            "null\0character",
            environment={"LD_PRELOAD": "x"},
            files={"../up": b"", "/etc/passwd": b"", "a": b"", "A": b"", ".git/config": b""},
            limits=narrowed(one_yard.app.settings, seconds=10**9, processes=10**6),
        )
    codes = [fault["code"] for fault in caught.value.faults]
    assert codes.count("bad_limit") == 2
    assert {"bad_argument", "undeclared_variable", "bad_path", "colliding_paths"} <= set(codes)
    for wrong in (float("nan"), 0.0, -1.0):
        with pytest.raises(RunNotAcceptable):
            one_yard.start("echo.py", limits=narrowed(one_yard.app.settings, seconds=wrong))
    with pytest.raises(RunNotAcceptable, match="arguments"):
        one_yard.start("echo.py", *["x"] * 300)


@pytest.mark.parametrize("script", ["none.py", "assets/notes.txt", "../SKILL.md", "", "scripts"])
def test_what_is_no_script_is_refused_with_those_that_are(one_yard: Yard, script: str) -> None:
    with pytest.raises(SkillError) as caught:
        one_yard.start(script)
    assert "scripts/echo.py" in str(caught.value)


def test_a_key_starts_one_run(yard: Yard) -> None:
    first, second = (yard.start("echo.py", "one", key="k", files={"a": b"1"}) for _ in range(2))
    assert first.id == second.id
    with pytest.raises(RunKeyUsedOtherwise):
        yard.start("echo.py", "two", key="k", files={"a": b"1"})
    with pytest.raises(RunKeyUsedOtherwise):
        yard.start("echo.py", "one", key="k", files={"a": b"2"})
    assert len(list_runs(yard.app, yard.ada).items) == 1


def test_only_its_owner_sees_a_run(one_yard: Yard) -> None:
    eve = a_person(one_yard.app, "eve")
    run = one_yard.run("echo.py")
    for look in (get_run, read_output, get_receipt, cancel_run):
        with pytest.raises(RunNotFound):
            look(one_yard.app, eve, run_id=run.id)
        with pytest.raises(Unauthenticated):
            look(one_yard.app, ANONYMOUS, run_id=run.id)
    assert list_runs(one_yard.app, eve).items == ()
    with pytest.raises(Unauthenticated):
        one_yard.start("echo.py", caller=ANONYMOUS)


def test_a_private_skill_is_run_by_members_only(one_yard: Yard) -> None:
    app = one_yard.app
    a_release(app, one_yard.ada, "ada/hidden", visibility="private", files={"scripts/x.py": "print(1)"})
    eve = a_person(app, "eve")
    with pytest.raises(SkillNotFound):
        start_run(app, eve, name=SkillName.parse("ada/hidden"), script="x.py")
    assert start_run(app, one_yard.ada, name=SkillName.parse("ada/hidden"), script="x.py").version == "1.0.0"


def test_a_token_needs_the_scope_for_running_or_managing(one_yard: Yard) -> None:
    app = one_yard.app
    for scopes, may in (({Scope.READ}, False), ({Scope.RUN}, True), ({Scope.MANAGE}, True), ({Scope.PUBLISH}, False)):
        secret = create_token(app, one_yard.ada, name="t", scopes=scopes, expires_in_days=1).secret
        caller = authenticate(app, secret)
        if may:
            assert one_yard.start("echo.py", caller=caller).status is RunStatus.QUEUED
        else:
            with pytest.raises(ScopeMissing):
                one_yard.start("echo.py", caller=caller)


def test_output_can_be_followed_and_a_run_under_way_be_cancelled(yard: Yard) -> None:
    with working(yard.app):
        run = yard.start("slow.py")
        after, said = 0, b""
        deadline = time.monotonic() + 20
        while said.count(b"\n") < 3 and time.monotonic() < deadline:
            _, chunks = read_output(yard.app, yard.ada, run_id=run.id, after=after)
            said += b"".join(chunk.data for chunk in chunks)
            after = chunks[-1].position if chunks else after
            time.sleep(0.05)
        assert said.startswith(b"0\n1\n2\n")
        cancel_run(yard.app, yard.ada, run_id=run.id)
        over = wait_run(yard.app, yard.ada, run_id=run.id, wait_s=15)
    assert over.status is RunStatus.CANCELLED
    assert over.receipt is not None
    assert yard.stdout(run).encode().startswith(said)
    with pytest.raises(RunIsOver):
        cancel_run(yard.app, yard.ada, run_id=run.id)


def test_a_run_that_waits_is_cancelled_at_once_and_never_done(yard: Yard) -> None:
    run = yard.start("echo.py")
    assert cancel_run(yard.app, yard.ada, run_id=run.id).status is RunStatus.CANCELLED
    execute(yard.app, run_id=run.id)
    assert yard.sandbox.tasks == []
    with pytest.raises(NoReceipt):
        get_receipt(yard.app, yard.ada, run_id=run.id)


def test_many_workers_do_a_run_once(yard: Yard) -> None:
    run = yard.start("echo.py", "once")
    threads = [threading.Thread(target=execute, args=(yard.app,), kwargs={"run_id": run.id}) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert yard.look(run).status is RunStatus.SUCCEEDED
    assert len(yard.sandbox.tasks) == 1
    assert yard.stdout(run) == "once\n"


def test_waiting_runs_are_worked_off_by_several_workers_without_loss(yard: Yard) -> None:
    started = [yard.start("echo.py", str(number)) for number in range(16)]
    with working(yard.app, 1), working(yard.app, 2):
        over = [wait_run(yard.app, yard.ada, run_id=run.id, wait_s=40) for run in started]
    assert {run.status for run in over} == {RunStatus.SUCCEEDED}
    assert [yard.stdout(run) for run in over] == [f"{number}\n" for number in range(16)]
    assert len(yard.sandbox.tasks) == 16


def test_nobody_fills_the_queue(tmp_path: Path) -> None:
    yard = a_yard(tmp_path, runs_waiting=3)
    started = [yard.start("echo.py") for _ in range(3)]
    with pytest.raises(TooManyRuns):
        yard.start("echo.py")
    execute(yard.app, run_id=started[0].id)
    yard.start("echo.py")
    yard.app.close()


def test_a_server_without_a_sandbox_refuses_with_the_reason(tmp_path: Path) -> None:
    off = a_yard(tmp_path / "off", sandbox="off")
    with pytest.raises(SandboxMissing, match="switched runs off"):
        off.start("echo.py")
    off.app.close()
    away = a_yard(tmp_path / "away", sandbox="e2b")
    run = away.run("echo.py")
    assert run.status is RunStatus.REFUSED
    assert run.why
    away.app.close()


def test_a_release_that_was_quarantined_meanwhile_is_not_run(one_yard: Yard) -> None:
    run = one_yard.start("echo.py")
    with one_yard.app.database.transaction() as tx:
        tx.run("UPDATE releases SET status = 'quarantined' WHERE skill = ?", str(NAME))
    execute(one_yard.app, run_id=run.id)
    run = one_yard.look(run)
    assert (run.status, one_yard.sandbox.tasks) == (RunStatus.REFUSED, [])
    assert "quarantined" in run.why
