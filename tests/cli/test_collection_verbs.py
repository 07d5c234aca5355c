"""`skillyard collections`: a key is printed once, and works as a token for what it reaches. `skillyard teams`: owners
invite, the invited answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.running import User, a_server, a_skill, sign_in


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    folder = tmp_path_factory.mktemp("collections")
    with a_server(folder / "server", worker=False) as server:
        yield sign_in(server, folder / "ada", "ada")


def test_a_key_is_made_used_changed_and_deleted(ada: User, tmp_path: Path) -> None:
    for slug in ("pdf", "csv"):
        ada.run("publish", str(a_skill(tmp_path / slug, slug, "1.0.0")), "--visibility", "private")
        ada.run("drive", "import", f"ada/{slug}")
    ada.run("collections", "create", "partner", "--skill", "ada/pdf", "--all-skills", expect=2)
    made = ada.run("collections", "create", "partner", "--skill", "ada/pdf", "--monthly-quota", "100")
    key = made.stdout.strip()
    assert key.startswith("sk_live_")
    assert "Shown once" in made.stderr
    partner = User(home=tmp_path / "partner", registry=ada.registry)
    partner.run("login", ada.registry, "--token", stdin=f"{key}\n")
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


def test_somebody_is_invited_accepts_and_another_one_declines(ada: User, tmp_path: Path) -> None:
    ada.run("namespaces", "create", "acme")
    link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
    eve = User(home=tmp_path / "eve", registry=ada.registry)
    eve.run("login", "--link", link, "--username", "eve")
    invited = ada.run("teams", "invite", "acme", "eve", "--role", "maintainer")
    assert "eve may become maintainer of acme until" in invited.stdout
    assert ada.run("teams", "invitations", "acme").stdout.startswith("acme\teve\tmaintainer\tada\t")
    assert ada.run("teams", "revoke", "acme", "eve").stdout == "eve is not invited to acme any more\n"
    assert "No invitation waits for you" in eve.run("teams").stderr
    ada.run("teams", "invite", "acme", "eve")
    assert eve.run("teams", "decline", "acme").stdout == "You declined the invitation to acme\n"
    ada.run("teams", "invite", "acme", "eve")
    assert eve.run("teams", "accept", "acme").stdout == "You are reader of acme\n"
    assert "no such invitation" in eve.run("teams", "accept", "acme", expect=1).stderr
