"""Uploads by ticket and zips by hash, over HTTP: with the very script that comes with a ticket."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.drive.upload_script import upload_script
from tests.api.asgi import Answer
from tests.api.native.registry import RegistryApi
from tests.journeys.running import Server, a_server, sign_in
from tests.makers import a_person, a_release, a_skill_archive, make_app, secret_of

_BOUNDARY = "a-boundary"
_MIB = 1024 * 1024


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path, max_archive_mb=1)
    yield made
    made.close()


@pytest.fixture
def api(app: App) -> RegistryApi:
    return RegistryApi(app, secret_of(a_person(app, "ada")))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("served"), worker=False) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    user = sign_in(server, tmp_path_factory.mktemp("home"), "ada")
    scopes = [word for scope in ("read", "publish", "manage") for word in ("--scope", scope)]
    made: str = user.data("tokens", "create", "ci", *scopes)["token"]
    return made


def send(api: RegistryApi, ticket: str | None, *chunks: bytes, field: str = "file") -> Answer:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="../../a.zip"\r\n\r\n'
    headers = {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}
    body = b"".join([head.encode(), *chunks, f"\r\n--{_BOUNDARY}--\r\n".encode()])
    headers |= {"authorization": f"Bearer {ticket}"} if ticket else {}
    return api.send_bytes("POST", "/api/v1/drive/uploads", body, headers, signed=False)


def test_a_ticket_takes_one_upload(api: RegistryApi) -> None:
    minted = api.post("/drive/tickets", {"filename": "pdf.zip"})
    assert minted.status == 201, minted.body
    ticket: dict[str, Any] = minted.json()
    assert set(ticket) == {"ticket", "upload_url", "expires_at", "script"}
    taken = send(api, ticket["ticket"], a_skill_archive("pdf", "1.0.0"))
    assert (taken.status, taken.json()) == (201, {"drive": "ada", "name": "ada/pdf", "version": "1.0.0"})
    again = send(api, ticket["ticket"], a_skill_archive("docx"))
    assert (again.status, again.json()["error"]["code"]) == (409, "ticket_used")


@pytest.mark.parametrize("field", ["archive", ""])
def test_a_form_without_the_file_leaves_the_ticket(api: RegistryApi, field: str) -> None:
    ticket = api.post("/drive/tickets", {}).json()["ticket"]
    refused = send(api, ticket, a_skill_archive(), field=field)
    assert (refused.status, refused.json()["error"]["code"]) == (422, "upload_form_not_readable")
    assert send(api, ticket, a_skill_archive()).status == 201


def test_too_much_is_refused_while_it_comes(api: RegistryApi) -> None:
    ticket = api.post("/drive/tickets", {}).json()["ticket"]
    assert send(api, ticket, b"x" * 3 * _MIB).status == 413
    assert send(api, ticket, b"PK\x03\x04" + b"x" * (_MIB + 1)).status == 422
    assert send(api, ticket, a_skill_archive()).status == 201


def test_nobody_uploads_with_a_token_or_without(api: RegistryApi) -> None:
    for secret in (None, api.token, "sky_ut_forged"):
        refused = send(api, secret, a_skill_archive())
        assert (refused.status, refused.json()["error"]["code"]) == (401, "ticket_not_valid")


def test_a_zip_is_found_by_its_hash_without_a_token(app: App, api: RegistryApi) -> None:
    release = a_release(app, a_person(app, "bob"), "bob/pdf")
    sha = release.archive.sha256
    led = api.get(f"/downloads/public/bob/pdf/{sha}.zip")
    assert (led.status, led.headers["cache-control"]) == (302, "public, max-age=31536000, immutable")
    got = api.send_bytes("GET", led.headers["location"], signed=False)
    assert (got.status, got.headers["etag"]) == (200, f'"{sha}"')
    assert got.body == app.blobs.read(sha)
    assert api.get(f"/downloads/public/bob/pdf/{'0' * 64}.zip").status == 404
    forged = led.headers["location"].replace("signature=", "signature=0")
    assert api.send_bytes("GET", forged, signed=False).status == 403


def test_the_script_of_a_ticket_uploads_a_folder_or_an_archive(server: Server, token: str, tmp_path: Path) -> None:
    skill = tmp_path / "my skill; touch pwned"
    skill.mkdir()
    (skill / "SKILL.md").write_text('---\nname: pdf\ndescription: "Reads PDF files, when asked to."\n---\n\n# How\n')
    archive = tmp_path / "a'$(touch pwned).zip"
    archive.write_bytes(a_skill_archive("docx", "2.0.0"))
    uploads: list[tuple[list[str], Path, str]] = [
        (["."], skill, "ada/pdf"),
        ([], tmp_path, "ada/docx"),
        ([str(skill)], tmp_path, "ada/pdf"),
    ]
    for arguments, folder, name in uploads:
        script = mint(server, token, filename=archive.name)["script"]
        done = run(script, arguments, folder)
        assert done.returncode == 0, done.stderr
        assert f'"name":"{name}"' in done.stdout
    assert not (tmp_path / "pwned").exists()


def test_the_script_says_why_it_fails(server: Server, token: str, tmp_path: Path) -> None:
    ticket = mint(server, token)
    assert "There is no SKILL.md" in run(ticket["script"], [], tmp_path).stderr
    (tmp_path / "none.zip").write_bytes(b"no archive")
    refused = run(ticket["script"], ["none.zip"], tmp_path)
    assert (refused.returncode, "not_an_archive" in refused.stdout) == (1, True)
    nobody = upload_script(address="http://127.0.0.1:9", secret=ticket["ticket"], filename="none.zip")
    assert run(nobody, [], tmp_path).returncode != 0


def mint(server: Server, token: str, **body: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{server.url}/api/v1/drive/tickets", json=body, headers={"authorization": f"Bearer {token}"}, trust_env=False
    )
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


def run(script: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script, "upload.sh", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
