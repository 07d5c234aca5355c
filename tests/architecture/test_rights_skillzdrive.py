"""Every route of SkillzDrive's API is probed without a key, as a stranger, and with a token that may only read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.entrance import Entrance
from skillyard.api.native.application import operation_id
from skillyard.api.skillzdrive.addresses import MCP, MOUNT
from skillyard.api.skillzdrive.routes import build_skillzdrive, every_route
from skillyard.app import App
from tests.api.asgi import Answer, call

OPEN = set(Path(__file__).with_name("open_routes_skillzdrive.txt").read_text().split())
REFUSES_WHAT_IT_GETS = {"processSkill"}  # the ticket is the key
VALUES = {"slug": "ada--hidden", "sha": "0" * 64, "version": "1.0.0"}
QUERIES = {
    "listSkills": "?q=hidden",
    "discoverSkills": "?keywords=hidden",
    "readFile": "?skillSlug=ada--hidden&path=SKILL.md",
}
INSTALL = "7c1c5b0e-3f0a-4f5e-9d9e-0c1f3c5f8a11"
BODIES: dict[str, dict[str, Any]] = {
    "importSkill": {"skillSlug": "ada--hidden"},
    "previewSync": {"local": []},
    "executeSync": {"install_id": INSTALL, "classifications": []},
    "finalizeSync": {"run_id": "none"},
    "diffDrive": {"local": []},
    "createCollection": {"name": "probe"},
    "updateCollection": {"newName": "probe"},
    "addToCollection": {"skillSlug": "ada--hidden"},
    "createUploadTicket": {},
    "createDownload": {"scope": "skill", "skillSlug": "ada--hidden"},
    "runSkill": {"skillSlug": "ada--hidden", "scriptName": "a.sh"},
    "createWebhook": {"url": "https://9.9.9.9/", "events": ["credits.exhausted"]},
    "recordEvent": {"install_id": INSTALL, "event_type": "login"},
    "adoptInstall": {"install_id": INSTALL},
}
FORM = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.zip"\r\n\r\nPK\r\n--x--\r\n'
FORMS = {"uploadInSync", "processSkill"}
READS_BY_POST = {"previewSync", "diffDrive", "executeSync", "createDownload"}  # of what there is: nothing is changed


def routes() -> list[tuple[str, str, str]]:
    return [
        (operation_id(route), method, re.sub(r"{(\w+)}", lambda match: VALUES.get(match[1], "none"), route.path))
        for route in every_route()
        for method in sorted(route.methods or ())
        if route.include_in_schema
    ]


def ask(site: Entrance, operation: str, method: str, path: str, token: str | None) -> Answer:
    """A request that is valid in all but its rights, about a skill that is private to `ada`."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = orjson.dumps(BODIES[operation]) if operation in BODIES else b""
    headers |= {"content-type": "application/json"} if body else {}
    if operation in FORMS:
        body, headers = FORM, headers | {"content-type": "multipart/form-data; boundary=x"}
    return call(site, method, f"{MOUNT}{path}{QUERIES.get(operation, '')}", headers=headers, chunks=[body])


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_nobody_gets_through_a_closed_route(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, tokens["nobody"])
    if operation not in REFUSES_WHAT_IT_GETS:
        assert (answer.status == 401) is (operation not in OPEN), f"{operation}: {answer.status} {answer.body[:300]!r}"
    assert answer.status < 500


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_stranger_sees_no_private_skill_and_changes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, tokens["stranger"])
    asked = path + str(BODIES.get(operation, "")) + QUERIES.get(operation, "")
    if "hidden" in asked and operation not in ("listSkills", "discoverSkills"):
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"
    assert b"hidden" not in re.sub(rb"ada(/|--)hidden", b"", answer.body)


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_token_that_may_only_read_writes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if method != "GET" and operation not in OPEN | READS_BY_POST:
        answer = ask(site, operation, method, path, tokens["reader"])
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


def test_the_tools_are_closed_like_the_routes(site: Entrance) -> None:
    assert call(site, "POST", f"{MOUNT}{MCP}", chunks=[b"{}"]).status == 401


def test_the_document_says_of_the_same_routes_that_they_need_a_key(app: App) -> None:
    document = build_skillzdrive(app).openapi()
    closed = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if operation.get("security")
    }
    assert closed == {operation for operation, _, _ in routes()} - OPEN


def test_the_list_of_open_routes_names_existing_ones() -> None:
    known = {operation for operation, _, _ in routes()}
    assert known >= OPEN
    assert len(known) == len(routes())


def test_every_operation_says_what_it_is_for() -> None:
    assert all(route.summary and route.description for route in every_route() if route.include_in_schema)
