"""Sync over HTTP: each route as a client uses it, a key that sees a slice, and bodies that make no sense."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.native.wire.sync_answers import DiffOnWire, SyncClosedOnWire, SyncPreviewOnWire, SyncRunOnWire
from skillyard.domain.drive.collections import create_collection
from skillyard.skill.archive import pack, skill_files
from tests.api.asgi import Answer, call
from tests.api.native.api import PREFIX, Api
from tests.domain.drive.house import PDF, House, a_house
from tests.domain.drive.machine import Machine
from tests.makers import make_app, secret_of

NOTES = {"slug": "notes", "digest": f"sha256:{'0' * 64}"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = a_house(make_app(tmp_path))
    house.publish()
    house.add()
    yield house
    house.app.close()


@pytest.fixture
def api(house: House) -> Api:
    return Api(house.app, secret_of(house.ada))


def code(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def send_archive(api: Api, path: str, archive: bytes) -> Answer:
    head = '--edge\r\nContent-Disposition: form-data; name="archive"; filename="a.zip"\r\n\r\n'
    headers = {"authorization": f"Bearer {api.token}", "content-type": "multipart/form-data; boundary=edge"}
    return call(api._site, "POST", PREFIX + path, headers=headers, chunks=[head.encode(), archive, b"\r\n--edge--\r\n"])


def test_a_whole_sync(house: House, api: Api) -> None:
    state = {"local": [NOTES]}
    shown = api.post("/drive/sync/preview", state).json()
    SyncPreviewOnWire.model_validate(shown)
    assert {item["slug"]: item["action"] for item in shown["items"]} == {"notes": "upload_private", "pdf": "install"}
    answer = api.post("/drive/sync", {**state, "install_id": "one", "kind": "first_run"})
    run = answer.json()
    SyncRunOnWire.model_validate(run)
    assert (answer.status, run["status"], len(run["items"])) == (201, "open", 2)
    target = run["items"][1]["target"]
    address, path = house.app.settings.address, target["archive"]["url"]
    assert api.get(path.removeprefix(address + PREFIX)).body == house.app.blobs.read(target["archive"]["sha256"])
    machine = Machine(house.app, house.ada)
    machine.write("notes")
    archive = pack(skill_files(machine.folders["notes"].files))
    done = send_archive(api, f"/drive/sync/{run['id']}/uploads/notes", archive).json()
    assert (done["name"], done["version"], done["credits_charged"]) == ("ada/notes", "0.1.0", 0)
    assert done["digest"] == machine.folders["notes"].digest
    assert [item["status"] for item in api.get(f"/drive/sync/{run['id']}").json()["items"]] == ["committed", "pending"]
    body = {"results": [{"slug": "pdf", "status": "committed"}], "counters": {"installed": 1}}
    closed = api.post(f"/drive/sync/{run['id']}/finalize", body).json()
    SyncClosedOnWire.model_validate(closed)
    assert (closed["counts"], closed["drive_count"], closed["high_water"]) == ({"committed": 2}, 2, 2)
    assert api.post(f"/drive/sync/{run['id']}/finalize", {}).json() == closed
    different = api.post("/drive/diff", {"local": [NOTES]}).json()
    DiffOnWire.model_validate(different)
    assert (different["drive_only"], different["divergent"][0]["name"]) == (["ada/pdf"], "ada/notes")


def test_a_key_that_sees_a_slice_pulls_it_and_pushes_nothing(house: House, api: Api) -> None:
    house.publish("ada/csv")
    key = api.as_(create_collection(house.app, house.ada, name="agent-1", skills=(PDF,)).secret)
    run = key.post("/drive/sync", {"local": [NOTES], "install_id": "agent"}).json()
    assert [(item["slug"], item["action"]) for item in run["items"]] == [("pdf", "install")]
    assert [(item["slug"], item["action"]) for item in run["left_out"]] == [("notes", "upload_private")]
    assert code(send_archive(key, f"/drive/sync/{run['id']}/uploads/notes", b"")) == (409, "sync_nothing_to_upload")
    assert key.post(f"/drive/sync/{run['id']}/finalize", {}).json()["counts"] == {"skipped": 1}


@pytest.mark.parametrize(
    ("accepted", "is_packed"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("gzipped", False)]
)
def test_long_answers_are_packed_for_whom_can_read_that_also_when_they_are_replayed(
    api: Api, accepted: str, is_packed: bool
) -> None:
    local = [{**NOTES, "slug": f"notes-{number}"} for number in range(50)]
    for _ in range(2):
        answer = api.post(
            "/drive/sync", {"local": local, "install_id": "one"}, accept_encoding=accepted, idempotency_key="key"
        )
        assert answer.headers.get("content-encoding") == ("gzip" if is_packed else None)
        run = orjson.loads(gzip.decompress(answer.body) if is_packed else answer.body)
        assert len(run["items"]) == 51


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/drive/sync/preview", {"local": [{**NOTES, "size_bytes": -1}]}, "invalid_request"),
        ("/drive/sync/preview", {"local": [NOTES, NOTES]}, "sync_state_not_acceptable"),
        ("/drive/sync/preview", {"local": [{**NOTES, "slug": f"s{n}"} for n in range(2001)]}, "invalid_request"),
        ("/drive/sync/preview", {"local": [], "mode": "everything"}, "invalid_request"),
        ("/drive/sync", {"local": []}, "invalid_request"),
        ("/drive/sync", {"local": [], "install_id": "one", "expected": [{"slug": "a"}]}, "invalid_request"),
        ("/drive/diff", {"local": [{"slug": "a", "digest": "x" * 101}]}, "invalid_request"),
    ],
)
def test_bodies_that_make_no_sense_are_refused(api: Api, path: str, body: Any, expected: str) -> None:
    assert code(api.post(path, body)) == (422, expected)


def test_runs_and_drives_of_others_are_not_there(house: House, api: Api) -> None:
    run = api.post("/drive/sync", {"local": [NOTES], "install_id": "one"}).json()
    eve = api.as_(secret_of(house.eve))
    assert code(eve.get(f"/drive/sync/{run['id']}")) == (404, "sync_run_not_found")
    assert code(eve.post(f"/drive/sync/{run['id']}/finalize", {})) == (404, "sync_run_not_found")
    assert code(eve.post("/drive/sync/preview", {"local": [], "drive": "acme"})) == (404, "namespace_not_found")
    assert code(api.as_(None).post("/drive/sync/preview", {"local": []})) == (401, "unauthenticated")
