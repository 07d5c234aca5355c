"""What every sandbox must do, whichever way it isolates programs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.confine import machine
from skillyard.sandbox.kinds.bubblewrap import BubblewrapSandbox
from skillyard.sandbox.model import Limits, Result, Sandbox, Stream, Task
from skillyard.skill.permissions import Permissions
from tests.sandbox.kinds import ELSEWHERE, open_elsewhere

MIB = 1024 * 1024
EVERYTHING = Permissions(filesystem_read=("**",), filesystem_write=("**",), subprocess=True)


@pytest.fixture(scope="module", params=["bubblewrap", "bubblewrap, warm", "bubblewrap, no compiler", *ELSEWHERE])
def opened(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    kind, _, variant = request.param.partition(", ")
    if kind in ELSEWHERE:
        with open_elsewhere(kind) as sandbox:
            yield sandbox
        return
    with pytest.MonkeyPatch.context() as patch:
        if variant == "no compiler":
            patch.setattr(machine, "_compile_starter", lambda _: False)
        sandbox = open_sandbox(kind, options={"warm": "1" if variant == "warm" else "0"})
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(opened: Sandbox, request: pytest.FixtureRequest, workspace: Path) -> Sandbox:
    """One that has a program waiting, where that is what is tried."""
    if "warm" in request.node.name:
        for _ in range(2):
            python(opened, workspace, "pass")
        assert isinstance(opened, BubblewrapSandbox)
        assert opened.wait_until_warm(30)
    return opened


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    folder = tmp_path / "skill"
    (folder / "scripts").mkdir(parents=True)
    (folder / "data.txt").write_text("of the skill")
    (folder / "scripts" / "add.py").write_text("import sys\nprint(sum(map(int, sys.argv[1:])))\n")
    (folder / "scripts" / "add.js").write_text(
        "console.log(process.argv.slice(2).map(Number).reduce((a, b) => a + b))\n"
    )
    (folder / "scripts" / "add.sh").write_text("echo $(($1 + $2))\n")
    (folder / "scripts" / "near.py").write_text("import beside\nprint(beside.NAME)\n")
    (folder / "scripts" / "beside.py").write_text("NAME = open('/skill/data.txt').read()\n")
    return folder


def python(sandbox: Sandbox, workspace: Path, code: str, **more: object) -> Result:
    return sandbox.run(Task(arguments=("python", "-c", code), workspace=workspace, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("script", ["scripts/add.py", "/skill/scripts/add.js", "scripts/add.sh"])
def test_a_script_is_run_by_what_its_ending_stands_for(
    sandbox: Sandbox, workspace: Path, skill: Path, script: str
) -> None:
    result = sandbox.run(Task(arguments=(script, "2", "40"), workspace=workspace, skill=skill))
    assert (result.stdout, result.stderr, result.exit_code) == (b"42\n", b"", 0)
    assert result.is_good
    assert result.duration_ms > 0


@pytest.mark.parametrize("code", ["print(6 * 7)", "import json, sys; sys.stdout.write(json.dumps(42)); print()"])
def test_code_is_run_by_python(sandbox: Sandbox, workspace: Path, code: str) -> None:
    assert python(sandbox, workspace, code).stdout == b"42\n"


def test_a_script_finds_what_is_beside_it(sandbox: Sandbox, workspace: Path, skill: Path) -> None:
    result = sandbox.run(Task(arguments=("python", "/skill/scripts/near.py"), workspace=workspace, skill=skill))
    assert (result.stdout, result.stderr) == (b"of the skill\n", b"")


def test_a_layer_is_on_the_path_of_python_and_of_node(sandbox: Sandbox, workspace: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    (layer / "python").mkdir(parents=True)
    (layer / "python" / "depended.py").write_text("NAME = 'python'\n")
    (layer / "node_modules" / "depended").mkdir(parents=True)
    (layer / "node_modules" / "depended" / "index.js").write_text("exports.NAME = 'node'\n")
    assert python(sandbox, workspace, "import depended; print(depended.NAME)", layer=layer).stdout == b"python\n"
    code = "console.log(require('depended').NAME)"
    assert sandbox.run(Task(arguments=("node", "-e", code), workspace=workspace, layer=layer)).stdout == b"node\n"


def test_input_and_exit_code_are_passed_on(sandbox: Sandbox, workspace: Path) -> None:
    result = python(
        sandbox, workspace, "import sys; sys.exit(len(sys.stdin.buffer.read()) % 100)", stdin=b"x" * 300_007
    )
    assert (result.exit_code, result.signal, result.is_good) == (7, None, False)


def test_input_that_nobody_reads_keeps_nobody_waiting(sandbox: Sandbox, workspace: Path) -> None:
    assert python(sandbox, workspace, "print(1)", stdin=b"x" * 4 * MIB).is_good


def test_an_error_is_told_as_python_tells_it(sandbox: Sandbox, workspace: Path, skill: Path) -> None:
    (skill / "fail.py").write_text("def fail():\n    raise ValueError('no')\n\nfail()\n")
    result = sandbox.run(Task(arguments=("fail.py",), workspace=workspace, skill=skill))
    assert result.exit_code == 1
    first, second, *_, last = result.stderr.decode().splitlines()
    assert first == "Traceback (most recent call last):"
    assert 'fail.py", line 4' in second
    assert last == "ValueError: no"


def test_a_program_that_is_killed_says_by_which_signal(sandbox: Sandbox, workspace: Path) -> None:
    result = python(sandbox, workspace, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (result.exit_code, result.signal) == (None, 9)


def test_a_program_that_is_not_there_is_no_success(sandbox: Sandbox, workspace: Path) -> None:
    result = sandbox.run(Task(arguments=("/skill/nothing",), workspace=workspace))
    assert not result.is_good
    assert b"nothing" in result.stderr


def test_only_the_given_environment_is_there(
    sandbox: Sandbox, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_SECRET", "hunter2")
    code = "import os; print(os.environ['GIVEN'], 'SERVER_SECRET' in os.environ, 'hunter2' in str(os.environ))"
    assert python(sandbox, workspace, code, environment={"GIVEN": "it"}).stdout == b"it False False\n"


def test_files_are_read_and_written_where_that_is_declared(sandbox: Sandbox, workspace: Path) -> None:
    (workspace / "in.txt").write_text("handed over")
    (workspace / "data").mkdir()
    (workspace / "data" / "one.csv").write_text("1")
    code = """
import pathlib
pathlib.Path('out/deep').mkdir(parents=True)
pathlib.Path('out/deep/a.txt').write_text(open('in.txt').read() + open('data/one.csv').read())
"""
    permissions = Permissions(filesystem_read=("data/*.csv",), filesystem_write=("out/**",))
    result = python(sandbox, workspace, code, inputs=("in.txt",), permissions=permissions)
    assert (result.stderr, result.exit_code) == (b"", 0)
    assert (workspace / "out" / "deep" / "a.txt").read_text() == "handed over1"
    assert result.observed.files_written == ("out/deep/a.txt",)


def test_what_may_not_be_read_is_not_there(sandbox: Sandbox, workspace: Path) -> None:
    (workspace / "secret.txt").write_text("hunter2")
    result = python(sandbox, workspace, "print(open('secret.txt').read())")
    assert b"hunter2" not in result.stdout + result.stderr
    assert result.exit_code == 1


def test_what_may_not_be_written_is_not_kept(sandbox: Sandbox, workspace: Path) -> None:
    (workspace / "in.txt").write_text("before")
    code = """
for name in ('in.txt', 'other.txt', 'out/b.txt'):
    try:
        open(name, 'w').write('after')
    except OSError:
        pass
"""
    permissions = Permissions(filesystem_write=("out/a.txt",))
    result = python(sandbox, workspace, code, inputs=("in.txt",), permissions=permissions)
    assert result.exit_code == 0
    assert sorted(path.name for path in workspace.rglob("*")) == ["in.txt"]
    assert (workspace / "in.txt").read_text() == "before"
    assert "out/b.txt" in result.observed.files_refused


def test_a_workspace_goes_from_run_to_run(sandbox: Sandbox, workspace: Path) -> None:
    for _ in range(3):
        result = python(sandbox, workspace, "open('log.txt', 'a').write('x')", permissions=EVERYTHING)
        assert result.is_good
    assert (workspace / "log.txt").read_text() == "xxx"
    assert python(sandbox, workspace, "import os; os.unlink('log.txt')", permissions=EVERYTHING).is_good
    assert list(workspace.iterdir()) == []


def test_other_programs_run_only_when_that_is_declared(sandbox: Sandbox, workspace: Path) -> None:
    code = "import subprocess; print(subprocess.run(['sh', '-c', 'echo started'], capture_output=True).stdout)"
    assert b"started" not in python(sandbox, workspace, code).stdout
    assert b"started" in python(sandbox, workspace, code, permissions=EVERYTHING).stdout


def test_output_arrives_while_the_program_runs(sandbox: Sandbox, workspace: Path) -> None:
    arrived: list[tuple[Stream, bytes, float]] = []
    code = "import sys, time; print('one', flush=True); time.sleep(0.6); print('two', file=sys.stderr)"
    result = python(
        sandbox, workspace, code, on_output=lambda stream, text: arrived.append((stream, text, time.monotonic()))
    )
    assert [(stream, text) for stream, text, _ in arrived] == [("stdout", b"one\n"), ("stderr", b"two\n")]
    assert arrived[1][2] - arrived[0][2] > 0.3
    assert (result.stdout, result.stderr) == (b"one\n", b"two\n")


def test_a_run_can_be_cancelled(sandbox: Sandbox, workspace: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    began = time.monotonic()
    result = python(sandbox, workspace, "import time; time.sleep(60)", is_cancelled=stop.is_set)
    assert result.is_cancelled
    assert not result.is_good
    assert time.monotonic() - began < 20


LIMITS = {
    "wall_s": ("import time; time.sleep(60)", Limits(wall_s=0.5)),
    "cpu_s": ("while True: pass", Limits(cpu_s=1, wall_s=30)),
    "memory_bytes": ("held = [bytes([1]) * 2**20 for _ in range(400)]", Limits(memory_bytes=64 * MIB)),
    "output_bytes": ("while True: print('x' * 1000)", Limits(output_bytes=10_000)),
    "disk_bytes": ("open('big', 'wb').write(bytes([1]) * 2**24)", Limits(disk_bytes=MIB)),
    "files": ("for n in range(20): open(str(n), 'w').close()", Limits(files=10)),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_holds_and_is_named(sandbox: Sandbox, workspace: Path, limit: str) -> None:
    code, limits = LIMITS[limit]
    result = python(sandbox, workspace, code, limits=limits, permissions=EVERYTHING)
    assert limit in result.limits_hit
    assert not result.is_good
    assert len(result.stdout) <= limits.output_bytes
    assert sum(path.stat().st_size for path in workspace.iterdir()) <= limits.disk_bytes
    assert len(list(workspace.iterdir())) <= limits.files


def test_runs_at_the_same_time_know_nothing_of_each_other(sandbox: Sandbox, tmp_path: Path) -> None:
    code = "import os, time; open('/tmp/mine', 'x').close(); time.sleep(0.3); print(sorted(os.listdir('/work')))"
    results: list[Result] = []

    def run(name: str) -> None:
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(name)
        results.append(python(sandbox, folder, code, inputs=(name,)))

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.stdout for result in results) == [b"['a']\n", b"['b']\n", b"['c']\n"]


def test_the_level_is_told_with_every_result(sandbox: Sandbox, workspace: Path) -> None:
    level = sandbox.probe()
    assert level.kind == sandbox.name
    assert level.parts
    assert python(sandbox, workspace, "pass").level == level
