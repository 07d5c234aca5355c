"""A real server: names as one segment survive it, and its second port speaks Tank's API only."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from skillyard.sdk.config import choose_registry
from skillyard.sdk.login import redeem_link
from tests.api.tank.cli import one_segment, pack
from tests.journeys.running import a_server


def test_both_ports_of_a_real_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("CONFIG", "CACHE"):
        monkeypatch.setenv(f"SKILLYARD_{name}_DIR", str(tmp_path / name))
    with a_server(tmp_path / "server", tank_port=str(port)) as running:
        assert running.link
        redeem_link(running.link, username="yara")
        token = choose_registry(running.url).token
        assert token
        registry = f"http://127.0.0.1:{port}/api/v1"
        skill = pack("@yara/hello")
        started = _send("POST", f"{registry}/skills", {"manifest": dict(skill.manifest)}, token)
        _send("PUT", started["uploadUrl"], skill.tarball)
        claim = {"integrity": skill.integrity, "fileCount": 2, "tarballSize": skill.unpacked_bytes}
        _send("POST", f"{registry}/skills/confirm", {"versionId": started["versionId"], **claim}, token)
        name = one_segment("@yara/hello")
        for base in (registry, f"{running.url}/tank/api/v1"):
            detail = _send("GET", f"{base}/skills/{name}/1.0.0")
            with urllib.request.urlopen(detail["downloadUrl"]) as tarball:
                assert tarball.read() == skill.tarball
        with pytest.raises(urllib.error.HTTPError) as refused:
            _send("GET", f"http://127.0.0.1:{port}/api/v1/skills/yara/hello")
        assert refused.value.code == 404
        assert _send("GET", f"{running.url}/api/v1/skills/yara/hello")["name"] == "yara/hello"


def _send(method: str, url: str, body: dict[str, object] | bytes | None = None, token: str = "") -> dict[str, str]:
    headers = {"user-agent": "node"} | ({"authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    headers["content-type"] = "application/json" if isinstance(body, dict) else "application/octet-stream"
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        shown: dict[str, str] = json.loads(answer.read())
    return shown
