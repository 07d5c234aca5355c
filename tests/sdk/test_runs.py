"""Runs on the client's side: broken streams are taken up again, and what a run left lands nowhere that it chose."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skillyard.sdk import run_files
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, IntegrityError, NetworkError, SdkError, UsageError
from skillyard.sdk.receipts import verify_receipt
from skillyard.skill.log.note import SignerKey
from skillyard.skill.receipts import sign_receipt

Script = list[tuple[int, bytes]]


@pytest.fixture
def serve() -> Iterator[Callable[[Script], tuple[Client, list[str]]]]:
    """A server that answers each request for events with the next (status, bytes), then closes the connection."""
    servers: list[ThreadingHTTPServer] = []

    def start(script: Script) -> tuple[Client, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.headers.get("last-event-id", ""))
                status, body = script.pop(0) if script else (500, b"{}")
                self.send_response(status)
                self.send_header("content-length", str(len(body) + 100 * (b"event: run" not in body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        servers.append(server := ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        return Client(url, "sky_good", sleep=lambda _: None, timeout_s=2), asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def an_event(kind: str, position: int, **data: object) -> bytes:
    return f"event: {kind}\nid: {position}\ndata: {json.dumps(data)}\n\n".encode()


def output(position: int, text: str) -> bytes:
    return an_event("output", position, stream="stdout", data=base64.b64encode(text.encode()).decode())


OVER = an_event("run", 3, id="run_1", status="succeeded")


def test_a_stream_that_breaks_off_is_taken_up_where_it_broke(
    serve: Callable[[Script], tuple[Client, list[str]]],
) -> None:
    half = output(3, "three")[:20]
    client, asked = serve(
        [(200, output(1, "one") + output(2, "two") + half), (200, b": quiet\n\n"), (200, output(3, "three") + OVER)]
    )
    said: list[bytes] = []
    run = client.follow_run("run_1", lambda _, data: said.append(data))
    assert (run["status"], said) == ("succeeded", [b"one", b"two", b"three"])
    assert asked == ["0", "2", "2"]


def test_what_stays_broken_ends_and_a_refusal_is_told(serve: Callable[[Script], tuple[Client, list[str]]]) -> None:
    client, asked = serve([(200, b"event: output\nid: x\ndata: {}\n\n")] * 20)
    with pytest.raises(NetworkError):
        client.follow_run("run_1", lambda _, __: None)
    assert 1 < len(asked) < 10
    refusal = b'{"error": {"code": "run_not_found", "message": "There is no run."}}' + b" " * 100
    client, _ = serve([(404, refusal + b"event: run")])
    with pytest.raises(ApiError):
        client.follow_run("run_1", lambda _, __: None)


def test_only_files_of_this_folder_are_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.txt").write_text("1")
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a").write_text("1")
    (tmp_path / "data" / "link").symlink_to("/etc/passwd")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.write_text("1")
    given = run_files.gather(["in.txt", "--flag", "none.txt", "/etc/passwd", f"../{elsewhere.name}", "-"], [])
    assert set(given) == {"in.txt"}
    assert set(run_files.gather([], ["data", f"b/c.txt={elsewhere}"])) == {"data/deep/a", "b/c.txt"}
    for wrong in ("none", "/etc/passwd", f"../{elsewhere.name}", f"../x={elsewhere}", ""):
        with pytest.raises(UsageError):
            run_files.gather([], [wrong])


@pytest.mark.parametrize(
    "paths",
    [
        ["../up"],
        ["/etc/passwd"],
        ["a/../../b"],
        [".git/hooks/pre-commit"],
        ["a", "a/b"],
        ["A", "a"],
        ["con"],
        ["x\ny"],
        ["\x1b[2J"],
        [""],
        ["fine", "~/../x\0"],
    ],
)
def test_a_hostile_registry_names_no_place_of_its_choice(tmp_path: Path, paths: list[str]) -> None:
    folder = tmp_path / "out"
    with pytest.raises(SdkError):
        run_files.save(folder, paths, lambda _: b"x")
    assert not folder.exists()


def test_files_are_saved_through_no_link_and_over_no_other_file(tmp_path: Path) -> None:
    folder, secret = tmp_path / "out", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("mine")
    (folder / "there").write_text("old")
    (folder / "link").symlink_to(secret)
    (folder / "sub").symlink_to(tmp_path)
    with pytest.raises(SdkError, match="files already"):
        run_files.save(folder, ["new", "there"], lambda _: b"x")
    assert not (folder / "new").exists()
    with pytest.raises(SdkError, match="is a link"):
        run_files.save(folder, ["sub/secret"], lambda _: b"x", force=True)
    run_files.save(folder, ["there", "link", "a/b"], lambda path: path.encode(), force=True)
    assert (folder / "there").read_bytes() == b"there"
    assert (folder / "a/b").read_bytes() == b"a/b"
    assert not (folder / "link").is_symlink()
    assert secret.read_text() == "mine"


def test_a_receipt_is_held_to_the_key_that_is_given() -> None:
    key, other = (SignerKey(name="registry.example", seed=seed * 32) for seed in (b"a", b"b"))
    receipt = sign_receipt(key, {"kind": "run", "run_id": "run_1"})
    assert verify_receipt(receipt, key=str(key.verifier))["run_id"] == "run_1"
    for text, verifier in ((receipt, other), (receipt.replace("run_1", "run_2"), key), ("", key)):
        with pytest.raises(IntegrityError):
            verify_receipt(text, key=str(verifier.verifier))
    with pytest.raises(UsageError, match="does not know the key of"):
        verify_receipt(receipt, registry="https://registry.example")
    with pytest.raises(UsageError):
        verify_receipt(receipt, key="nonsense")
