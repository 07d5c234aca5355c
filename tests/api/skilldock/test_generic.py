"""What SkillDock's clients do by the OpenAPI document alone: `ops`, `call`, `request`, and the Python client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from skilldock import SkilldockClient
from skilldock.client import AuthRequiredError, SkilldockHTTPError

from tests.api.skilldock.client import SkillDock
from tests.journeys.running import Server

OPEN = {
    "getHealth", "startCliSession", "getCliSession", "search", "getUser", "getSkill", "listReleases", "getRelease",
    "downloadRelease",
}  # fmt: skip


@pytest.fixture
def client(server: Server, owner: SkillDock) -> Any:
    with SkilldockClient(openapi_url=f"{server.url}/skilldock/openapi.json", token=owner.token) as made:
        yield made


def test_the_document_names_every_operation_and_which_need_a_token(nobody: SkillDock) -> None:
    listed = json.loads(nobody.run("ops", "--json").stdout)
    by_id = {one["operation_id"]: one for one in listed}
    assert len(by_id) >= 15
    assert {name for name, one in by_id.items() if not one["requires_auth"]} == OPEN
    assert all(one["summary"] for one in listed)
    assert "getskill" in nobody.run("ops").stdout


def test_the_document_describes_itself(web: httpx.Client) -> None:
    document = web.get("/openapi.json", headers={"accept": "application/json"}).json()
    assert document["servers"] == [{"url": "/skilldock"}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "security" not in document["paths"]["/v1/skills/{namespace}/{slug}"]["get"]
    assert document["paths"]["/v1/tokens"]["post"]["security"]


def test_an_operation_is_called_by_its_name(owner: SkillDock, nobody: SkillDock) -> None:
    owner.upload("acme/called")
    called = owner.run("call", "getSkill", "--param", "namespace=acme", "--param", "slug=called")
    assert '"slug": "called"' in called.stdout
    found = nobody.run("call", "search", "--json", '{"query": "called"}')
    assert "called" in found.stdout
    made = owner.run("call", "createNamespace", "--json", '{"slug": "by-call"}', "--raw")
    assert json.loads(made.stdout)["namespace"]["slug"] == "by-call"
    archive = owner.project / "called.zip"
    archive.write_bytes(httpx.get(f"{owner.base}/v1/skills/acme/called/releases/1.0.0/download").content)
    uploaded = owner.run(
        "call", "uploadRelease", "--param", "namespace=acme", "--param", "slug=called", "--param", 'version="1.10.0"',
        "--file", f"file=@{archive}",
    )  # fmt: skip
    assert '"version": "1.10.0"' in uploaded.stdout
    assert "requires authentication" in nobody.refused("call", "listTokens")
    assert "401" in owner.refused("call", "listTokens", "--no-auth")


def test_any_path_is_asked_for(owner: SkillDock, nobody: SkillDock) -> None:
    assert json.loads(nobody.run("request", "GET", "/health").stdout) == {"status": "ok"}
    assert "ada" in owner.run("request", "GET", "/v1/me/namespaces", "--query", "per_page=100").stdout
    made = owner.run("request", "POST", "/v1/tokens")
    token = json.loads(made.stdout)["token_meta"]["id"]
    assert token in owner.run("request", "DELETE", f"/v1/tokens/{token}").stdout
    assert "/nowhere" in nobody.refused("request", "GET", "/nowhere")
    assert "404" in nobody.refused("request", "GET", "/nowhere")
    assert "405" in nobody.refused("request", "DELETE", "/health")


def test_the_python_client_calls_operations(client: SkilldockClient, owner: SkillDock) -> None:
    owner.upload("acme/by-python")
    assert set(client.operation_ids()) >= OPEN
    shown = client.call_operation("getSkill", params={"namespace": "acme", "slug": "by-python"})
    assert shown["skill"]["slug"] == "by-python"
    assert client.ops.getskill(namespace="acme", slug="by-python") == shown
    assert client.ops.gethealth() == {"status": "ok"}
    pages = [client.ops.listtokens(page=page, per_page=1) for page in (1, 2)]
    assert all(len(page["items"]) == 1 for page in pages)
    revoked = client.ops.revoketoken(token_id=client.ops.createtoken()["token_meta"]["id"])
    assert revoked["token"]["revoked_at"]
    answer = client.request(method="GET", path="/v1/skills/acme/by-python/releases/1.0.0/download")
    assert answer.content.startswith(b"PK")


def test_the_python_client_learns_what_was_refused(server: Server, client: SkilldockClient) -> None:
    with pytest.raises(SkilldockHTTPError, match="Skill not found") as refused:
        client.ops.getskill(namespace="acme", slug="not-there")
    assert refused.value.status_code == 404
    with SkilldockClient(openapi_url=f"{server.url}/skilldock/openapi.json") as nobody:
        with pytest.raises(AuthRequiredError):
            nobody.call_operation("listTokens")
        with pytest.raises(SkilldockHTTPError, match="401"):
            nobody.request(method="GET", path="/v1/tokens")


def test_the_configuration_file_and_flags_point_the_client_here(server: Server, owner: SkillDock, base: str) -> None:
    owner.upload("acme/configured")
    unset = SkillDock(owner.home / "configured", "")
    unset.run("config", "set", "--base-url", base, "--openapi-url", f"{base}/openapi.json")
    assert "configured" in unset.run("skills", "get", "acme/configured").stdout
    assert "getHealth" in unset.run("ops").stdout
    flags = SkillDock(owner.home / "flags", "http://127.0.0.1:9")
    assert "configured" in flags.run("skills", "get", "acme/configured", "--base-url", base).stdout


def test_a_host_and_a_port_of_its_own_speak_it_at_the_root(server: Server, place: Path, owner: SkillDock) -> None:
    owner.upload("acme/at-the-root")
    headers = {"host": "dock.example.org"}
    assert httpx.get(f"{server.url}/v1/skills/acme/at-the-root", headers=headers).status_code == 200
    assert httpx.get(f"{server.url}/openapi.json", headers=headers).json()["servers"] == [{"url": "/skilldock"}]
    release = httpx.get(f"{server.url}/v1/skills/acme/at-the-root/releases/1.0.0", headers=headers).json()["release"]
    assert release["download_url"].startswith("http://dock.example.org/skilldock/v1/")
    path = release["download_url"].removeprefix("http://dock.example.org")
    assert httpx.get(f"{server.url}{path}", headers=headers).content.startswith(b"PK")
    assert httpx.get(f"{server.url}/v1/skills/acme/at-the-root").status_code == 404


def test_a_port_of_its_own_installs_private_skills(
    server: Server, owner: SkillDock, skilldock_port: int, place: Path
) -> None:
    owner.upload("acme/by-port", "--visibility", "private")
    by_port = SkillDock(place / "by-port", f"http://127.0.0.1:{skilldock_port}", owner.token)
    assert by_port.data("install", "acme/by-port")["installed"] == ["acme/by-port"]
    assert "getHealth" in by_port.run("ops").stdout
    document = {"SKILLDOCK_OPENAPI_URL": f"{by_port.base}/openapi.json"}
    by_origin = SkillDock(place / "by-origin", "", owner.token, document)
    assert by_origin.data("skills", "get", "acme/by-port")["latest_release_version"] == "1.0.0"
