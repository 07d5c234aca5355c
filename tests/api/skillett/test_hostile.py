"""What no client of Skillett's sends is refused in its dialect, and no fault of ours; on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from skillyard.domain.accounts.cli_sessions import approve_cli_session
from tests.api.skillett.sender import Sender, refused
from tests.makers import make_app
from tests.services import Postgres

DEEP = b"[" * 200_000
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
TEXTS = [
    "\0", "\ud800", "\uffff", "a\nb", "x" * 201, "%", "' OR 1=1 --", "\u202e", "{0}", "{secret}", "\U0001d524ithub",
]  # fmt: skip


@pytest.fixture(scope="module")
def sender(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    limits = {f"{what}_per_minute": 10**9 for what in ("reads", "writes", "logins", "gateway_calls")}
    url = postgres.new_database()
    app = make_app(tmp_path_factory.mktemp("hostile"), database_url=url, **limits)
    yield Sender(app)
    app.close()
    postgres.drop(url)


def spelled(text: str) -> str:
    """For a path, also what is no character."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def json_of(**fields: str) -> bytes:
    """In ASCII, so that it can hold what is no character."""
    return json.dumps(fields).encode()


@pytest.mark.parametrize("text", TEXTS)
def test_names_and_ids_that_are_none_are_refused_everywhere(sender: Sender, text: str) -> None:
    name = spelled(text)
    for method, path in (
        ("GET", f"/v1/skills/{name}"),
        ("GET", f"/v1/skills/github/{name}"),
        ("GET", f"/v1/{name}/download"),
        ("GET", f"/v1/connect/{name}"),
        ("POST", f"/v1/{name}/create_issue"),
        ("POST", f"/v1/github/{name}"),
        ("DELETE", f"/api-keys/{name}"),
    ):
        refused(sender.send("ada", method, path), 404)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_that_no_database_takes_are_refused_or_kept_as_they_are(sender: Sender, text: str) -> None:
    for path, body in (
        ("/api-keys", json_of(name=text)),
        ("/auth/device/code", json_of(client_id=text)),
    ):
        answer = sender.send("ada", "POST", path, body)
        assert answer.status in (200, 201) or refused(answer, 400)
    for path, body in (
        ("/v1/connect", json_of(integration=text)),
        ("/auth/device/code", json_of(scope=text)),
        ("/auth/device/authorize", json_of(user_code=text)),
        ("/auth/device/token", json_of(grant_type=GRANT_TYPE, device_code=text)),
        ("/auth/device/token", json_of(grant_type=GRANT_TYPE, device_code=f"cli_{text}.{text}")),
    ):
        refused(sender.send("ada", "POST", path, body), 400, 404)


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"{", b"\xff\xfe", DEEP, b'{"a":' * 50_000, b"7" * 10_000])
def test_bodies_that_are_no_json_objects_are_refused(sender: Sender, body: bytes) -> None:
    for path in ("/v1/connect", "/v1/github/create_issue", "/api-keys", "/auth/device/code", "/auth/device/token"):
        refused(sender.send("ada", "POST", path, body), 400)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "bearer sk_\xff", "Basic x", "sk_" + "0" * 64, "Bearer " + "x" * 9000]
)
def test_headers_that_hold_no_key_are_refused(sender: Sender, header: str) -> None:
    for method, path in (("GET", "/v1/skills"), ("POST", "/v1/github/create_issue"), ("GET", "/api-keys")):
        error = refused(sender.send(None, method, path, authorization=header), 401)
        assert error["error"] in ("unauthorized", "api_key_invalid")


def test_of_many_who_collect_at_once_one_gets_the_key(sender: Sender) -> None:
    begun = sender.data(None, "POST", "/auth/device/code", {"client_id": "my-agent"})
    code = begun["device_code"]
    approve_cli_session(sender.app, sender.people["ada"], session_id=code.partition(".")[0])

    def collect(_: int) -> Any:
        return sender.send(None, "POST", "/auth/device/token", {"grant_type": GRANT_TYPE, "device_code": code}).json()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(collect, range(8)))
    assert len([answer for answer in answers if "access_token" in answer]) == 1
    assert {answer["error"] for answer in answers if "error" in answer} <= {"slow_down", "invalid_grant"}


def test_no_secret_is_in_a_refusal(sender: Sender) -> None:
    key = sender.key("ada", "slack")
    for method, path in (("GET", "/v1/skills/github"), ("POST", "/v1/github/create_issue"), ("GET", "/api-keys")):
        assert key[8:] not in sender.send(key, method, path).body.decode()
