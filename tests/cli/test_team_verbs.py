"""`skillyard teams`: owners invite, the invited answer."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.running import User, a_server, sign_in


def test_somebody_is_invited_accepts_and_another_one_declines(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        ada.run("namespaces", "create", "acme")
        link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        eve = User(home=tmp_path / "eve", registry=server.url)
        eve.run("login", "--link", link, "--username", "eve")
        invited = ada.run("teams", "invite", "acme", "eve", "--role", "maintainer")
        assert "eve may become maintainer of acme until" in invited.stdout
        assert ada.run("teams", "invitations", "acme").stdout.startswith("acme\teve\tmaintainer\tada\t")
        assert ada.run("teams", "revoke", "acme", "eve").stdout == "eve is not invited to acme any more\n"
        assert "No invitation waits for you" in eve.run("teams").stderr
        ada.run("teams", "invite", "acme", "eve")
        assert eve.run("teams", "decline", "acme").stdout == "You declined the invitation to acme\n"
        ada.run("teams", "invite", "acme", "eve")
        assert [one["role"] for one in eve.data("teams", "invitations")] == ["reader"]
        assert eve.run("teams", "accept", "acme").stdout == "You are reader of acme\n"
        assert "no such invitation" in eve.run("teams", "accept", "acme", expect=1).stderr
