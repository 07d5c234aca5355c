from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.skill.digest import sha256_hex
from tests.api.native.registry import RegistryApi
from tests.makers import a_person, a_release, a_skill_archive, indexed, make_app, secret_of


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Caller:
    return a_person(app, "ada")


@pytest.fixture
def api(app: App, ada: Caller) -> RegistryApi:
    return RegistryApi(app, secret_of(ada))


@pytest.fixture
def nobody(app: App) -> RegistryApi:
    return RegistryApi(app)


def test_publish_answers_with_the_release_and_where_it_is(api: RegistryApi) -> None:
    data = a_skill_archive(dependencies={"ada/text": "^1"})
    answer = api.publish("ada/pdf", data, sha256=sha256_hex(data))
    assert answer.status == 201
    assert answer.headers["location"] == "/api/v1/skills/ada/pdf/releases/1.0.0"
    body = answer.json()
    assert [warning["code"] for warning in body["warnings"]] == ["dependency_missing"]
    assert body["release"] == api.get("/skills/ada/pdf/releases/1.0.0").json()
    assert body["release"]["archive"]["url"].endswith(f"/api/v1/blobs/{sha256_hex(data)}")
    assert body["release"]["channels"] == ["latest"]


def test_a_dry_run_is_a_verdict_whatever_it_finds(api: RegistryApi) -> None:
    good = api.publish("ada/pdf", a_skill_archive(), dry_run=True)
    assert (good.status, good.json()["ok"]) == (200, True)
    assert good.json()["release"]["files"] == [{"path": "SKILL.md", "size_bytes": 158}]
    bad = api.publish("ada/pdf", b"nonsense", dry_run=True)
    assert (bad.status, bad.json()["ok"], bad.json()["release"]) == (200, False, None)
    assert bad.json()["faults"][0]["hint"]
    assert api.get("/skills/ada/pdf").status == 404


def test_refusals_of_publish(api: RegistryApi, nobody: RegistryApi) -> None:
    refused = api.publish("ada/pdf", a_skill_archive("other"), channel="1.x", version="one")
    assert (refused.status, refused.json()["error"]["code"]) == (422, "skill_refused")
    faults = refused.json()["error"]["faults"]
    assert {"bad_channel", "bad_version", "name_differs"} == {fault["code"] for fault in faults}
    assert api.publish("ada/pdf", a_skill_archive(), visibility="secret").json()["error"]["code"] == "invalid_request"
    assert api.publish("other/pdf", a_skill_archive()).json()["error"]["code"] == "namespace_not_found"
    assert nobody.publish("ada/pdf", a_skill_archive()).status == 401
    assert api.publish("ada/pdf", a_skill_archive()).status == 201
    again = api.publish("ada/pdf", a_skill_archive()).json()["error"]
    assert (again["code"], again["facts"]["identical"]) == ("release_exists", True)


def test_publish_without_a_file_is_unreadable(api: RegistryApi) -> None:
    answer = api.post("/skills/ada/pdf/releases", {})
    assert (answer.status, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_two_phases(api: RegistryApi, nobody: RegistryApi) -> None:
    data = a_skill_archive()
    ticket = api.post(
        "/skills/ada/pdf/uploads", {"sha256": sha256_hex(data), "size_bytes": len(data), "channel": "next"}
    )
    assert ticket.status == 201
    url, upload_id = ticket.json()["upload_url"], ticket.json()["upload_id"]
    assert api.post(f"/uploads/{upload_id}/confirm").json()["error"]["code"] == "upload_not_received"
    assert nobody.send_bytes("PUT", url, data[:-1]).json()["error"]["code"] == "blob_mismatch"
    assert nobody.send_bytes("PUT", url[:-1] + "x", data).json()["error"]["code"] == "upload_address_not_valid"
    put = nobody.send_bytes("PUT", url, data)
    assert (put.status, put.json()) == (200, {"sha256": sha256_hex(data), "size_bytes": len(data)})
    assert nobody.post(f"/uploads/{upload_id}/confirm").status == 401
    confirmed = api.post(f"/uploads/{upload_id}/confirm")
    assert (confirmed.status, confirmed.json()["release"]["channels"]) == (201, ["latest", "next"])
    assert api.post(f"/uploads/{upload_id}/confirm").json()["error"]["code"] == "upload_not_found"
    other = api.post("/skills/ada/pdf/uploads", {"sha256": "0" * 64, "size_bytes": 1}).json()["upload_id"]
    assert api.delete(f"/uploads/{other}").json() == {"sha256": "0" * 64, "size_bytes": 1}


def test_yank_deprecate_channels_and_visibility(api: RegistryApi, nobody: RegistryApi) -> None:
    for version in ("1.0.0", "1.1.0"):
        api.publish("ada/pdf", a_skill_archive(version=version))
    release = "/skills/ada/pdf/releases/1.1.0"
    assert api.put(f"{release}/yank", {"reason": "bad"}).json()["yanked"]["reason"] == "bad"
    assert nobody.get("/skills/ada/pdf").json()["latest_version"] == "1.0.0"
    assert api.delete(f"{release}/yank").json()["yanked"] is None
    assert api.put(f"{release}/deprecation", {"message": "old"}).json()["deprecated"] == {"message": "old"}
    assert api.delete(f"{release}/deprecation").json()["deprecated"] is None
    assert api.put("/skills/ada/pdf/deprecation", {"message": "gone"}).json()["deprecated"] == {"message": "gone"}
    assert api.delete("/skills/ada/pdf/deprecation").json()["deprecated"] is None
    assert api.put("/skills/ada/pdf/channels/stable", {"version": "1.0.0"}).json()["channels"]["stable"] == "1.0.0"
    assert "stable" not in api.delete("/skills/ada/pdf/channels/stable").json()["channels"]
    assert api.delete("/skills/ada/pdf/channels/latest").json()["error"]["code"] == "latest_stays"
    assert api.send("PATCH", "/skills/ada/pdf", {"visibility": "private"}).json()["visibility"] == "private"
    assert nobody.get("/skills/ada/pdf").status == 404
    assert nobody.put(f"{release}/yank", {"reason": "bad"}).status == 401
    assert api.put(f"{release}/yank", {"reason": "  "}).json()["error"]["code"] == "bad_text"
    assert api.put(f"{release}/yank", {"reason": "bad", "more": 1}).json()["error"]["code"] == "invalid_request"


def test_files_come_as_text_or_bytes_and_never_run_in_a_browser(api: RegistryApi) -> None:
    api.publish("ada/pdf", a_skill_archive(files={"page.html": "<script>alert(1)</script>", "zero.bin": "\x00"}))
    page = api.get("/skills/ada/pdf/releases/latest/files?limit=2").json()
    assert [item["path"] for item in page["items"]] == ["SKILL.md", "page.html"]
    rest = api.get(f"/skills/ada/pdf/releases/latest/files?limit=2&cursor={page['next_cursor']}").json()
    assert rest["items"][0]["sha256"] == sha256_hex(b"\x00")
    html = api.get("/skills/ada/pdf/releases/latest/files/page.html")
    assert html.headers["content-type"] == "text/plain; charset=utf-8"
    assert html.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in html.headers["content-security-policy"]
    binary = api.get("/skills/ada/pdf/releases/latest/files/zero.bin")
    assert binary.headers["content-type"] == "application/octet-stream"
    assert api.get("/skills/ada/pdf/releases/latest/files/no/such").json()["error"]["code"] == "file_not_found"


def test_search_page_and_filters(app: App, api: RegistryApi, nobody: RegistryApi, ada: Caller) -> None:
    a_release(app, ada, "ada/pdf-tools", tags="docs")
    a_release(app, ada, "ada/secret", visibility="private")
    indexed(app)
    found = nobody.get("/skills?q=pdf-tols&tag=docs&agent=codex&sort=relevance").json()
    assert [item["name"] for item in found["items"]] == ["ada/pdf-tools"]
    assert (found["total"], found["next_cursor"]) == (1, None)
    assert found["items"][0]["score"] > 0
    assert {item["name"] for item in api.get("/skills").json()["items"]} == {"ada/pdf-tools", "ada/secret"}
    assert [item["name"] for item in nobody.get("/skills").json()["items"]] == ["ada/pdf-tools"]
    assert nobody.get("/skills?sort=beauty").status == 422
    assert nobody.get("/skills?agent=clippy").json()["error"]["code"] == "unknown_agent"
    assert nobody.get("/skills?limit=0").status == 422
    assert nobody.get("/skills?cursor=zzz").json()["error"]["code"] == "bad_cursor"


def test_resolve_in_one_call(app: App, nobody: RegistryApi, ada: Caller) -> None:
    a_release(app, ada, "ada/text")
    a_release(app, ada, "ada/report", dependencies={"ada/text": "^1"})
    closure = nobody.post("/resolve", {"requirements": {"ada/report": "latest"}}).json()
    assert closure["roots"] == {"ada/report": "1.0.0"}
    assert [package["name"] for package in closure["packages"]] == ["ada/report", "ada/text"]
    assert closure["packages"][1]["requested_by"] == ["ada/report"]
    assert "readme" not in closure["packages"][0]
    assert set(closure["packages"][0]["files"][0]) == {"path", "size_bytes", "sha256", "executable"}
    missing = nobody.post("/resolve", {"requirements": {"ada/gone": "*"}})
    assert (missing.status, missing.json()["error"]["facts"]["name"]) == (404, "ada/gone")
    conflict = nobody.post("/resolve", {"requirements": {"ada/report": "*", "ada/text": "^2"}})
    assert (conflict.status, conflict.json()["error"]["code"]) == (409, "resolution_conflict")
    assert "ada/text" in conflict.json()["error"]["facts"]["explanation"]
    assert nobody.post("/resolve", {"requirements": {"pdf": "*"}}).status == 422


def test_changes_go_on_from_their_cursor(app: App, nobody: RegistryApi, ada: Caller) -> None:
    a_release(app, ada)
    first = nobody.get("/changes").json()
    assert [item["kind"] for item in first["items"]] == ["release.published"]
    assert nobody.get(f"/changes?cursor={first['next_cursor']}").json()["items"] == []
    assert nobody.get("/changes?wait_s=31").status == 422


def test_who_waits_for_changes_is_told_soon(app: App, nobody: RegistryApi, ada: Caller) -> None:
    from threading import Timer

    cursor = nobody.get("/changes").json()["next_cursor"]
    later = Timer(0.2, a_release, (app, ada))
    later.start()
    waited = nobody.get(f"/changes?cursor={cursor}&wait_s=10").json()
    later.join()
    assert [item["version"] for item in waited["items"]] == ["1.0.0"]
