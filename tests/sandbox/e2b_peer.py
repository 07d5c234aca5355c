"""An E2B on loopback: its API for sandboxes, and the daemon's in each of them. Its machines are bubblewrap run by root,
which is why only root can have one; a process that is left in the background goes on until its sandbox is deleted.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from skillyard.sandbox.programs import find_bubblewrap, find_program, system_folders

KEY = "e2b_0123456789abcdef0123456789abcdef01234567"
_USERS = {"root": 0, "user": 1000}
_KEPT = ("run", "home")  # folders that stay from process to process


class Problem(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = json.dumps({"code": status, "message": message}).encode()


class Machine:
    """One sandbox. `is_held_back`: its root has no rights."""

    def __init__(self, wanted: dict[str, Any], *, is_held_back: bool) -> None:
        self.wanted = wanted
        self.name = "i" + secrets.token_hex(9)
        self.token = secrets.token_hex(20)
        self._is_held_back = is_held_back
        self._running: list[int] = []
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        for name in (*_KEPT, "home/user"):
            (self.root / name).mkdir()
        os.chown(self.root / "home" / "user", _USERS["user"], _USERS["user"])
        self.root.chmod(0o755)

    def path(self, text: str) -> Path:
        names = PurePosixPath(text).parts
        if names[:1] != ("/",) or ".." in names or names[1] not in _KEPT:
            raise Problem(400, f"{text} is not kept here")
        return self.root.joinpath(*names[1:])

    def write(self, text: str, content: bytes, user: str) -> dict[str, str]:
        path = self.path(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.chown(path, _USERS[user], _USERS[user])
        return {"name": path.name, "type": "file", "path": text}

    def start(self, process: dict[str, Any], user: str) -> list[dict[str, Any]]:
        """The events of a process, from its start to its end."""
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            told, tell = os.pipe()
            program = [process["cmd"], *process.get("args", [])]
            started = subprocess.Popen(
                [*self._around(tell, process, _USERS[user]), *program],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, pass_fds=[tell], start_new_session=True,
            )  # fmt: skip
            os.close(tell)
            with os.fdopen(told) as file:
                self._running.append(json.load(file)["child-pid"])
            code = started.wait()
            events: list[dict[str, Any]] = [{"start": {"pid": started.pid}}]
            for name, stream in (("stdout", stdout), ("stderr", stderr)):
                stream.seek(0)
                if content := stream.read():
                    events.append({"data": {name: base64.b64encode(content).decode()}})
        ended = {"exited": True, "status": f"exit status {code}"}
        return [*events, {"end": ended | ({"exitCode": code, "error": ended["status"]} if code else {})}]

    def _around(self, tell: int, process: dict[str, Any], user: int) -> list[str]:
        found = find_bubblewrap()
        assert found
        programs = [program for name in ("python", "node") if (program := find_program(name))]
        path = ":".join(
            [*(str(Path(program.file).parent) for program in programs), "/usr/local/bin", "/usr/bin", "/bin"]
        )
        given = process.get("envs", {}).items()
        return [
            found[0], "--unshare-pid", "--unshare-net", "--unshare-ipc", "--info-fd", str(tell), "--clearenv",
            "--setenv", "PATH", path, *(word for name, value in given for word in ("--setenv", name, value)),
            *(word for folder in system_folders() for word in _system(folder)),
            *(word for program in programs if program.home for word in _for_everybody(program.home)),
            "--proc", "/proc", "--dev", "/dev",
            *(word for name in _KEPT for word in ("--bind", str(self.root / name), f"/{name}")),
            *(("--cap-drop", "ALL") if self._is_held_back else ()),
            "--chdir", process.get("cwd") or "/", "--",
            *(("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups") if user else ()),
        ]  # fmt: skip

    def end(self) -> None:
        for process in self._running:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._folder.cleanup()


def _system(folder: str) -> list[str]:
    if Path(folder).is_symlink():
        return ["--symlink", os.readlink(folder), folder]  # noqa: PTH115 (text, as it is)
    return ["--ro-bind", folder, folder]


def _for_everybody(folder: str) -> list[str]:
    above = [str(parent) for parent in reversed(Path(folder).parents)][1:]
    return [*(word for name in above for word in ("--perms", "0755", "--dir", name)), "--ro-bind", folder, folder]


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: Peer

    def do_any(self) -> None:
        body = self._body()
        parts = urlsplit(self.path)
        kind = "application/json"
        self.peer.asked.append((self.command, parts.path))
        try:
            if self.peer.passing:
                raise Problem(self.peer.passing.pop(0), "try again")
            if "sandboxes" in parts.path:
                status, said = self._account(parts.path, body)
            elif parts.path == "/files":
                status, said = self._files(parse_qs(parts.query), body)
            elif (self.command, parts.path) == ("POST", "/process.Process/Start"):
                kind = "application/connect+json"
                status, said = 200, self._start(body)
            elif parts.path == "/health":
                self._machine()
                status, said = 204, b""
            else:
                raise Problem(404, "no such thing")
        except Problem as problem:
            status, said = problem.status, problem.body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = do_any  # noqa: N815 (so the library wants it)

    def log_message(self, *_: object) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _account(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self.headers.get("x-api-key") != KEY:
            raise Problem(401, f"Invalid API key: {self.headers.get('x-api-key')}")
        if (self.command, path) == ("POST", "/v2/sandboxes"):
            return 201, json.dumps(self.peer.create(json.loads(body), self.headers.get("idempotency-key"))).encode()
        match = re.fullmatch(r"/sandboxes/([a-z0-9]+)", path)
        machine = self.peer.machines.pop(match[1], None) if match and self.command == "DELETE" else None
        if machine is None:
            raise Problem(404, "sandbox not found")
        machine.end()
        return 204, b""

    def _machine(self) -> Machine:
        machine = self.peer.machines.get(self.headers.get("e2b-sandbox-id", ""))
        if machine is None:
            raise Problem(502, "The sandbox was not found")
        if self.headers.get("x-access-token") != machine.token:
            raise Problem(401, "unauthorized access, please provide a valid access token")
        return machine

    def _files(self, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        machine, user = self._machine(), query.get("username", ["user"])[0]
        if self.command == "POST":
            return 200, json.dumps([machine.write(query["path"][0], self._part(body), user)]).encode()
        path = machine.path(query["path"][0])
        if not path.exists():
            raise Problem(404, f"path '{query['path'][0]}' does not exist")
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if asked is None or not content:
            return 200, content
        if int(asked[1]) >= len(content):
            raise Problem(416, "invalid range: failed to overlap")
        return 206, content[int(asked[1]) : int(asked[2]) + 1]

    def _part(self, body: bytes) -> bytes:
        """What is in the only part of a form."""
        match = re.fullmatch(r'multipart/form-data; ?boundary="?([^"]+)"?', self.headers.get("content-type", ""))
        if match is None:
            raise Problem(400, "unsupported content type")
        mark = f"--{match[1]}".encode()
        head, _, rest = body.removeprefix(mark + b"\r\n").partition(b"\r\n\r\n")
        if b'name="file"' not in head:
            raise Problem(400, "no file in the form")
        return rest[: rest.rindex(b"\r\n" + mark + b"--")]

    def _start(self, body: bytes) -> bytes:
        machine = self._machine()
        is_whole = len(body) >= 5 and len(body) == 5 + int.from_bytes(body[1:5], "big")
        if self.headers.get("content-type") != "application/connect+json" or not is_whole or body[0]:
            raise Problem(415, "not a message of the Connect protocol")
        given = self.headers.get("authorization", "Basic dXNlcjo=").removeprefix("Basic ")
        user = base64.b64decode(given).decode().removesuffix(":")
        if user not in _USERS:
            raise Problem(401, f"invalid username: '{user}'")
        events = machine.start(json.loads(body[5:])["process"], user)
        return b"".join([*(_envelope(0, {"event": event}) for event in events), _envelope(2, {})])


def _envelope(flags: int, message: dict[str, Any]) -> bytes:
    content = json.dumps(message).encode()
    return bytes([flags]) + len(content).to_bytes(4, "big") + content


class Peer:
    """`passing`: statuses that the next requests are answered with, whatever they are."""

    def __init__(self, *, is_held_back: bool) -> None:
        self.passing: list[int] = []
        self.machines: dict[str, Machine] = {}
        self.wanted: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.url = ""
        self._is_held_back = is_held_back
        self._by_key: dict[str, Machine] = {}

    def create(self, wanted: dict[str, Any], key: str | None) -> dict[str, Any]:
        machine = self._by_key.get(key) if key else None
        if machine is None:
            machine = Machine(wanted, is_held_back=self._is_held_back)
            self.wanted.append(wanted)
            self.machines[machine.name] = machine
        if key:
            self._by_key[key] = machine
        return {
            "templateID": wanted["templateID"], "sandboxID": machine.name, "clientID": "6532622b",
            "envdVersion": "0.6.7", "envdAccessToken": machine.token, "domain": None, "trafficAccessToken": None,
        }  # fmt: skip


@contextmanager
def running_e2b(*, is_held_back: bool = False) -> Iterator[Peer]:
    peer = Peer(is_held_back=is_held_back)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Api,), {"peer": peer}))
    peer.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        for machine in peer.machines.values():
            machine.end()
