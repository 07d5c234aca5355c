"""`skillyard collections`: a key is printed once, and works as a token for what it reaches."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.running import User, a_server, a_skill, sign_in


def test_a_key_is_made_used_changed_and_deleted(tmp_path: Path) -> None:
    with a_server(tmp_path / "server", worker=False) as server:
        ada = sign_in(server, tmp_path / "ada", "ada")
        for slug in ("pdf", "csv"):
            ada.run("publish", str(a_skill(tmp_path / slug, slug, "1.0.0")), "--visibility", "private")
            ada.run("drive", "import", f"ada/{slug}")
        ada.run("collections", "create", "partner", "--skill", "ada/pdf", "--all-skills", expect=2)
        made = ada.run("collections", "create", "partner", "--skill", "ada/pdf", "--monthly-quota", "100")
        key = made.stdout.strip()
        assert key.startswith("sk_live_")
        assert "Shown once" in made.stderr
        partner = User(home=tmp_path / "partner", registry=server.url)
        partner.run("login", server.url, "--token", stdin=f"{key}\n")
        assert partner.data("info", "ada/pdf")["name"] == "ada/pdf"
        partner.run("info", "ada/csv", expect=1)
        assert "for some skills of a drive" in partner.run("collections", "list", expect=1).stderr
        assert ada.run("collections", "add", "partner", "ada/csv").stdout == "partner 2 skills, on\n"
        assert ada.run("collections", "remove", "partner", "ada/pdf").stdout == "partner 1 skill, on\n"
        renamed = ada.run("collections", "update", "partner", "--rename", "friend", "--public", "--no-team")
        assert renamed.stdout == "friend 1 skill, on, public\n"
        assert "ada/csv\t1.0.0\tpersonal" in ada.run("collections", "show", "friend").stdout
        newer = ada.run("collections", "rotate", "friend").stdout.strip()
        assert ada.run("collections").stdout == f"friend\t{newer[:16]}…\t1 skill\t0 of 100\ton, public\n"
        ada.run("collections", "delete", "friend", expect=4)
        assert ada.run("collections", "delete", "friend", "--yes").stdout == "friend and its key are gone.\n"
        assert "Make one with" in ada.run("collections", "list").stderr
