"""`skillyard agents` and `skillyard claims`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

from skillyard.sdk.client import Client
from tests.journeys.running import User, a_server, sign_in


def test_an_agent_gets_a_key_and_signs_in_with_it(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        agent_id = ada.run("agents", "register", "scout", "--description", "Looks around.").stdout.strip()
        key_file = tmp_path / "key.json"
        assert "signs in with" in ada.run("agents", "enroll", agent_id, str(key_file)).stdout
        assert key_file.stat().st_mode & 0o077 == 0
        bearer = ada.run("agents", "bearer", str(key_file)).stdout.strip()
        with Client(server.url, token=bearer) as scout:
            assert scout.me()["token"]["kind"] == "agent"
        assert "scout" in ada.run("agents", "list").stdout
        (key,) = ada.data("agents", "keys", agent_id)
        assert key["public_key"] == json.loads(key_file.read_text())["publicKey"]["x"]
        assert "suspended" in ada.run("agents", "suspend", agent_id).stdout
        ada.run("agents", "enroll", agent_id, str(tmp_path / "other.json"), expect=1)
        assert not (tmp_path / "other.json").exists()
        assert "active" in ada.run("agents", "activate", agent_id).stdout
        assert "blocked: spam" in ada.run("agents", "block", agent_id, "spam").stdout
        ada.run("agents", "unblock", agent_id)
        ada.run("agents", "remove-key", agent_id, key["id"])
        assert "removed" in ada.run("agents", "remove", agent_id).stdout
        assert ada.data("agents", "list") == []
        for bad in ("{}", "[]", "no JSON", '{"agent_id": "x", "privateKey": {"d": "x"}}'):
            key_file.write_text(bad)
            assert "no key of an agent" in ada.run("agents", "bearer", str(key_file), expect=2).stderr

        claims(ada)


def claims(ada: User) -> None:
    assert "Together they make L0" in ada.run("claims", "list").stderr
    ada.run("claims", "attest", "ada", "verified_human", "high", "--ref", "seen on Monday", "--days", "9")
    shown = ada.run("claims", "list", "ada")
    assert "seen on Monday" in shown.stdout
    assert "L1" in shown.stderr
    (claim,) = ada.data("claims", "list")["items"]
    assert ada.data("claims", "settings", "--days", "90", "--agents", "opt_in")["inheritance"] == "opt_in"
    assert "90" in ada.run("claims", "settings").stdout
    assert "counts no longer" in ada.run("claims", "revoke", claim["id"]).stdout
    ada.run("claims", "revoke", claim["id"], expect=1)
    ada.run("claims", "attest", "ada", "nonsense", "high", expect=1)
