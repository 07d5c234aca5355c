"""Runs over HTTP: blocking, polled, followed; files in and out; and nothing that is sent breaks them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.native.addresses import PREFIX
from skillyard.skill.receipts import open_receipt
from tests.api.asgi import Answer
from tests.api.native.registry import RegistryApi
from tests.domain.runs.yard import Yard, a_yard, working
from tests.makers import a_person, secret_of

BOUNDARY = "b"
ECHO = {"name": "ada/tools", "script": "echo.py", "arguments": ["one"]}


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = a_yard(tmp_path)
    yield yard
    yard.app.close()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryApi]:
    """For requests that start nothing."""
    yard = a_yard(tmp_path_factory.mktemp("closed"))
    yield RegistryApi(yard.app, secret_of(yard.ada))
    yard.app.close()


@pytest.fixture
def ada(yard: Yard) -> RegistryApi:
    return RegistryApi(yard.app, secret_of(yard.ada))


@pytest.fixture
def busy(yard: Yard, ada: RegistryApi) -> Iterator[RegistryApi]:
    """With a worker."""
    with working(yard.app):
        yield ada


def send_form(api: RegistryApi, run: Any, files: Mapping[str, bytes], *, wait: int = 0) -> Answer:
    text = run if isinstance(run, str) else json.dumps(run)
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="run"\r\n\r\n{text}\r\n'.encode()]
    for name, content in files.items():
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'
        parts += [head.encode(), content, b"\r\n"]
    body = b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return api.send_bytes("POST", f"{PREFIX}/runs/with-files?wait={wait}", body, headers)


def test_a_blocking_run_answers_with_what_came_of_it(yard: Yard, busy: RegistryApi) -> None:
    answer = busy.post("/runs?wait=20", {**ECHO, "stdin": "told"})
    run = answer.json()
    assert answer.status == 201
    assert (run["status"], run["stdout"], run["stderr"], run["exit_code"]) == ("succeeded", "one\n", "told", 0)
    assert run["isolation"]["parts"]
    assert run["has_receipt"]
    receipt = busy.get(f"/runs/{run['id']}/receipt")
    assert open_receipt(receipt.body.decode(), yard.app.log_key.verifier)["run_id"] == run["id"]
    assert [one["id"] for one in busy.get("/runs").json()["items"]] == [run["id"]]


def test_files_go_in_as_a_form_and_come_out_by_their_paths(busy: RegistryApi) -> None:
    run = {"name": "ada/tools", "script": "copy.py", "arguments": ["data/ü.bin", "out/copy.bin"]}
    content = bytes(range(256)) * 100
    answer = send_form(busy, run, {"files/data/ü.bin": content}, wait=20).json()
    assert answer["status"] == "succeeded", answer
    (file,) = answer["files"]
    assert (file["path"], file["size_bytes"]) == ("out/copy.bin", len(content))
    fetched = busy.send_bytes("GET", file["url"])
    assert fetched.body == content
    headers = dict(fetched.headers)
    assert headers["content-type"] == "application/octet-stream"
    assert "sandbox" in headers["content-security-policy"]
    assert busy.get(f"/runs/{answer['id']}/files/data/ü.bin").status == 404


def test_a_run_is_followed_as_server_sent_events_and_taken_up_again(yard: Yard, busy: RegistryApi) -> None:
    run = busy.post("/runs", {"name": "ada/tools", "script": "slow.py", "limits": {"seconds": 1}}).json()
    first = events(busy.get(f"/runs/{run['id']}/events"))
    said = [base64.b64decode(data["data"]) for kind, _, data in first if kind == "output"]
    assert b"".join(said).startswith(b"0\n1\n2\n")
    assert len(said) > 2, "it came piece by piece"
    kind, last, over = first[-1]
    assert (kind, over["status"], over["limits_hit"]) == ("run", "failed", ["wall_s"])
    again = events(busy.send("GET", f"/runs/{run['id']}/events", last_event_id=str(first[1][1])))
    assert again == first[2:]
    assert last == first[-2][1]
    whole = busy.get(f"/runs/{run['id']}/output/stdout").body
    assert whole == b"".join(said)
    polled = busy.get(f"/runs/{run['id']}/output?after={last}").json()
    assert polled == {"items": [], "is_over": True}


def test_the_same_key_is_the_same_run(busy: RegistryApi) -> None:
    first, second = (busy.post("/runs?wait=20", ECHO, idempotency_key="abc").json() for _ in range(2))
    assert first == second
    refused = busy.post("/runs?wait=20", {**ECHO, "arguments": ["two"]}, idempotency_key="abc")
    assert (refused.status, refused.json()["error"]["code"]) == (422, "idempotency_mismatch")


def test_sessions_over_http(busy: RegistryApi) -> None:
    session = busy.post("/run-sessions").json()
    for number in (1, 2):
        run = {"name": "ada/tools", "script": "count.py", "session_id": session["id"]}
        assert busy.post("/runs?wait=20", run).json()["stdout"] == f"{number}\n"
    shown = busy.get(f"/run-sessions/{session['id']}").json()
    assert [file["path"] for file in shown["files"]] == ["data/count.txt"]
    assert len(busy.get(f"/runs?session_id={session['id']}").json()["items"]) == 2
    assert busy.delete(f"/run-sessions/{session['id']}").json()["status"] == "closed"
    assert busy.post("/runs", {**ECHO, "session_id": session["id"]}).json()["error"]["code"] == "session_ended"


def test_others_see_nothing_of_it(yard: Yard, ada: RegistryApi) -> None:
    run = ada.post("/runs", {**ECHO, "arguments": ["confidential"]}).json()
    eve = RegistryApi(yard.app, secret_of(a_person(yard.app, "eve")))
    for place in ("", "/output", "/output/stdout", "/events", "/files/x", "/receipt"):
        answer = eve.get(f"/runs/{run['id']}{place}")
        assert answer.status == 404
        assert b"confidential" not in answer.body
    assert eve.post(f"/runs/{run['id']}/cancel").status == 404
    assert eve.get("/runs").json()["items"] == []
    assert ada.post(f"/runs/{run['id']}/cancel").json()["status"] == "cancelled"
    assert ada.get(f"/runs/{run['id']}/receipt").json()["error"]["code"] == "no_receipt"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"name": "ada/tools"},
        {**ECHO, "name": "tools"},
        {**ECHO, "name": "ada/tools/../x"},
        {**ECHO, "script": ["echo.py"]},
        {**ECHO, "script": "x" * 10_000},
        {**ECHO, "arguments": "one"},
        {**ECHO, "arguments": ["x"] * 1000},
        {**ECHO, "arguments": ["\0"]},
        {**ECHO, "environment": {"LD_PRELOAD": "/x"}},
        {**ECHO, "environment": [["API_KEY", "x"]]},
        {**ECHO, "files": {"../x": ""}},
        {**ECHO, "files": {"/etc/passwd": ""}},
        {**ECHO, "files": {"a": "", "a/b": ""}},
        {**ECHO, "limits": {"seconds": 1e99}},
        {**ECHO, "limits": {"seconds": 0}},
        {**ECHO, "limits": {"memory_mb": 10**15}},
        {**ECHO, "limits": {"unknown": 1}},
        {**ECHO, "more": 1},
        {**ECHO, "script": "SKILL.md"},
    ],
)
def test_a_request_that_is_wrong_is_refused_with_the_reason(closed: RegistryApi, body: Any) -> None:
    for answer in (closed.post("/runs", body), send_form(closed, body, {"files/x": b"1"})):
        assert answer.status == 422, answer.body
        assert answer.json()["error"]["message"]
    assert closed.get("/runs").json()["items"] == []


@pytest.mark.parametrize(
    ("run", "files"),
    [
        ("no json", {}),
        ("[1]", {}),
        ("[" * 100_000, {}),
        (ECHO, {"other": b"1"}),
        (ECHO, {"files/": b"1"}),
        (ECHO, {"files/../../x": b"1"}),
        (ECHO, {"files//etc/passwd": b"1"}),
        (ECHO, {"files/a": b"1", "files/A": b"1"}),
        (ECHO, {f"files/{number}": b"" for number in range(1100)}),
    ],
)
def test_a_form_that_is_wrong_is_refused_with_the_reason(
    closed: RegistryApi, run: Any, files: dict[str, bytes]
) -> None:
    answer = send_form(closed, run, files)
    assert answer.status == 422, answer.body
    assert answer.json()["error"]["message"]
    assert closed.get("/runs").json()["items"] == []


def test_a_body_that_is_no_form_is_refused(closed: RegistryApi) -> None:
    for headers in ({"content-type": "application/json"}, {"content-type": "multipart/form-data"}, {}):
        answer = closed.send_bytes("POST", f"{PREFIX}/runs/with-files", orjson.dumps(ECHO), headers)
        assert answer.status == 422, answer.body


def events(answer: Answer) -> list[tuple[str, int, Any]]:
    found = []
    for block in answer.body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["event"], int(fields["id"]), json.loads(fields["data"])))
    return found
