"""A task carried out elsewhere: what goes there, what comes back, and how little of that is believed."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from pathlib import Path

import pytest

from skillyard.sandbox.model import Level, Limits, Result, SandboxUnavailable, Task
from skillyard.sandbox.parcel import Parcel, carrier_program
from skillyard.skill.permissions import Permissions
from tests.sandbox.elsewhere import elsewhere

MIB = 1024 * 1024
LEVEL = Level(kind="test", version="1", parts=())
FOLDERS = {"work": "/work", "skill": "/skill", "deps": "/deps"}
WRITING = Permissions(filesystem_read=("**",), filesystem_write=("out/**",))


def carry(task: Task) -> Result:
    with Parcel(task, carried=("skill", "layer"), rlimits={"NOFILE": 256}) as parcel:
        process = elsewhere(["python3", "-I", "-c", carrier_program("sys.stdin.buffer", FOLDERS)])
        with process:
            assert process.stdin
            assert process.stdout
            with process.stdin:
                parcel.write(process.stdin)  # type: ignore[arg-type]
            for line in process.stdout:
                parcel.read(line)
        return parcel.result(LEVEL, duration_ms=0)


def python(workspace: Path, code: str, **more: object) -> Result:
    return carry(Task(arguments=("python", "-c", code), workspace=workspace, **more))  # type: ignore[arg-type]


def test_files_go_there_and_come_back(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("in")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("old")
    code = "import os; os.unlink('out/old.txt'); open('out/new.txt', 'w').write(open('in.txt').read() * 2)"
    result = python(tmp_path, code, permissions=WRITING)
    assert (result.exit_code, result.stderr) == (0, b"")
    assert {path.name: path.read_text() for path in tmp_path.rglob("*.txt")} == {"in.txt": "in", "new.txt": "inin"}
    assert result.observed.files_written == ("out/new.txt", "out/old.txt")


def test_links_and_what_is_not_declared_do_not_come_back(tmp_path: Path) -> None:
    code = """
import os
os.symlink('/etc/passwd', 'out/link')
os.mkfifo('out/pipe')
open('top.txt', 'w').write('x')
open('out/line\\nbreak', 'w').write('x')
"""
    result = python(tmp_path, code, permissions=WRITING)
    assert result.exit_code == 0
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
    assert {"out/link", "out/pipe", "top.txt", "out/line\nbreak"} <= set(result.observed.files_refused)


def test_the_program_cannot_reach_into_its_carrier(tmp_path: Path) -> None:
    code = """
import os, signal
os.kill(1, signal.SIGKILL)
for path in ('/proc/1/environ', '/proc/1/mem', '/proc/1/fd/1', '/proc/1/maps'):
    try:
        print(path, open(path, 'rb').read(1))
    except OSError as error:
        print(type(error).__name__)
print('{"frame": "ended", "exit_code": 99}')
"""
    result = python(tmp_path, code)
    assert result.exit_code == 0
    assert result.stdout.count(b"PermissionError") == 4


def test_processes_are_started_only_where_that_is_declared(tmp_path: Path) -> None:
    for code in (
        "import os; os.fork()",
        "import os; os.execv('/bin/echo', ['echo', 'no'])",
        "import subprocess; subprocess.run('true')",
    ):
        result = python(tmp_path, code)
        assert (result.exit_code, result.stdout) == (1, b"")
        assert b"PermissionError" in result.stderr
    code = "import subprocess; subprocess.run(['echo', 'yes'])"
    assert python(tmp_path, code, permissions=Permissions(subprocess=True)).stdout == b"yes\n"
    threads = "import threading; thread = threading.Thread(target=print, args=('yes',)); thread.start(); thread.join()"
    assert python(tmp_path, threads).stdout == b"yes\n"


def test_nobody_who_was_left_behind_writes_later(tmp_path: Path) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    for _ in range(100):
        time.sleep(0.02)
        open('out/late.txt', 'a').write('x')
time.sleep(0.2)
os._exit(0)
"""
    permissions = Permissions(filesystem_write=("out/**",), subprocess=True)
    result = python(tmp_path, code, permissions=permissions)
    assert result.exit_code == 0
    assert result.duration_ms < 1500


@pytest.mark.parametrize(
    ("limit", "code", "limits"),
    [
        ("wall_s", "import time; time.sleep(30)", Limits(wall_s=0.3)),
        ("cpu_s", "while True: pass", Limits(cpu_s=1)),
        ("output_bytes", "while True: print('x' * 999)", Limits(output_bytes=5000)),
        ("disk_bytes", "[open(f'out/{n}', 'wb').write(bytes(2**18)) for n in range(9)]", Limits(disk_bytes=MIB)),
        ("files", "[open(f'out/{n}', 'w').close() for n in range(9)]", Limits(files=5)),
    ],
)
def test_limits_are_kept_there(tmp_path: Path, limit: str, code: str, limits: Limits) -> None:
    result = python(tmp_path, code, limits=limits, permissions=WRITING)
    assert limit in result.limits_hit
    assert not result.is_good
    assert len(result.stdout) <= limits.output_bytes
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= limits.disk_bytes


def _frame(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _tar(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return base64.b64encode(packed.getvalue())


def test_files_that_lead_out_of_the_workspace_are_not_written(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    link = tarfile.TarInfo("out/link")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    names = ("../escaped", "/tmp/escaped-absolute", "out/../../escaped", "out/link/escaped", "out/good")
    data = _tar((link, b""), *((tarfile.TarInfo(name), b"x") for name in names)).decode()
    everything = Permissions(filesystem_write=("**",))
    with Parcel(Task(arguments=("x",), workspace=workspace, permissions=everything), carried=(), rlimits={}) as parcel:
        for line in (_frame(frame="files", data=data), _frame(frame="ended", exit_code=0, limits_hit=[], refused=[])):
            parcel.read(line)
        parcel.result(LEVEL, duration_ms=1)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["workspace/out/good", "workspace/out/link/escaped"]
    assert not (workspace / "out" / "link").is_symlink()
    assert not Path("/tmp/escaped-absolute").exists()


@pytest.mark.parametrize(
    "line",
    [
        b"not a frame\n", b"[]\n", b"7\n", b'{"frame": 7}\n', b'{"frame": "stdout"}\n',
        b'{"frame": "stdout", "data": 7}\n',
        b'{"frame": "files", "data": "%%%"}\n', b'{"frame": "removed", "paths": 7}\n', b"[" * 5000 + b"\n", b"\xff\n",
    ],
)  # fmt: skip
def test_what_is_no_frame_is_noise(tmp_path: Path, line: bytes) -> None:
    with Parcel(Task(arguments=("x",), workspace=tmp_path), carried=(), rlimits={}) as parcel:
        parcel.read(line)
        with pytest.raises(SandboxUnavailable, match="the run broke off"):
            parcel.result(LEVEL, duration_ms=1)


def test_more_output_and_files_than_allowed_are_not_kept(tmp_path: Path) -> None:
    limits = Limits(output_bytes=10, disk_bytes=10)
    with Parcel(Task(arguments=("x",), workspace=tmp_path, limits=limits), carried=(), rlimits={}) as parcel:
        parcel.read(_frame(frame="stdout", data=base64.b64encode(b"x" * 100).decode()))
        piece = _frame(frame="files", data=base64.b64encode(bytes(16 * MIB)).decode())
        for _ in range(4):
            parcel.read(piece)
        with pytest.raises(SandboxUnavailable, match="more files"):
            parcel.read(piece)
        parcel.read(_frame(frame="ended", exit_code="0", signal=True, limits_hit="x", refused={}))
        result = parcel.result(LEVEL, duration_ms=1)
    assert (result.stdout, result.exit_code, result.limits_hit) == (b"x" * 10, None, ())
