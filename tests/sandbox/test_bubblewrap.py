"""What the sandbox of bubblewrap does besides what every sandbox must."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from skillyard.public_addresses import read_allow_list
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.kinds.bubblewrap import BubblewrapSandbox
from skillyard.sandbox.model import Limits, Result, SandboxUnavailable, Task
from skillyard.skill.permissions import Permissions

PORTRAIT = """
import json, os, re, resource
status = open('/proc/self/status').read()
limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith('RLIMIT_')}
mounts = sorted(line.split(' - ')[0].split()[4:6] for line in open('/proc/self/mountinfo'))
keys = 'CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp|Seccomp_filters|Groups'
print(json.dumps({
    'status': re.findall(f'^({keys}):(.*)$', status, re.M),
    'limits': limits,
    'mounts': mounts,
    'environment': dict(os.environ),
    'handles': [number for number in range(200) if os.path.exists(f'/proc/self/fd/{number}')],
    'folder': os.getcwd(),
    'root': sorted(os.listdir('/')),
    'name': __name__,
}))
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[BubblewrapSandbox]:
    opened = open_sandbox("bubblewrap", options={"warm": "2"})
    assert isinstance(opened, BubblewrapSandbox)
    yield opened
    opened.close()


def python(sandbox: BubblewrapSandbox, workspace: Path, code: str, **more: object) -> Result:
    return sandbox.run(Task(arguments=("python", "-c", code), workspace=workspace, **more))  # type: ignore[arg-type]


def warm_up(sandbox: BubblewrapSandbox, workspace: Path) -> None:
    for _ in range(2):
        assert python(sandbox, workspace, "pass").is_good
    assert sandbox.wait_until_warm(30)


def test_one_that_waited_is_shut_in_like_one_that_did_not(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    skill = tmp_path / "skill"
    skill.mkdir()
    (skill / "portrait.py").write_text(PORTRAIT)
    work = tmp_path / "work"
    work.mkdir()
    task = Task(arguments=("portrait.py",), workspace=work, skill=skill, environment={"GIVEN": "1"})
    warm_up(sandbox, work)
    waited = sandbox.run(task)
    cold = open_sandbox("bubblewrap", options={"warm": "0"})
    did_not = cold.run(task)
    cold.close()
    assert (waited.stderr, did_not.stderr) == (b"", b"")
    first, second = json.loads(waited.stdout), json.loads(did_not.stdout)
    for portrait in (first, second):
        portrait["mounts"] = sorted({tuple(mount) for mount in portrait["mounts"]})
        portrait["status"] = [entry for entry in portrait["status"] if entry[0] != "Groups"]
    assert first == second
    assert first["handles"] == [0, 1, 2]


def test_each_that_waits_is_used_once(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    code = "import os, json; print(hasattr(json, 'mark'), os.listdir('/tmp')); json.mark = 1; open('/tmp/mark', 'w')"
    for _ in range(4):
        warm_up(sandbox, tmp_path)
        assert python(sandbox, tmp_path, code).stdout == b"False []\n"


@pytest.mark.parametrize(
    ("code", "exit_code", "stdout", "stderr"),
    [
        ("import sys; sys.exit('why')", 1, b"", b"why\n"),
        ("import sys; sys.exit(300)", 44, b"", b""),
        ("import atexit; atexit.register(print, 'at exit')", 0, b"at exit\n", b""),
        ("file = open('/work/out.txt', 'w'); file.write('kept')", 0, b"", b""),
        ("class C:\n    def __del__(self): print('gone')\nc = C()", 0, b"gone\n", b""),
        ("class C:\n    def __del__(self): print('gone')\nc = C(); c.me = c", 0, b"gone\n", b""),
        ("import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()", 0, b"late\n", b""),  # noqa: E501
        ("import threading, time\nthreading.Thread(target=lambda: time.sleep(60), daemon=True).start()", 0, b"", b""),
        ("import os; os._exit(9)", 9, b"", b""),
        ("import sys; sys.stdout.close()", 0, b"", b""),
        ("exit(3)", 3, b"", b""),
        ("import sys; sys.modules |= {'a class': int, 'nothing': None}", 0, b"", b""),
    ],
)  # fmt: skip
def test_a_python_that_waited_ends_as_any_other(
    sandbox: BubblewrapSandbox, tmp_path: Path, code: str, exit_code: int, stdout: bytes, stderr: bytes
) -> None:
    warm_up(sandbox, tmp_path)
    result = python(sandbox, tmp_path, code, permissions=Permissions(filesystem_write=("out.txt",)))
    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, stdout, stderr)
    if "out.txt" in code:
        assert (tmp_path / "out.txt").read_text() == "kept"


def test_what_it_did_is_seen(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("1")
    (tmp_path / "unread.txt").write_text("1")
    code = """
import subprocess
open('in.txt').read()
open('out.txt', 'w').write('1')
subprocess.run(['/usr/bin/env', 'true'])
subprocess.run('true; cat in.txt', shell=True, capture_output=True)
"""
    everything = Permissions(filesystem_read=("**",), filesystem_write=("**",), subprocess=True)
    observed = python(sandbox, tmp_path, code, permissions=everything).observed
    assert observed.files_read == ("in.txt",)
    assert observed.files_written == ("out.txt",)
    assert {"/usr/bin/env", "/usr/bin/cat"} <= set(observed.programs)
    assert (observed.files_refused, observed.programs_refused) == ((), ())
    assert (observed.hosts_refused, observed.other_refused) == ((), ())


def test_what_it_tried_in_vain_is_seen(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    (tmp_path / "hidden.txt").write_text("1")
    code = """
import os, socket, subprocess
tries = (
    lambda: open('hidden.txt'), lambda: open('new.txt', 'w'), lambda: open('/home/somebody/.ssh/id_rsa'),
    lambda: subprocess.run(['/usr/bin/curl']), lambda: os.execv('/usr/bin/wget', ['wget']),
    lambda: socket.create_connection(('192.0.2.1', 443)), lambda: socket.getaddrinfo('steal.example', 443),
)
for attempt in tries:
    try:
        attempt()
        print('done')
    except OSError:
        pass
"""
    result = python(sandbox, tmp_path, code)
    assert result.stdout == b""
    observed = result.observed
    assert observed.files_refused == ("/home/somebody/.ssh/id_rsa", "hidden.txt", "new.txt")
    assert observed.programs_refused == ("/usr/bin/wget", "fork")
    assert observed.hosts_refused == ("192.0.2.1:443", "steal.example:53")


class Greeting(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        return


@pytest.mark.parametrize("program", ["python", "node"])
def test_declared_hosts_are_reached_and_no_others(sandbox: BubblewrapSandbox, tmp_path: Path, program: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    urls = [f"http://localhost:{port}/", f"http://127.0.0.1:{port}/", "http://steal.example/"]
    python_code = f"""
import urllib.request
for url in {urls}:
    try:
        print(urllib.request.urlopen(url).read().decode())
    except OSError as error:
        print(error.code)
"""
    node_code = f"""
const http = require('http')
const ask = url => new Promise(done => http.get({{host: '127.0.0.1', port: 3128, path: url}}, answer => {{
  answer.on('data', text => answer.statusCode == 200 && console.log(String(text)))
  answer.on('end', () => {{ if (answer.statusCode != 200) console.log(answer.statusCode); done() }})
}}))
;(async () => {{ for (const url of {json.dumps(urls)}) await ask(url) }})()
"""
    arguments = ("python", "-c", python_code) if program == "python" else ("node", "-e", node_code)
    task = Task(
        arguments=arguments,
        workspace=tmp_path,
        permissions=Permissions(network_outbound=(f"localhost:{port}",)),
        private_hosts=read_allow_list("localhost"),
        limits=Limits(wall_s=20),
    )
    result = sandbox.run(task)
    server.shutdown()
    server.server_close()
    assert (result.stderr, result.stdout.split()) == (b"", [b"hello", b"403", b"403"])
    assert result.observed.hosts == (f"localhost:{port}",)
    assert result.observed.hosts_refused == (f"127.0.0.1:{port}", "steal.example:80")


def test_where_isolation_cannot_be_had_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    says = "[ $1 = --version ] && echo 'bubblewrap 0.11.0' && exit\necho 'No permissions' >&2\nexit 1\n"
    broken.write_text(f"#!/bin/sh\n{says}")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(SandboxUnavailable, match="No permissions") as refused:
        open_sandbox("bubblewrap")
    assert refused.value.hint
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    with pytest.raises(SandboxUnavailable, match=r"bubblewrap: .*No permissions"):
        open_sandbox("auto")


@pytest.mark.parametrize("kind", ["nothing", "", "../bubblewrap"])
def test_a_kind_that_is_not_known_is_told_with_those_that_are(kind: str) -> None:
    with pytest.raises(SandboxUnavailable) as refused:
        open_sandbox(kind)
    assert "bubblewrap" in refused.value.hint


@pytest.mark.parametrize("warm", ["many", "-1", "65", ""])
def test_an_option_that_cannot_be_is_refused(warm: str) -> None:
    with pytest.raises(SandboxUnavailable, match="warm"):
        open_sandbox("bubblewrap", options={"warm": warm})


AS_AN_ORDINARY_USER = """
import json, sys, tempfile
from pathlib import Path
from typing import Any
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.model import Limits, Task

sandbox = open_sandbox('bubblewrap')
work = Path(tempfile.mkdtemp())

def run(*arguments, **limits):
    return sandbox.run(Task(arguments=arguments, workspace=work, limits=Limits(wall_s=10, **limits)))

memory = run('python', '-c', 'held = [bytes([1]) * 2**20 for _ in range(400)]', memory_bytes=2**26)
slow = run('python', '-c', 'import time\\nheld = b"1" * 2**26\\nwhile True: pass', cpu_s=1)
print(json.dumps({
    'missing': sandbox.probe().missing,
    'user': run('python', '-c', 'import os; print(os.getuid())').stdout.decode(),
    'signals': run('python', '-c', 'import os; os.kill(1, 9)').exit_code,
    'memory': memory.limits_hit,
    'cpu': slow.limits_hit,
}))
sandbox.close()
"""


def test_an_ordinary_user_without_cgroups_gets_one_too(tmp_path: Path) -> None:
    said = run_as_an_ordinary_user(tmp_path)
    assert said["user"] == "1000\n"
    assert said["signals"] == 1
    assert (said["memory"], said["cpu"]) == (["memory_bytes"], ["cpu_s"])
    if os.geteuid() == 0:
        assert any(entry.startswith("cgroup: ") for entry in said["missing"])


def test_where_a_part_of_proc_is_hidden_there_is_none_inside(tmp_path: Path) -> None:
    """As in containers, where no other may be mounted, then."""
    if os.geteuid() == 0:
        said = run_as_an_ordinary_user(tmp_path, "mount -t tmpfs hidden /proc/fs")
        assert any(entry.startswith("proc: ") for entry in said["missing"])
        assert said["cpu"] == ["cpu_s"]


def run_as_an_ordinary_user(home: Path, before: str = "true") -> dict[str, Any]:
    """As root, we become nobody, who sees the interpreter wherever it is."""
    home.chmod(0o777)
    environment = os.environ | {"HOME": str(home), "TMPDIR": "/tmp", "PYTHONPATH": str(Path("src").resolve())}
    command = [sys.executable, "-c", AS_AN_ORDINARY_USER]
    if os.geteuid() == 0:
        command = ["unshare", "-m", "sh", "-c", f"{before} && {_become_nobody(command)}"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


def _become_nobody(command: list[str]) -> str:
    """The interpreter may be below /root, which only root enters: show it to everybody in a mount namespace."""
    prefix = Path(sys.base_prefix).resolve()
    home = Path("/", *prefix.parts[1:2])
    steps = ["setpriv --reuid 65534 --regid 65534 --clear-groups " + shlex.join(command)]
    if str(home) == "/root":
        steps[:0] = [
            f"mount -t tmpfs -o mode=755 place /mnt && mkdir /mnt/kept && mount --bind {prefix} /mnt/kept",
            f"mount -t tmpfs -o mode=755 home /root && mkdir -p {prefix} && mount --move /mnt/kept {prefix}",
        ]
    return " && ".join(steps)


def test_many_runs_leave_nothing_behind(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    def run(number: int) -> bool:
        folder = tmp_path / str(number)
        folder.mkdir()
        return python(sandbox, folder, f"print({number})").stdout == f"{number}\n".encode()

    warm_up(sandbox, tmp_path)
    before = _held()
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(run, range(40)))
    assert sandbox.wait_until_warm(60)
    assert _held() == before


def _held() -> tuple[int, int]:
    """Open files and child processes of ours."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return len(list(Path("/proc/self/fd").iterdir())), len(children)


ENDLESS = """
import sys, tempfile, threading
from pathlib import Path
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.model import Task

sandbox = open_sandbox('bubblewrap', options={'warm': '1'})
work = Path(tempfile.mkdtemp())
for _ in range(2):
    sandbox.run(Task(arguments=('python', '-c', 'pass'), workspace=work))
sandbox.wait_until_warm(30)
task = Task(
    arguments=('sleep', sys.argv[1]), workspace=work, on_output=lambda *_: None,
)
threading.Thread(target=sandbox.run, args=(task,)).start()
import time
time.sleep(0.5)
print('running', flush=True)
time.sleep(60)
"""


def test_nothing_survives_a_server_that_is_killed(tmp_path: Path) -> None:
    mark = str(100_000 + os.getpid())
    server = subprocess.Popen([sys.executable, "-c", ENDLESS, mark], stdout=subprocess.PIPE)
    assert server.stdout
    assert server.stdout.readline() == b"running\n"
    inside = _everybody_below(server.pid)
    assert len(inside) >= 4
    server.kill()
    server.wait()
    server.stdout.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(_is_alive(process) for process in inside):
        time.sleep(0.05)
    assert not [process for process in inside if _is_alive(process)]
    assert list(Path(tempfile.gettempdir()).glob(f"skillyard-sandbox-{server.pid}-*"))
    open_sandbox("bubblewrap").close()
    assert not list(Path(tempfile.gettempdir()).glob(f"skillyard-sandbox-{server.pid}-*"))


def _everybody_below(process: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in (thread / "children").read_text().split():
            found += [int(child), *_everybody_below(int(child))]
    return found


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
