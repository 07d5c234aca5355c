"""`skillyard connections` and `integrations client`: secrets are piped or typed, and shown nowhere."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.running import a_server, sign_in
from tests.peers.myworld import GithubLike

SECRET = "the-client-secret-0123456789"


def test_keys_are_piped_in_and_no_command_shows_them(github: GithubLike, tmp_path: Path) -> None:
    settings = {"integrations__github__base_url": github.base_url, "outbound_http_loopback": "true"}
    with a_server(tmp_path / "server", worker=False, log_level="debug", **settings) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        token = github.tokens["ada"]
        ended = [
            ada.run("connections", "key", "github", "--label", "mine", stdin=f"{token}\n"),
            ada.run("connections", "key", "github", "--json", stdin=github.tokens["bob"]),
            ada.run("connections", "list"),
            ada.run("connections", "list", "--json"),
        ]
        bob, mine = ada.data("connections", "list")
        assert (bob["account"], bob["is_default"], mine["account"], mine["label"]) == ("bob", True, "ada", "mine")
        ended += [
            ada.run("connections", "default", mine["id"]),
            ada.run("connections", "uses", mine["id"]),
            ada.run("connections", "remove", bob["id"]),
            ada.run("connections", "remove", bob["id"], expect=1),
            ada.run("connections", "key", "github", stdin="\n", expect=2),
            ada.run("connections", "key", "github", stdin="ghp_that-is-none", expect=1),
            ada.run("connections", "key", "github", "--way", "basic", stdin="ada\nsecret\n", expect=2),
            ada.run("connections", "key", "github", "--set", "nonsense", stdin=token, expect=2),
            ada.run("connections", "key", "githubb", stdin=token, expect=1),
        ]
        assert "github means ada from now on" in ended[4].stdout
        assert "The service was not told" in ended[6].stdout
        assert "GitHub refuses this key" in ended[9].stderr
        assert "github" in ended[-1].stderr
        jira = ada.run("connections", "key", "jira", "--set", "site=a/b", stdin="ada@acme.example\nsecret\n", expect=1)
        assert "site cannot be a part of an address" in jira.stderr
        for secret in github.tokens.values():
            assert not [end for end in ended if secret in end.stdout + end.stderr]


def test_an_administrator_stores_the_client_before_people_sign_in(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        refused = ada.run("connections", "add", "github", "--no-browser", expect=3)
        assert f"{server.url}/connections/callback" in refused.stderr
        shown = ada.run("integrations", "client", "github").stdout
        assert f"{server.url}/connections/callback" in shown
        stored = ada.run("integrations", "client", "github", "--id", "Iv1.0123", stdin=f"{SECRET}\n")
        assert "stored by ada" in stored.stdout
        assert SECRET not in stored.stdout + stored.stderr
        assert ada.data("integrations", "client", "github")["source"] == "stored"
        assert ada.data("integrations", "client", "github", "--remove")["source"] == "missing"
        ada.run("integrations", "client", "github", "--remove", expect=1)
        ada.run("integrations", "client", "openai", expect=1)
