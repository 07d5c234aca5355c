"""What the client tells its registry: nothing where that is off, nothing of private skills, nothing to others."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from skillyard.sdk import telemetry
from skillyard.skill.lockfile import LockedSkill


class Listener(ThreadingHTTPServer):
    """A registry that only listens, and takes `slow_s` to answer."""

    slow_s = 0.0
    daemon_threads, block_on_close = True, False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: list[tuple[str, dict[str, Any], str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.told.append((self.path, body, self.headers.get("authorization")))
        time.sleep(self.server.slow_s)
        self.send_response(202)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def listening() -> Iterator[Listener]:
    with Listener() as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        yield listener
        listener.shutdown()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """The one that the user has chosen and signed in to, on a machine that tells."""
    monkeypatch.delenv("DO_NOT_TRACK", raising=False)
    monkeypatch.setenv("SKILLYARD_CONFIG_DIR", str(tmp_path / "config"))
    with listening() as listener:
        monkeypatch.setenv("SKILLYARD_REGISTRY", listener.url)
        monkeypatch.setenv("SKILLYARD_TOKEN", "sky_pt_secret")
        yield listener


def a_skill(registry: Listener, name: str = "ada/pdf", *, private: bool = False) -> LockedSkill:
    where = f"skills/{name}/releases/1.0.0/archive" if private else f"blobs/{'0' * 64}"
    return LockedSkill(
        name=name, version="1.0.0", digest="sha256:0", sha256="0", sha512="0", size_bytes=1,
        resolved=f"{registry.url}/api/v1/{where}", dependencies={}, files=(), registry=registry.url,
    )  # fmt: skip


def test_the_users_own_registry_is_told_without_saying_who(registry: Listener) -> None:
    assert telemetry.report_install([a_skill(registry), a_skill(registry, "ada/hidden", private=True)])
    [(path, body, authorization)] = registry.told
    assert (path, authorization) == ("/api/v1/telemetry", None)
    assert body["skills"] == ["ada/pdf"]
    assert body["counts"] == {"installed": 2}
    assert set(body) == {"event", "cli_version", "os", "skills", "counts", "install_id"}
    telemetry.report_install([a_skill(registry)])
    assert registry.told[1][1]["install_id"] == body["install_id"] == telemetry.read_state().install_id


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_do_not_track_is_honoured(registry: Listener, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", value)
    assert not telemetry.report_install([a_skill(registry)])
    assert not telemetry.adopt()
    assert (registry.told, telemetry.read_state().why, telemetry.read_state().install_id) == ([], "do_not_track", None)


def test_switching_off_is_honoured_and_forgets_the_id(registry: Listener) -> None:
    telemetry.report_install([a_skill(registry)])
    first = telemetry.read_state().install_id
    assert telemetry.switch(on=False).install_id is None
    assert not telemetry.report_install([a_skill(registry)])
    assert not telemetry.adopt()
    assert len(registry.told) == 1
    assert telemetry.switch(on=True).enabled
    telemetry.report_install([a_skill(registry)])
    assert telemetry.read_state().install_id not in (None, first)


@pytest.mark.parametrize("content", ["", "off", "{}", '{"enabled": "yes", "install_id": "me"}', "[]", '{"enabled": 1}'])
def test_a_file_that_says_nothing_clear_says_no(registry: Listener, tmp_path: Path, content: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/telemetry.json").write_text(content)
    assert not telemetry.report_install([a_skill(registry)])
    assert registry.told == []


def test_a_registry_that_only_a_project_names_is_told_nothing(registry: Listener) -> None:
    with listening() as other:
        assert not telemetry.report_install([a_skill(other)])
        assert (other.told, registry.told) == ([], [])


def test_of_private_skills_nothing_is_told_at_all(registry: Listener) -> None:
    assert not telemetry.report_install([a_skill(registry, private=True)])
    assert registry.told == []


def test_nobody_waits_for_a_registry_that_is_slow_or_away(registry: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.slow_s = 8.0
    began = time.monotonic()
    assert not telemetry.report_install([a_skill(registry)])
    assert time.monotonic() - began < 5
    monkeypatch.setenv("SKILLYARD_REGISTRY", "http://127.0.0.1:9")
    assert not telemetry.report_install([a_skill(registry)])
    monkeypatch.delenv("SKILLYARD_REGISTRY")
    assert not telemetry.report_install([a_skill(registry)])


def test_signing_in_gives_the_account_what_this_machine_told(registry: Listener) -> None:
    assert not telemetry.adopt()
    telemetry.report_install([a_skill(registry)])
    assert telemetry.adopt()
    path, body, authorization = registry.told[1]
    assert (path, authorization) == ("/api/v1/telemetry/adopt", "Bearer sky_pt_secret")
    assert body == {"install_id": telemetry.read_state().install_id}
