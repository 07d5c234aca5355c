"""`Idempotency-Key`: done once, replayed to its owner, sealed for everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.api.entrance import Door, Entrance
from skillyard.api.native.idempotent import Idempotent
from skillyard.app import App
from tests.api.asgi import Answer, call
from tests.makers import make_app

SECRET = "sky_pt_a_secret_that_is_shown_once"


class Counter:
    """A surface that counts how often it really works."""

    def __init__(self) -> None:
        self.runs = 0
        self.status = 201
        self.size = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.runs += 1
        more = True
        while more:
            more = (await receive())["more_body"]
        if self.status == 500:
            raise RuntimeError("broke half way")
        body = f"{SECRET} {self.runs}".encode() + bytes(self.size)
        headers = [(b"content-type", b"text/plain"), (b"set-cookie", b"a=b")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def entrance(app: App, counter: Counter) -> Entrance:
    return Entrance(app, [Door(surface=Idempotent(app, counter), prefix="")])


def post(entrance: Entrance, *, key: str = "k1", body: bytes = b"{}", token: str = "t1", path: str = "/x") -> Answer:
    headers = {"idempotency-key": key, "authorization": f"Bearer {token}"}
    return call(entrance, "POST", path, headers=headers, chunks=[body])


def test_the_same_key_works_once_and_replays_the_first_answer(entrance: Entrance, counter: Counter) -> None:
    first, second = post(entrance), post(entrance)
    assert counter.runs == 1
    assert (first.status, first.body) == (second.status, second.body)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-type"] == "text/plain"
    assert "set-cookie" not in second.headers


def test_the_same_key_with_another_request_is_refused(entrance: Entrance, counter: Counter) -> None:
    post(entrance)
    for other in (post(entrance, body=b"{1}"), post(entrance, path="/y"), post(entrance, path="/x?a=1")):
        assert other.status == 422
        assert other.json()["error"]["code"] == "idempotency_mismatch"
    assert counter.runs == 1


def test_another_callers_key_of_the_same_name_is_another_key(entrance: Entrance, counter: Counter) -> None:
    assert post(entrance).body != post(entrance, token="t2").body
    assert counter.runs == 2


def test_the_stored_answer_cannot_be_read_from_the_database(app: App, entrance: Entrance) -> None:
    post(entrance)
    with app.database.reading() as tx:
        (row,) = tx.all("SELECT * FROM idempotency_keys")
    assert SECRET.encode() not in bytes(row["sealed"])
    assert "k1" not in row["name"]


def test_a_crash_lets_the_key_try_again(entrance: Entrance, counter: Counter) -> None:
    counter.status = 500
    assert post(entrance).status == 500
    counter.status = 201
    assert post(entrance).status == 201
    assert counter.runs == 2


def test_a_refusal_for_good_is_replayed_and_a_passing_one_is_not(entrance: Entrance, counter: Counter) -> None:
    counter.status = 409
    assert [post(entrance).status, post(entrance).status] == [409, 409]
    assert counter.runs == 1
    counter.status = 429
    assert [post(entrance, key="k2").status, post(entrance, key="k2").status] == [429, 429]
    assert counter.runs == 3


def test_an_answer_too_large_to_keep_says_that_the_work_was_done(entrance: Entrance, counter: Counter) -> None:
    counter.size = 100_000
    assert post(entrance).status == 201
    again = post(entrance)
    assert (again.status, again.json()["error"]["code"]) == (409, "idempotency_answer_lost")
    assert counter.runs == 1


def test_a_new_multipart_boundary_is_the_same_request(entrance: Entrance, counter: Counter) -> None:
    for boundary in ("first", "second"):
        headers = {"idempotency-key": "k", "content-type": f"multipart/form-data; boundary={boundary}"}
        answer = call(entrance, "POST", "/x", headers=headers, chunks=[f"--{boundary}\r\nfile".encode()])
        assert answer.status == 201
    assert counter.runs == 1


def test_reads_and_requests_without_a_key_pass_through(entrance: Entrance, counter: Counter) -> None:
    call(entrance, "GET", "/x", headers={"idempotency-key": "k"})
    call(entrance, "GET", "/x", headers={"idempotency-key": "k"})
    call(entrance, "POST", "/x")
    assert counter.runs == 3


@pytest.mark.parametrize("key", ["", "a" * 201, "with blank", "é"])
def test_a_bad_key_is_refused(entrance: Entrance, counter: Counter, key: str) -> None:
    answer = post(entrance, key=key)
    assert (answer.status, answer.json()["error"]["code"]) == (422, "bad_idempotency_key")
    assert counter.runs == 0
