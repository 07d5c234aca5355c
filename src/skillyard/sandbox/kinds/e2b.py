"""Programs in sandboxes of E2B, each in a small virtual machine of its own: for those who run no machines for it.

Asked over E2B's public HTTP API, and over that of the daemon in each sandbox: `/files`, and `process.Process/Start` in
the Connect protocol. What is started there goes on by itself and writes to a file, which is read piece by piece.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from skillyard.sandbox import e2b_room
from skillyard.sandbox.model import Level, Limits, Result, Sandbox, SandboxUnavailable, Task
from skillyard.sandbox.parcel import Parcel, carrier_program
from skillyard.sandbox.probed import ProbedSandbox

KIND = "e2b"
PLACE = 0
_TEMPLATE = "base"
_DOMAIN = "e2b.app"
_DAEMON_PORT = 49983
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_HOST = re.compile(r"(?=.{1,200}$)[a-z0-9-]+(\.[a-z0-9-]+)*")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_SECRET = re.compile(r"[!-~]{1,4096}")  # what fits in a header, so that no error about one shows it
_MIB = 1024 * 1024
_MAX_PARCEL_BYTES = 32 * _MIB
_MAX_DISK_BYTES = 64 * _MIB
_PIECE_BYTES = 4 * _MIB
_START_S = 60.0
_SPARE_S = 120  # after which a sandbox that we could not end, ends
_ROOM = "/run/skillyard"
_START = f"python3 -c '' && {{ nohup python3 -I {_ROOM}/room.py </dev/null >/dev/null 2>&1 & }}"
_FOLDERS = {"work": "/work", "skill": "/skill", "deps": "/deps"}
_OWN_PROCESSES = 8
_HIT_FROM_OUTSIDE = ("memory_bytes", "wall_s")
_MAX_LINE_BYTES = 32 * _MIB
_FIRST_USER = 100_000
_PASSING = (429, 500, 502, 503, 504)
_WAITS_S = (0.25, 1.0, 3.0)
_TRY_NETWORK = """
import socket
for address in (('1.1.1.1', 443), ('169.254.169.254', 80), ('127.0.0.1', 49983)):
    try:
        socket.create_connection(address, timeout=3).close()
        print('reached', *address)
    except OSError:
        pass
print('done')
"""
_MISSING = (
    "network: hosts that are declared cannot be reached",
    f"disk_bytes: at most {_MAX_DISK_BYTES} come back; at most {_MAX_PARCEL_BYTES} go in, skill and packages with them",
    "memory_bytes: looked at twenty times a second; there is never more than the template has",
    "cpu_s: of each process; of all together where the machine counts it",
    "writing what is not declared fails only afterwards: it does not leave the sandbox",
    "E2B sees what is run, and what it is run on",
)

Request = Callable[..., Any]


def open_kind(options: Mapping[str, str], connect: Request | None) -> Sandbox:
    """Options: `api_key_file`, `template`; `domain` for an E2B of one's own, or `api_url` and `sandbox_url` where its
    addresses are others. `connect`: makes one HTTP request, as `Outbound.request` does. Raises SandboxUnavailable.
    """
    domain, template = options.get("domain", _DOMAIN), options.get("template", _TEMPLATE)
    if connect is None or not options.get("api_key_file"):
        raise SandboxUnavailable("there is no key for E2B", "set the option api_key_file to a file that holds it")
    if not _HOST.fullmatch(domain):
        raise SandboxUnavailable(f"{domain[:70]!r} is not a domain", "set the option domain")
    if not _NAME.fullmatch(template):
        raise SandboxUnavailable(f"{template[:70]!r} is not a template", "set the option template")
    addresses = {name: options.get(name, "").rstrip("/") for name in ("api_url", "sandbox_url")}
    for name, address in addresses.items():
        if address and urlsplit(address).scheme not in ("https", "http"):
            raise SandboxUnavailable(f"{name} is not an address", f"set the option {name} to one, or leave it out")
    return E2bSandbox(Service(connect, Path(options["api_key_file"]), domain, **addresses), template)


class Service:
    """E2B's API, with one account's key."""

    def __init__(self, request: Request, key_file: Path, domain: str, *, api_url: str, sandbox_url: str) -> None:
        self._request = request
        self._key_file = key_file
        self._domain = domain
        self._api_url = api_url or f"https://api.{domain}"
        self._sandbox_url = sandbox_url

    def create(self, template: str, *, ends_in_s: int) -> Machine:
        """A sandbox that reaches nothing, and that ends by itself. Asked twice, it is still one."""
        wanted = {
            "templateID": template, "timeout": ends_in_s, "autoPause": False, "allow_internet_access": False,
            "metadata": {"app": "skillyard-run"},
        }  # fmt: skip
        said = _read(self._ask("POST", "/v2/sandboxes", wanted, {"idempotency-key": secrets.token_hex(16)}))
        name, token = str(said.get("sandboxID") or ""), str(said.get("envdAccessToken") or "")
        domain = str(said.get("domain") or self._domain)
        if not _ID.fullmatch(name):
            raise SandboxUnavailable("E2B made a sandbox without a usable name", "see whether its API has changed")
        if not (_HOST.fullmatch(domain) and _SECRET.fullmatch(token)):
            self.delete(name)
            raise SandboxUnavailable("E2B made a sandbox that cannot be asked safely", "use a newer template")
        headers = {"x-access-token": token, "e2b-sandbox-id": name, "e2b-sandbox-port": str(_DAEMON_PORT)}
        address = self._sandbox_url or f"https://{_DAEMON_PORT}-{name}.{domain}"
        return Machine(name, str(said.get("envdVersion"))[:40], address, headers, self._request)

    def delete(self, name: str) -> None:
        """End a sandbox; one that cannot be ended now does so by itself when its time is over."""
        try:
            self._ask("DELETE", f"/sandboxes/{name}", None, {}, also=(404,))
        except SandboxUnavailable:
            return

    def _ask(
        self, method: str, path: str, body: object, headers: Mapping[str, str], *, also: tuple[int, ...] = ()
    ) -> bytes:
        try:
            key = self._key_file.read_text().strip()  # anew: it may have been replaced
        except (OSError, ValueError):
            key = ""
        if not _SECRET.fullmatch(key):
            raise SandboxUnavailable(f"there is no key in {self._key_file}", "set the option api_key_file")
        sent = json.dumps(body).encode() if body is not None else b""
        told = {"x-api-key": key, "content-type": "application/json", **headers}
        answer = _ask_patiently(self._request, method, self._api_url + path, told, sent)
        if answer.status >= 300 and answer.status not in also:
            raise _refusal(answer, secret=key)
        return bytes(answer.body)


@dataclass(frozen=True, slots=True)
class Machine:
    """One sandbox, by the API of the daemon in it, which does for us what root may."""

    name: str
    version: str
    address: str
    headers: Mapping[str, str]
    request: Request

    def write(self, path: str, content: bytes) -> None:
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
        form = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        self._ask("POST", _file(path), {"content-type": f"multipart/form-data; boundary={boundary}"}, form)

    def read(self, path: str, offset: int) -> bytes:
        """A piece from there on, empty while there is none."""
        last = offset + _PIECE_BYTES - 1
        answer = self._ask("GET", _file(path), {"range": f"bytes={offset}-{last}"}, also=(404, 416))
        if answer.status in (404, 416) or not answer.body:
            return b""
        if len(answer.body) > _PIECE_BYTES or (answer.status != 206 and offset):
            raise SandboxUnavailable("the sandbox does not send the piece that was asked for", "try again")
        return bytes(answer.body)

    def start(self, command: str) -> None:
        """Run a command of the shell, which must come to an end at once. Raises SandboxUnavailable when it fails."""
        process = {"cmd": "/bin/sh", "args": ["-c", command], "cwd": "/"}
        message = json.dumps({"process": process, "stdin": False}).encode()
        headers = {
            "content-type": "application/connect+json",
            "connect-protocol-version": "1",
            "connect-timeout-ms": "30000",
            "authorization": "Basic " + base64.b64encode(b"root:").decode(),
        }
        body = b"\0" + len(message).to_bytes(4, "big") + message
        failed = _failure_in(bytes(self._ask("POST", "/process.Process/Start", headers, body).body))
        if failed:
            raise SandboxUnavailable(f"nothing can be started there: {failed}", "use a template that has python3")

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, also: tuple[int, ...] = ()
    ) -> Any:
        answer = _ask_patiently(self.request, method, self.address + path, {**self.headers, **headers}, body)
        if answer.status >= 300 and answer.status not in also:
            raise _refusal(answer, secret=self.headers["x-access-token"])
        return answer


class E2bSandbox(ProbedSandbox):
    """Each run gets a sandbox of its own, which is deleted afterwards."""

    name = KIND

    def __init__(self, service: Service, template: str) -> None:
        super().__init__()
        self._service = service
        self._template = template

    def run(self, task: Task) -> Result:
        level = self.probe()
        if task.has_way_out:
            hint = "run it where the sandbox is bubblewrap or container"
            raise SandboxUnavailable(
                "at E2B a program cannot be held to the hosts it declares, nor reach the gateway", hint
            )
        most = min(task.limits.disk_bytes, _MAX_DISK_BYTES)
        task = replace(task, limits=replace(task.limits, disk_bytes=most))
        with _parcel(task) as parcel:
            return self._carry_out(task, parcel, level)[0]

    def _try(self) -> Level:
        with tempfile.TemporaryDirectory() as folder:
            limits = Limits(disk_bytes=_MIB)
            task = Task(arguments=("python", "-c", _TRY_NETWORK), workspace=Path(folder), limits=limits)
            with _parcel(task) as parcel:
                result, version = self._carry_out(task, parcel, Level(kind=KIND, version="", parts=()))
        if result.stdout != b"done\n":
            said = (result.stdout + result.stderr).decode("utf-8", "replace").strip()[-300:]
            raise SandboxUnavailable(f"a program is not isolated there: {said}", "try another template")
        own = ("namespaces", "a user id of its own", "no new privileges", "read-only system", "no network")
        around = f"virtual machine, template {self._template}"
        return Level(kind=KIND, version=version, parts=(around, *own, *parcel.parts), missing=_MISSING)

    def _carry_out(self, task: Task, parcel: Parcel, level: Level) -> tuple[Result, str]:
        """What came of it, and the version of the daemon there."""
        packed = io.BytesIO()
        parcel.write(packed, packing="w|gz")
        size = len(packed.getvalue())
        if size > _MAX_PARCEL_BYTES:
            why = f"the files of the run have {size} bytes packed, {_MAX_PARCEL_BYTES} can go to E2B"
            raise SandboxUnavailable(why, "run it where the sandbox is bubblewrap or container")
        began = time.monotonic()
        machine = self._service.create(self._template, ends_in_s=math.ceil(task.limits.wall_s) + _SPARE_S)
        try:
            machine.write(f"{_ROOM}/parcel", packed.getvalue())
            machine.write(f"{_ROOM}/carrier.py", carrier_program("sys.stdin.buffer", _FOLDERS).encode())
            machine.write(f"{_ROOM}/room.py", _room_program(task).encode())
            machine.start(_START)
            limits_hit, is_cancelled = _Watch(machine, task, parcel).to_the_end()
        finally:
            self._service.delete(machine.name)
        duration_ms = round((time.monotonic() - began) * 1000)
        result = parcel.result(level, duration_ms=duration_ms, limits_hit=limits_hit, is_cancelled=is_cancelled)
        return result, machine.version


def _parcel(task: Task) -> Parcel:
    rlimits = {"NOFILE": 1024, "NPROC": task.limits.processes + _OWN_PROCESSES}
    return Parcel(task, carried=("skill", "layer"), rlimits=rlimits)


def _room_program(task: Task) -> str:
    limits = task.limits
    bounds = {"disk_bytes": limits.disk_bytes, "memory_bytes": limits.memory_bytes, "wall_s": limits.wall_s}
    user = _FIRST_USER + secrets.randbelow(1_000_000_000)
    return f"{Path(e2b_room.__file__).read_text()}\n\nmain({_ROOM!r}, {user}, {bounds!r})\n"


class _Watch:
    """Follows the answer of a run, as far as that is whole lines."""

    def __init__(self, machine: Machine, task: Task, parcel: Parcel) -> None:
        self._machine = machine
        self._task = task
        self._parcel = parcel
        self._offset = 0
        self._waiting = b""
        self._left: set[str] | None = None
        self._most_bytes = 2 * (2 * task.limits.output_bytes + task.limits.disk_bytes) + 64 * _MIB

    def to_the_end(self) -> tuple[set[str], bool]:
        """The limits for which it was ended from outside, and whether it was cancelled. Raises SandboxUnavailable."""
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < _START_S + self._task.limits.wall_s:
            if self._task.is_cancelled and self._task.is_cancelled():
                return set(), True
            found = self._machine.read(f"{_ROOM}/answer", self._offset)
            self._take(found)
            if self._left is not None:
                return self._left, False
            if len(found) < _PIECE_BYTES:
                time.sleep(min(1.0, 0.1 + elapsed / 20))
        return ({"wall_s"} if self._offset else set()), False

    def _take(self, found: bytes) -> None:
        self._offset += len(found)
        if self._offset > self._most_bytes:
            raise SandboxUnavailable("more came back than the run may leave", "try again")
        *lines, self._waiting = (self._waiting + found).split(b"\n")
        if len(self._waiting) > _MAX_LINE_BYTES:
            raise SandboxUnavailable("the sandbox does not answer in lines", "try again")
        for line in lines:
            said = _read(line)
            if said.get("frame") == "left":
                self._left = {limit for limit in _HIT_FROM_OUTSIDE if limit in str(said.get("limits_hit"))}
            else:
                self._parcel.read(line)


def _ask_patiently(request: Request, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Any:
    """One answer; what passes by itself is tried anew, since nothing here is done twice when it is asked twice.
    Raises SandboxUnavailable.
    """
    for wait_s in _WAITS_S:
        with contextlib.suppress(Exception):
            answer = request(method, url, headers=headers, body=body)
            if answer.status not in _PASSING:
                return answer
        time.sleep(wait_s)
    try:
        return request(method, url, headers=headers, body=body)
    except Exception as error:
        raise SandboxUnavailable(f"E2B cannot be asked: {error}", "see whether its API answers") from error


def _refusal(answer: Any, *, secret: str) -> SandboxUnavailable:
    said = str(_read(answer.body).get("message") or f"status {answer.status}")
    return SandboxUnavailable(
        f"E2B refuses: {said.replace(secret, '…')[:300]}", "see what the key in api_key_file may do"
    )


def _file(path: str) -> str:
    return "/files?" + urlencode({"path": path, "username": "root"})


def _failure_in(stream: bytes) -> str:
    """Why a process failed, by the messages of a whole answer (Connect protocol, streaming); empty when it did not."""
    ended: dict[str, Any] | None = None
    while len(stream) >= 5:
        flags, size = stream[0], int.from_bytes(stream[1:5], "big")
        message, stream = _read(stream[5 : 5 + size]), stream[5 + size :]
        if flags & 2 and message.get("error"):
            return str(message["error"])[:300]
        event = message.get("event")
        if isinstance(event, dict) and isinstance(event.get("end"), dict):
            ended = event["end"]
    if ended is None:
        return "it was not said how it ended"
    return "" if not ended.get("exitCode") and ended.get("exited") else str(ended.get("status"))[:300]


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
