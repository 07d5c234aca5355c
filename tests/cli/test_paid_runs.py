"""`skillyard run` of what costs something: nobody pays without having agreed, and the account shows it."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.running import User, a_server, a_skill


def test_nobody_pays_for_a_run_without_having_agreed(tmp_path: Path) -> None:
    with a_server(tmp_path / "server") as server:
        ada, bob = (User(home=tmp_path / name, registry=server.url) for name in ("ada", "bob"))
        ada.run("login", "--link", str(server.link), "--username", "ada")
        link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        bob.run("login", "--link", link, "--username", "bob")
        folder = a_skill(tmp_path / "paid", "paid", "1.0.0")
        front = (folder / "SKILL.md").read_text().replace("metadata:\n", 'metadata:\n  credits-per-run: "4"\n', 1)
        (folder / "SKILL.md").write_text(front)
        (folder / "scripts").mkdir(exist_ok=True)
        (folder / "scripts" / "say.py").write_text("print('said')\n")
        ada.run("publish", str(folder), "--namespace", "ada")
        ada.run("credits", "grant", "bob", "10", "--reason", "Try it.")
        assert "4 credits" in bob.run("info", "ada/paid").stdout
        asked = bob.run("run", "ada/paid", "say.py", expect=4)
        assert "Run ada/paid for 4 credits?" in asked.stderr
        assert "you agreed to 3 at most" in bob.run("run", "ada/paid", "say.py", "--max-credits", "3", expect=1).stderr
        assert bob.data("credits")["available"] == "10"
        done = bob.data("run", "ada/paid", "say.py", "--yes")
        assert (done["status"], done["credits"], done["is_charged"]) == ("succeeded", 4, True)
        assert ada.data("run", "ada/paid", "say.py")["credits"] == 0
        log = bob.data("credits", "log")
        assert [(one["kind"], one["credits"]) for one in log["last"]] == [("charged", "-4"), ("granted", "+10")]
        assert (log["credits"]["available"], log["usage"]["calls"], log["tier"]) == ("6", 1, "standard")
        assert f"-4\tcharged\t{done['id']}" in bob.run("credits", "log").stdout
