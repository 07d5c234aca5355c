"""What no client of SkillzDrive's sends is refused in its dialect, and no fault of ours; on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.asgi import Answer
from tests.api.skillzdrive.sender import Sender, refused
from tests.makers import a_release, make_app
from tests.services import Postgres

DEEP = b"[" * 200_000
SLUGS = [
    "%00", "..%2f..%2fetc", "x" * 5000, "%ff%fe", "%27%20OR%201=1", "%F0%9F%92%A9", "pdf%0a", "PDF", "ada--", "--pdf",
    "ada--pdf--x", "ada%2Fpdf%2Fx", "%D1%80df", "ada--p%00df", "con", "-",
]  # fmt: skip


@pytest.fixture(scope="module")
def sender(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    limits = {f"{what}_per_minute": 10**9 for what in ("reads", "writes", "logins", "skillzdrive_anonymous")}
    url = postgres.new_database()
    app = make_app(tmp_path_factory.mktemp("hostile"), database_url=url, **limits)
    made = Sender(app)
    a_release(app, made.people["ada"], "ada/pdf", files={"scripts/a.sh": "echo a\n"})
    a_release(app, made.people["ada"], "ada/secret", visibility="private", files={"scripts/a.sh": "echo a\n"})
    yield made
    app.close()
    postgres.drop(url)


def test_slugs_that_are_none_are_refused_everywhere(sender: Sender) -> None:
    for wrong in SLUGS:
        for method, path in (
            ("GET", f"/skills/{wrong}"),
            ("GET", f"/skills/{wrong}/scripts"),
            ("GET", f"/files?skillSlug={wrong}&path=SKILL.md"),
            ("DELETE", f"/drive/{wrong}"),
            ("POST", f"/drive/{wrong}/toggle"),
            ("POST", f"/drive/updates/{wrong}/accept"),
            ("DELETE", f"/collections/{wrong}"),
            ("GET", f"/downloads/public/{wrong}/{'0' * 64}.zip"),
            ("DELETE", f"/runs/sessions/{wrong}"),
            ("DELETE", f"/account/webhooks/{wrong}"),
        ):
            refused(sender.send("bob", method, f"/api/v1{path}"), 400, 404, 405)


def test_bodies_that_are_no_json_objects_are_refused(sender: Sender) -> None:
    paths = ("/drive/import", "/drive/sync/preview", "/drive/sync/execute", "/drive/diff", "/collections", "/runs",
             "/account/webhooks", "/telemetry/anonymous", "/migrations/anonymous-adopt")  # fmt: skip
    for path in paths:
        for body in (b"null", b"[]", b'"x"', b"{", b"\xff\xfe", DEEP, b'{"a":' * 50_000, b"7" * 10_000, b"{}"):
            refused(sender.send("bob", "POST", f"/api/v1{path}", body), 400)


def test_text_that_no_database_takes_is_refused_or_kept_as_it_is(sender: Sender) -> None:
    for text in ("\\u0000", "\\ud800", "\\uffff", "a\\nb", "x" * 201):
        for path, body in (
            ("/drive/import", f'{{"skillSlug": "{text}"}}'),
            ("/collections", f'{{"name": "{text}"}}'),
            ("/runs", f'{{"skillSlug": "pdf", "scriptName": "{text}"}}'),
            ("/runs", f'{{"skillSlug": "pdf", "scriptName": "a.sh", "args": ["\\u0000{text}"]}}'),
            ("/uploads/ticket", f'{{"filename": "{text}"}}'),
            ("/downloads", f'{{"scope": "collection", "collectionName": "{text}"}}'),
            ("/telemetry/anonymous", f'{{"install_id": "{text}", "event_type": "login"}}'),
        ):
            refused(sender.send("bob", "POST", f"/api/v1{path}", body.encode()), 400, 404)
        refused(sender.send("bob", "GET", "/api/v1/files?path=a&sessionId=%00"), 404)
        refused(sender.send("bob", "POST", "/api/v1/runs", _run(text)), 400, 404)
        query = text.encode().decode("unicode_escape").encode("utf-8", "surrogatepass")
        quoted = "".join(f"%{byte:02x}" for byte in query[:100])
        assert sender.send("bob", "GET", f"/api/v1/skills?q={quoted}").status < 500


def _run(session_id: str) -> bytes:
    return f'{{"skillSlug": "pdf", "scriptName": "a.sh", "sessionId": "{session_id}"}}'.encode()


def test_a_file_is_one_of_the_skill_and_nothing_else(sender: Sender) -> None:
    for path in ("../secret/SKILL.md", "/etc/passwd", "scripts", "scripts/../SKILL.md", "%00", "scripts%2f%2fa.sh"):
        error = refused(sender.send("bob", "GET", f"/api/v1/files?skillSlug=pdf&path={path}"), 404)
        assert error["code"] == "file_not_found"


def test_forms_that_hold_no_skill_leave_the_ticket_good(sender: Sender) -> None:
    ticket = sender.data("bob", "POST", "/uploads/ticket", {})["ticket"]
    for part, content in ((b'name="file"; filename="a.zip"', b"PK\x03\x04"), (b'name="other"', b"x"), (b"", b"")):
        body = b"--x\r\ncontent-disposition: form-data; " + part + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
        answer = sender.send(
            ticket, "POST", "/api/uploads/process-skill", body, content_type="multipart/form-data; boundary=x"
        )
        refused(answer, 400)
    for content_type in ("application/json", "multipart/form-data", "multipart/form-data; boundary="):
        refused(sender.send(ticket, "POST", "/api/uploads/process-skill", b"{}", content_type=content_type), 400)
    refused(sender.send(None, "POST", "/api/uploads/process-skill", b"{}"), 401)


def _call(sender: Sender, name: Any, arguments: Any, **more: Any) -> Answer:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}, **more}
    return sender.send("bob", "POST", "/mcp", json.dumps(body).encode(), accept="application/json")


def test_no_argument_of_a_tool_leads_to_another_route(sender: Sender) -> None:
    for slug in ("../collections", "pdf/scripts", "..", "../../api/v1/drive", "pdf?x=1", "pdf#", "%2e%2e", "pdf\n", ""):
        answer = _call(sender, "skills_show", {"slug": slug})
        assert answer.status == 200
        result = answer.json()["result"]
        assert result["isError"], slug
    listed = _call(sender, "skills_search", {"q": "pdf&collection=x#"})
    assert not listed.json()["result"]["isError"]


def test_arguments_of_any_kind_are_refused_in_the_richer_shape(sender: Sender) -> None:
    for value in (None, 1, 1.5, True, [], {}, {"a": "b"}, ["pdf"], "x" * 100_000, "\0"):
        for name, field in (
            ("skills_show", "slug"),
            ("skills_import", "skillSlug"),
            ("skills_diff", "local"),
            ("skills_closeSession", "sessionId"),
            ("skills_deleteWebhook", "id"),
            ("skills_deleteCollection", "name"),
        ):
            answer = _call(sender, name, {field: value})
            assert answer.status == 200
            result = answer.json()["result"]
            if result["isError"]:
                assert set(result["structuredContent"]) == {"error", "message", "suggestions", "_workflow"}
                assert result["structuredContent"]["error"] != "internal"
    for arguments in (None, [], "x", 7, {"q": "\ud83d"}):  # half a character is no JSON to the SDK
        assert _call(sender, "skills_list", arguments).status in (200, 400)
    for name in (None, 7, "", "skills_list\n", "x" * 10_000):
        assert _call(sender, name, {}).status in (200, 400)


def test_messages_that_are_none_are_refused(sender: Sender) -> None:
    for body in (
        b"",
        b"{",
        DEEP,
        b"\xff",
        b"[]",
        b"null",
        b'{"jsonrpc":"1.0"}',
        b'{"jsonrpc":"2.0","id":{},"method":1}',
    ):
        answer = sender.send("bob", "POST", "/mcp", body, accept="application/json", content_type="application/json")
        assert 400 <= answer.status < 500, body[:50]
    for version in ("2026-07-28", "1999-01-01", "x" * 1000, "\xff"):
        answer = sender.send("bob", "POST", "/mcp", b"{}", accept="application/json", mcp_protocol_version=version)
        assert answer.status < 500
