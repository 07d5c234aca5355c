"""The public log over HTTP: as C2SP lays it out, and as proofs ready made; and the same tree as files."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.app import App
from skillyard.domain.transparency.append import append
from skillyard.operate.log_export import export_log
from skillyard.skill.log.checkpoint import open_checkpoint
from skillyard.skill.log.leaf import Kind, Leaf
from skillyard.skill.log.merkle import is_consistent, is_included, leaf_hash
from skillyard.skill.log.note import VerifierKey
from skillyard.skill.log.tiles import read_bundle
from tests.api.asgi import Answer, call
from tests.makers import a_person, make_app
from tests.skill.log import naive

LOG = "/api/v1/log"
SIZE = 600


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = make_app(tmp_path_factory.mktemp("log"), reads_per_minute=10**6, writes_per_minute=10**6)
    a_person(made, "ada")
    with made.database.transaction() as tx:
        for number in range(SIZE):
            leaf = Leaf(kind=Kind.PUBLISHED, name="ada/pdf", version=f"1.0.{number}", at_ms=number, by="ada")
            append(tx, leaf, visibility="public")
    yield made
    made.close()


def get(app: App, path: str) -> Answer:
    return call(build_asgi(app, Documents(app)), "GET", f"{LOG}{path}")


def post(app: App, body: object) -> Answer:
    asgi = build_asgi(app, Documents(app))
    headers = {"content-type": "application/json"}
    return call(asgi, "POST", f"{LOG}/proofs", headers=headers, chunks=[json.dumps(body).encode()])


def test_a_monitor_rebuilds_the_tree_from_entries_and_tiles(app: App) -> None:
    key = VerifierKey.read(get(app, "/key").body.decode())
    checkpoint = open_checkpoint(get(app, "/checkpoint").body.decode(), key)
    assert checkpoint.size == SIZE
    entries = [
        entry
        for path in ("000", "001", "002.p/88")
        for entry in read_bundle(get(app, f"/tile/entries/{path}").body)
    ]  # fmt: skip
    assert len(entries) == SIZE
    assert naive.root(entries) == checkpoint.root
    hashes = b"".join(get(app, f"/tile/0/{path}").body for path in ("000", "001", "002.p/88"))
    assert hashes == b"".join(map(leaf_hash, entries))
    assert get(app, "/tile/1/000.p/2").body == naive.root(entries[:256]) + naive.root(entries[256:512])


def test_tiles_never_change_and_checkpoints_are_asked_for_each_time(app: App) -> None:
    tile = get(app, "/tile/0/000")
    assert "immutable" in tile.headers["cache-control"]
    assert tile.headers["content-type"] == "application/octet-stream"
    assert get(app, "/checkpoint").headers["cache-control"] == "no-cache"
    assert get(app, "/checkpoint").headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/tile/0/002", "/tile/0/002.p/89", "/tile/0/003.p/1", "/tile/1/000", "/tile/7/000"])
def test_tiles_that_are_not_there_yet_are_not_found(app: App, path: str) -> None:
    assert get(app, path).status == 404


@pytest.mark.parametrize("path", ["/tile/0/2", "/tile/x/000", "/tile/0/000.p/256", "/tile/0/x000/001", "/tile/9/000"])
def test_what_is_no_tile_is_refused(app: App, path: str) -> None:
    answer = get(app, path)
    assert answer.status == 422
    assert orjson.loads(answer.body)["error"]["code"] == "bad_tile"


def test_proofs_and_consistency_come_in_one_answer(app: App) -> None:
    asked = {"positions": [0, 599], "releases": [{"name": "ada/pdf", "version": "1.0.7"}], "known_size": 300}
    answer = orjson.loads(post(app, asked).body)
    checkpoint = open_checkpoint(answer["checkpoint"], VerifierKey.read(answer["key"]))
    assert [entry["position"] for entry in answer["entries"]] == [0, 7, 599]
    for entry in answer["entries"]:
        proof = [base64.b64decode(text) for text in entry["proof"]]
        assert is_included(leaf_hash(entry["leaf"].encode()), entry["position"], SIZE, proof, checkpoint.root)
    entries = b"".join(get(app, f"/tile/entries/{path}").body for path in ("000", "001"))
    old = naive.root(read_bundle(entries)[:300])
    proof = [base64.b64decode(text) for text in answer["consistency"]]
    assert is_consistent(300, SIZE, proof, old, checkpoint.root)


@pytest.mark.parametrize(
    "body",
    [
        {"positions": [SIZE]}, {"positions": [-1]}, {"positions": [2**70]}, {"known_size": -1}, {"x": 1},
        {"releases": ["ada/pdf"]}, {"positions": [0] * 1001}, [],
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_refused(app: App, body: object) -> None:
    assert post(app, body).status == 422


@pytest.mark.parametrize("name", ["\0", "a\nb", "../..", "", "nobody/none"])
def test_releases_that_are_none_are_only_missing(app: App, name: str) -> None:
    asked = [{"name": name, "version": "1.0.0"}, {"name": "ada/pdf", "version": name}]
    answer = orjson.loads(post(app, {"releases": asked}).body)
    assert answer["missing"] == asked


def test_a_size_that_we_never_had_proves_nothing(app: App) -> None:
    answer = orjson.loads(post(app, {"known_size": SIZE + 1}).body)
    assert answer["consistency"] == []


def test_entries_are_paged(app: App) -> None:
    page = orjson.loads(get(app, "/entries?skill=ada/pdf&limit=2&after=10").body)
    assert [item["position"] for item in page["items"]] == [599, 598]
    again = orjson.loads(get(app, f"/entries?limit=2&cursor={page['next_cursor']}").body)
    assert [item["position"] for item in again["items"]] == [597, 596]
    assert orjson.loads(get(app, "/entries?skill=ada/none").body)["items"] == []
    assert get(app, "/entries?skill=%00").status == 200


def test_the_export_is_what_the_server_serves(app: App, tmp_path: Path) -> None:
    done = export_log(app, tmp_path)
    assert done.entries == SIZE
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == done.written == 9
    for file in files:
        assert (tmp_path / file).read_bytes() == get(app, f"/{file}").body
    assert export_log(app, tmp_path).written == 2
