"""The tools, called with the client of the official MCP SDK, over a real server's Streamable HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from skillyard.api.native.application import operation_id
from skillyard.api.skillzdrive.mcp_tools import OF_SCRIPTS, TOOLS
from skillyard.api.skillzdrive.routes import every_route
from tests.api.skillzdrive.conftest import Owner

Found = TypeVar("Found")
MODES = ("legacy", "2026-07-28")  # with a handshake, and without


def talk(
    owner: Owner, do: Callable[[Client], Awaitable[Found]], *, key: str = "", mode: str = "auto", query: str = ""
) -> Found:
    """What comes of a conversation with the server; the key goes in the header, unless the query has one."""

    async def run() -> Found:
        headers = {} if query else {"authorization": f"Bearer {key or owner.key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as web:
            transport = streamable_http_client(f"{owner.base}/mcp{query}", http_client=web)
            async with Client(transport, mode=mode) as client:
                return await do(client)

    return asyncio.run(run())


def tools_of(owner: Owner, **how: Any) -> set[str]:
    listed = talk(owner, lambda client: client.list_tools(), **how)
    return {tool.name for tool in listed.tools}


def call(owner: Owner, name: str, arguments: dict[str, Any] | None = None, **how: Any) -> tuple[bool, Any]:
    """Whether it went well, and the content."""
    answer = talk(owner, lambda client: client.call_tool(name, arguments or {}), **how)
    return not answer.is_error, answer.structured_content


def told(owner: Owner, name: str, arguments: dict[str, Any] | None = None, **how: Any) -> Any:
    went_well, content = call(owner, name, arguments, **how)
    assert went_well, content
    return content


def refused(owner: Owner, name: str, arguments: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    """In the richer shape."""
    went_well, content = call(owner, name, arguments, **how)
    assert not went_well, content
    assert set(content) == {"error", "message", "suggestions", "_workflow"}
    assert content["message"]
    assert content["_workflow"]["nextSteps"]
    return dict(content)


@pytest.mark.parametrize("mode", MODES)
def test_every_tool_is_listed_with_what_it_takes(owner: Owner, mode: str) -> None:
    listed = talk(owner, lambda client: client.list_tools(), mode=mode)
    assert {tool.name for tool in listed.tools} == {"skills_getStarted", *TOOLS}
    for tool in listed.tools:
        assert tool.description
        assert tool.input_schema["type"] == "object"
        assert "#/components" not in str(tool.input_schema)
    by_name = {tool.name: tool for tool in listed.tools}
    assert by_name["skills_import"].input_schema["required"] == ["skillSlug"]
    assert set(by_name["skills_updateCollection"].input_schema["properties"]) >= {"name", "newName", "skillSlugs"}


@pytest.mark.parametrize("mode", MODES)
def test_a_tool_answers_what_its_route_answers(owner: Owner, mode: str) -> None:
    same = {
        "skills_search": ({"q": "pdf", "limit": 5}, "/skills?q=pdf&limit=5"),
        "skills_show": ({"slug": "pdf"}, "/skills/pdf"),
        "skills_list": ({}, "/drive"),
        "skills_updates": ({}, "/drive/updates"),
        "skills_collections": ({}, "/collections"),
        "skills_listScripts": ({"slug": "pdf"}, "/skills/pdf/scripts"),
    }
    for name, (arguments, path) in same.items():
        assert told(owner, name, arguments, mode=mode) == owner.ask("GET", path)


def test_every_route_with_a_key_is_a_tool() -> None:
    """But for what is no conversation: bytes."""
    bytes_only = {"downloadPublicZip", "downloadOwnZip", "processSkill", "uploadInSync"}
    assert {operation_id(route) for route in every_route() if route.include_in_schema} - bytes_only == set(
        TOOLS.values()
    )


def test_scripts_are_listed_run_read_and_closed(owner: Owner) -> None:
    listed = told(owner, "skills_listScripts", {"slug": "pdf"})
    assert "count.py" in [script["name"] for script in listed["scripts"]]
    ran = told(owner, "skills_runScript", {"skillSlug": "pdf", "scriptName": "count.py", "reuseSession": True})
    session = ran["sessionId"]
    again = told(owner, "skills_runScript", {"skillSlug": "pdf", "scriptName": "count.py", "sessionId": session})
    assert int(again["stdout"]) == int(ran["stdout"]) + 1
    assert (
        told(owner, "skills_readFile", {"sessionId": session, "path": "out/count.txt"})["content"]
        == again["stdout"].strip()
    )
    assert "Only words" in told(owner, "skills_readFile", {"skillSlug": "plain", "path": "SKILL.md"})["content"]
    assert told(owner, "skills_closeSession", {"sessionId": session}) == {"sessionId": session, "closed": True}
    assert refused(owner, "skills_closeSession", {"sessionId": "ses_none"})["error"] == "session_not_found"


def test_it_tells_a_model_how_to_begin(owner: Owner) -> None:
    assert "skills_import" in told(owner, "skills_getStarted")["guide"]


def test_refusals_say_what_to_try_next(owner: Owner) -> None:
    missing = refused(owner, "skills_show", {"slug": "pdf-tools"})
    assert missing["error"] == "skill_not_found"
    assert "Did you mean pdf?" in missing["suggestions"]
    no_script = refused(owner, "skills_runScript", {"skillSlug": "pdf", "scriptName": "none.sh"})
    assert no_script["error"] == "script_not_found"
    assert "extract.sh" in str(no_script["suggestions"])
    assert refused(owner, "skills_none")["error"] == "tool_not_found"
    assert refused(owner, "skills_show")["error"] == "invalid_request"
    assert refused(owner, "skills_show", {"slug": "pdf", "other": 1})["error"] == "invalid_request"
    assert refused(owner, "skills_search", {"q": "pdf", "limit": "many"})["error"] == "invalid_request"


def test_the_key_may_stand_in_the_address(owner: Owner) -> None:
    assert "skills_list" in tools_of(owner, query=f"?apiKey={owner.key}")


def test_tools_for_scripts_vanish_where_no_skill_has_any(owner: Owner) -> None:
    without = owner.scoped("mcp-plain", "plain")
    assert not OF_SCRIPTS & tools_of(owner, key=without)
    assert tools_of(owner, key=owner.scoped("mcp-pdf", "pdf")) >= OF_SCRIPTS


def test_a_key_for_some_skills_reaches_only_these_and_manages_nothing(owner: Owner) -> None:
    key = owner.scoped("mcp-scoped", "pdf")
    assert [skill["slug"] for skill in told(owner, "skills_list", key=key)["skills"]] == ["pdf"]
    managing = {
        "skills_import": {"skillSlug": "plain"},
        "skills_remove": {"slug": "pdf"},
        "skills_toggle": {"slug": "pdf"},
        "skills_collections": {},
        "skills_createCollection": {"name": "mine"},
        "skills_deleteCollection": {"name": "mcp-scoped"},
        "skills_uploadTicket": {},
    }
    for name, arguments in managing.items():
        assert refused(owner, name, arguments, key=key)["error"] == "access_denied", name


def _post(owner: Owner, key: str | None, method: str = "POST") -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"accept": "application/json", "content-type": "application/json"}
    headers |= {} if key is None else {"authorization": f"Bearer {key}"}
    sent = {"json": body} if method == "POST" else {}
    return httpx.request(method, f"{owner.base}/mcp", headers=headers, timeout=60, **sent)


def test_nobody_is_answered_without_a_good_key(owner: Owner) -> None:
    for key in (None, "sk_live_none", "x" * 5000):
        answer = _post(owner, key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_a_key_that_only_uploads_is_refused(owner: Owner) -> None:
    made = httpx.post(
        f"{owner.server.url}/api/v1/me/tokens", json={"name": "upload", "scopes": ["publish"]},
        headers={"authorization": f"Bearer {owner.token}"}, timeout=60,
    )  # fmt: skip
    answer = _post(owner, made.json()["token"])
    assert (answer.status_code, answer.json()["error"]["details"]["reason_code"]) == (403, "key_only_uploads")


def test_nothing_is_kept_between_requests_so_that_there_is_nothing_to_listen_to(owner: Owner) -> None:
    for method in ("GET", "DELETE"):
        answer = _post(owner, owner.key, method)
        assert answer.status_code == 405


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"jsonrpc": "2.0", "id": 1, "method": "none"}'])
def test_what_is_no_message_is_refused_as_the_protocol_says(owner: Owner, body: bytes) -> None:
    headers = {"authorization": f"Bearer {owner.key}", "accept": "application/json", "content-type": "application/json"}
    answer = httpx.post(f"{owner.base}/mcp", content=body, headers=headers, timeout=60)
    assert answer.status_code < 500
    assert answer.json()["error"]["code"] < 0
