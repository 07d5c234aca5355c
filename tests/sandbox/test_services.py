"""Services that programs reach under a name of their own: whole requests, however clients ask, and within bounds."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.kinds.bubblewrap import BubblewrapSandbox
from skillyard.sandbox.kinds.container import options_of
from skillyard.sandbox.model import Limits, Result, SandboxUnavailable, Task
from skillyard.sandbox.proxy import ProxyBounds
from skillyard.sandbox.proxy_services import DeskBounds
from skillyard.sandbox.service import ServiceAnswer, ServiceRequest
from skillyard.skill.permissions import Permissions
from tests.sandbox.kinds import ELSEWHERE, open_elsewhere
from tests.sandbox.web import LOOPBACK, QUICK, Door, everything, mirror

HOST = "tools.test"


def mirrored(request: ServiceRequest) -> ServiceAnswer:
    said = {
        "method": request.method,
        "path": request.path,
        "headers": dict(request.headers),
        "body": request.body.decode(),
    }
    return ServiceAnswer(status=201, body=json.dumps(said).encode())


def a_door(service: object = mirrored, *allowed: str, **bounds: object) -> Door:
    desk = DeskBounds(**bounds)  # type: ignore[arg-type]
    chosen = ProxyBounds(linger_s=QUICK.linger_s, desk=desk)
    return Door(*allowed, services={HOST: service}, bounds=chosen)  # type: ignore[dict-item]


def post(target: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {target} HTTP/1.1", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def said(answer: bytes) -> dict[str, object]:
    found = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert isinstance(found, dict)
    return found


def test_a_service_gets_the_whole_request_and_nothing_of_the_proxy() -> None:
    with a_door() as door:
        answer = door.say(
            post(
                f"http://{HOST}/v1/x?y=1", b"{}", "Authorization: Bearer a", "Proxy-Authorization: b",
                "Connection: X-Drop", "X-Drop: 1", "X-Two: 1", "X-Two: 2",
            )
        )  # fmt: skip
    assert answer.startswith(b"HTTP/1.1 201 Created\r\n")
    found = said(answer)
    assert (found["method"], found["path"], found["body"]) == ("POST", "/v1/x?y=1", "{}")
    assert found["headers"] == {
        "authorization": "Bearer a", "x-two": "1, 2", "host": HOST, "content-length": "2", "connection": "close",
    }  # fmt: skip
    assert (door.asked, door.refused, door.served, door.looked_up) == ((), (), (HOST,), [])


@pytest.mark.parametrize(
    "data",
    [
        post(f"http://{HOST}/v1/x", b"{}"),
        post(f"http://{HOST.upper()}:3128/v1/x", b"{}"),
        post("/v1/x", b"{}", f"Host: {HOST}:3128"),
        post("/v1/x", b"{}", f"Host: {HOST}"),
        f"POST http://{HOST}/v1/x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    ],
)
def test_it_is_asked_through_the_proxy_or_at_its_port(data: bytes) -> None:
    with a_door() as door:
        assert (found := said(door.say(data)))["body"] == "{}"
    assert found["path"] == "/v1/x"


def test_it_is_asked_in_a_tunnel_too_as_some_clients_do_for_plain_http() -> None:
    with a_door() as door:
        status, connection = door.tunnel(f"{HOST}:80")
        with connection:
            assert status == 200
            connection.sendall(post("/v1/x", b"{}", f"Host: {HOST}"))
            assert said(everything(connection))["path"] == "/v1/x"


@pytest.mark.parametrize(
    ("inside", "status"),
    [
        (post("/v1/x", b"", "Host: other.test"), 400),
        (f"CONNECT {HOST}:80 HTTP/1.1\r\n\r\n".encode(), 400),
        (post("http://other.test/", b""), 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    ],
)
def test_a_tunnel_to_a_service_leads_nowhere_else(inside: bytes, status: int) -> None:
    with a_door(mirrored, "other.test") as door:
        _, connection = door.tunnel(f"{HOST}:80")
        with connection:
            connection.sendall(inside)
            assert int(everything(connection).split(b" ", 2)[1]) == status
    assert (door.looked_up, door.served) == ([], ())


@pytest.mark.parametrize(
    "data",
    [
        post("/v1/x", b"", "Host: other.test"),
        post("/v1/x", b"", f"Host: {HOST}", f"Host: {HOST}"),
        post("/v1/x", b""),
        post("/v1/x#part", b"", f"Host: {HOST}"),
        post(f"http://{HOST}@other.test/", b""),
        post("/v1/x", b"", f"Host: {HOST}", "Transfer-Encoding: chunked"),
    ],
)
def test_a_request_that_is_not_plainly_for_a_service_is_refused(data: bytes) -> None:
    with a_door() as door:
        assert door.status(data) == 400
    assert door.served == ()


def test_a_name_that_only_resembles_the_service_is_a_host_like_any_other() -> None:
    with a_door() as door:
        for name in (f"x.{HOST}", f"{HOST}.evil.test", "tools"):
            assert door.status(post(f"http://{name}/", b"")) == 403
    assert (door.served, len(door.refused)) == ((), 3)


def test_declared_hosts_are_still_reached_beside_it() -> None:
    with mirror() as port, a_door(mirrored, f"api.test:{port}") as door:
        assert door.status(post(f"http://api.test:{port}/", b"")) == 200
        assert door.status(post(f"http://{HOST}/", b"")) == 201
    assert (door.asked, door.served) == ((f"api.test:{port}",), (HOST,))


def test_what_a_service_raises_is_told_to_nobody_inside() -> None:
    def fail(request: ServiceRequest) -> ServiceAnswer:
        raise ValueError(f"secret of {request.path}")

    with a_door(fail) as door:
        answer = door.say(post(f"http://{HOST}/v1/x", b""))
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert b"secret" not in answer
    assert b"Traceback" not in answer


def test_bodies_are_bounded_however_they_are_framed() -> None:
    chunk = b"8\r\n12345678\r\n"
    chunked = f"POST http://{HOST}/ HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    with a_door(body_bytes=20) as door:
        assert door.status(post(f"http://{HOST}/", b"x" * 20)) == 201
        assert door.status(post(f"http://{HOST}/", b"x" * 21)) == 413
        assert door.status(f"POST http://{HOST}/ HTTP/1.1\r\ncontent-length: 999999999999\r\n\r\n".encode()) == 413
        assert door.status(chunked + chunk * 2 + b"0\r\n\r\n") == 201
        assert door.status(chunked + chunk * 3 + b"0\r\n\r\n") == 413
        assert door.status(chunked + b"fffffffffffffffffff\r\n") == 413


def test_a_body_that_does_not_come_is_not_waited_for_without_end() -> None:
    with a_door(read_s=0.2) as door:
        answer = door.say(f"POST http://{HOST}/ HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc".encode())
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_does_not_come_is_not_waited_for_without_end() -> None:
    is_over = threading.Event()

    def sleep(_: ServiceRequest) -> ServiceAnswer:
        is_over.wait(30)
        return ServiceAnswer(status=200)

    with a_door(sleep, answer_s=0.2) as door:
        assert door.status(post(f"http://{HOST}/", b"")) == 504
        is_over.set()


def test_a_run_asks_so_often_and_no_more() -> None:
    with a_door(calls=2) as door:
        assert [door.status(post(f"http://{HOST}/", b"")) for _ in range(3)] == [201, 201, 429]


def test_few_requests_are_answered_at_once_and_the_others_get_their_turn() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def count(_: ServiceRequest) -> ServiceAnswer:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return ServiceAnswer(status=200)

    statuses: list[int] = []
    with a_door(count, at_once=2) as door:
        threads = [
            threading.Thread(target=lambda: statuses.append(door.status(post(f"http://{HOST}/", b""))))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (statuses, most) == ([200] * 8, 2)


def test_what_was_begun_comes_to_its_end_before_the_proxy_has_stopped() -> None:
    began, ended = threading.Event(), threading.Event()

    def slow(_: ServiceRequest) -> ServiceAnswer:
        began.set()
        time.sleep(0.5)
        ended.set()
        return ServiceAnswer(status=200)

    with a_door(slow) as door, door.open() as connection:
        connection.sendall(post(f"http://{HOST}/", b""))
        assert began.wait(10)
    assert ended.is_set()


CALL = """
import json, os, sys, urllib.request
asked = urllib.request.Request('http://tools.test:3128/v1/x', data=sys.stdin.buffer.read(), headers={'X-A': 'b'})
with urllib.request.urlopen(asked, timeout=20) as answer:
    found = json.load(answer)
    print(answer.status, found['method'], found['path'], found['body'], found['headers']['x-a'])
"""
CALL_WITHOUT_PROXY = (
    "import os\nfor name in [n for n in os.environ if 'proxy' in n.lower()]: del os.environ[name]\n" + CALL
)
CALL_BY_FETCH = """
const {readFileSync} = require('fs')
const asked = {method: 'POST', body: readFileSync(0), headers: {'x-a': 'b'}}
fetch('http://tools.test:3128/v1/x', asked).then(async answer => {
  const found = await answer.json()
  console.log(answer.status, found.method, found.path, found.body, found.headers['x-a'])
})
"""


@pytest.fixture(scope="module")
def sandbox() -> BubblewrapSandbox:
    opened = open_sandbox("bubblewrap", options={"warm": "0"})
    assert isinstance(opened, BubblewrapSandbox)
    return opened


def run(sandbox: BubblewrapSandbox, folder: Path, *arguments: str, **more: object) -> Result:
    given = {"services": {HOST: mirrored}, "limits": Limits(wall_s=30), "stdin": b"{}", **more}
    return sandbox.run(Task(arguments=arguments, workspace=folder, **given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("program", "code"), [("python", CALL), ("python", CALL_WITHOUT_PROXY), ("node", CALL_BY_FETCH)]
)
def test_programs_without_any_network_reach_it_as_their_clients_do(
    sandbox: BubblewrapSandbox, tmp_path: Path, program: str, code: str
) -> None:
    result = run(sandbox, tmp_path, program, "-e" if program == "node" else "-c", code)
    assert (result.stdout, result.stderr) == (b"201 POST /v1/x {} b\n", b"")
    assert result.observed.services == (HOST,)
    assert (result.observed.hosts, result.observed.hosts_refused) == ((), ())


def test_hosts_that_are_not_declared_stay_out_of_reach_beside_a_service(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    code = "import urllib.request, socket\nprint(socket.getaddrinfo('tools.test', 80, socket.AF_INET)[0][4])\n"
    code += (
        "try:\n    urllib.request.urlopen('http://steal.example/')\nexcept OSError as error:\n    print(error.code)\n"
    )
    code += "try:\n    socket.getaddrinfo('leak.steal.example', 80)\nexcept OSError:\n    print('no such name')\n"
    with mirror() as port:
        code += f"try:\n    urllib.request.urlopen('http://{LOOPBACK}:{port}/')\n"
        code += "except OSError as error:\n    print(error.code)\n"
        result = run(sandbox, tmp_path, "python", "-c", code)
    assert result.stdout.decode().splitlines() == ["('127.0.0.1', 80)", "403", "no such name", "403"], result.stderr
    refused = {"leak.steal.example:53", "steal.example:80", f"{LOOPBACK}:{port}"}
    assert set(result.observed.hosts_refused) == refused
    assert result.observed.services == ()


def test_a_child_of_the_program_reaches_it_and_does_not_outlive_it(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    """What a program starts is as shut in as itself, and has the same services; it ends with the program."""
    asked: list[str] = []

    def note(request: ServiceRequest) -> ServiceAnswer:
        asked.append(request.path)
        return ServiceAnswer(status=200)

    child = "import time, urllib.request as r\nr.urlopen('http://tools.test/now')\ntime.sleep(1)\n"
    child += "r.urlopen('http://tools.test/later')"
    code = f"import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', {child!r}])\ntime.sleep(0.8)"
    result = run(
        sandbox, tmp_path, "python", "-c", code, services={HOST: note}, permissions=Permissions(subprocess=True)
    )
    time.sleep(1)
    assert result.is_good, result.stderr
    assert asked == ["/now"]


@pytest.mark.parametrize("kind", [kind for kind in ELSEWHERE if kind != "container"])
def test_where_a_program_runs_elsewhere_it_does_not_run_without_its_services(tmp_path: Path, kind: str) -> None:
    task = Task(arguments=("python", "-c", "pass"), workspace=tmp_path, services={HOST: mirrored})
    with open_elsewhere(kind) as opened, pytest.raises(SandboxUnavailable, match="nor reach the gateway"):
        opened.run(task)


def test_a_container_knows_the_name_without_a_network() -> None:
    task = Task(arguments=("python", "x.py"), workspace=Path("/srv/work"), services={HOST: mirrored})
    options = options_of(task, "name", "", "/run/proxy-1")
    assert {"--network=none", f"--add-host={HOST}:127.0.0.1"} <= set(options)
