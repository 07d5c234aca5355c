"""The verbs of drives, as they are typed: what comes in, what is new, what a team decides, what is shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.git_server import Canned, git_server
from tests.journeys.running import User, a_server, a_skill


@dataclass(frozen=True)
class People:
    """Ada owns acme, rea is its reader, eve does not belong to it."""

    ada: User
    rea: User
    eve: User

    def publish(self, name: str, version: str) -> None:
        folder = a_skill(self.ada.home / f"{name.replace('/', '-')}-{version}", name.partition("/")[2], version)
        self.ada.run("publish", str(folder), "--namespace", name.partition("/")[0])


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    folder = tmp_path_factory.mktemp("drive")
    with a_server(folder / "server", worker=False, writes_per_minute="100000", outbound_http_loopback="true") as server:
        ada, rea, eve = (User(home=folder / name, registry=server.url) for name in ("ada", "rea", "eve"))
        ada.run("login", "--link", str(server.link), "--username", "ada")
        for guest in (rea, eve):
            link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
            guest.run("login", "--link", link, "--username", guest.home.name)
        ada.run("namespaces", "create", "acme")
        ada.run("namespaces", "set-member", "acme", "rea", "reader")
        people = People(ada, rea, eve)
        people.publish("ada/pdf", "1.0.0")
        yield people


def test_a_skill_is_imported_switched_pinned_and_removed(people: People) -> None:
    eve = people.eve
    assert "The drive is empty" in eve.run("drive").stderr
    assert eve.run("drive", "import", "ada/pdf").stdout == "ada/pdf 1.0.0 is in the drive eve.\n"
    assert eve.run("drive", "toggle", "pdf").stdout == "ada/pdf is off.\n"
    assert eve.run("drive", "toggle", "@ada/pdf", "--off").stdout == "ada/pdf is off.\n"
    eve.run("drive", "toggle", "pdf", "--on", "--off", expect=2)
    eve.run("drive", "pin", "pdf", "1.0.0")
    assert eve.run("drive", "list").stdout == "ada/pdf\t1.0.0\tregistry\toff, pinned\n"
    assert eve.run("drive", "unpin", "pdf").stdout == "ada/pdf 1.0.0 may be updated.\n"
    assert eve.data("drive", "toggle", "pdf", "--on")["enabled"] is True
    assert eve.run("drive", "remove", "pdf").stdout == "ada/pdf is no longer in the drive eve.\n"
    refused = eve.data("drive", "remove", "ada/pdf", expect=1)
    assert refused["error"]["code"] == "drive_item_not_found"
    assert eve.data("drive", "remove", "pdf", expect=2)["error"]["code"] == "which_skill"


def test_updates_are_listed_dismissed_and_accepted(people: People) -> None:
    ada = people.ada
    ada.run("drive", "import", "ada/pdf")
    assert ada.run("drive", "updates").stderr == "Everything is up to date.\n"
    people.publish("ada/pdf", "1.1.0")
    assert ada.run("drive", "updates").stdout == "ada/pdf\t1.0.0\t1.1.0\tnothing\t\n"
    assert ada.run("drive", "dismiss", "pdf").stdout == "ada/pdf stays at 1.0.0, for now.\n"
    assert ada.data("drive", "updates") == []
    assert ada.run("drive", "updates", "--dismissed").stdout.endswith("\tdismissed\n")
    ada.run("drive", "accept", expect=2)
    stale = ada.data("drive", "accept", "pdf", "1.0.5", expect=1)["error"]
    assert (stale["code"], stale["facts"]["now"]) == ("drive_update_changed", "1.1.0")
    people.publish("ada/pdf", "1.2.0")
    assert ada.run("drive", "accept", "--all").stdout == "ada/pdf is 1.2.0 now.\n"
    assert ada.data("drive", "accept", "--all") == []


def test_what_must_be_bought_is_not_accepted_with_the_rest(people: People) -> None:
    people.publish("ada/report", "1.0.0")
    people.eve.run("drive", "import", "ada/report")
    people.publish("ada/report", "1.1.0")
    people.ada.run("price", "ada/report", "29.00")
    people.ada.run("sell", "ada/report")
    assert "\t29.00 USD\t" in people.eve.run("drive", "updates").stdout
    accepted = people.eve.run("drive", "accept", "--all")
    assert accepted.stdout == ""
    assert "skillyard buy ada/report" in accepted.stderr
    assert people.eve.data("drive", "accept", "report", expect=1)["error"]["code"] == "purchase_required"


def test_what_may_do_something_new_is_accepted_by_name_only(people: People) -> None:
    ada = people.ada
    folder = a_skill(ada.home / "mail", "mail")
    ada.run("publish", str(folder))
    ada.run("drive", "import", "ada/mail")
    a_skill(folder, "mail", "2.0.0")
    (folder / "skills.json").write_text(json.dumps({"permissions": {"network": {"outbound": ["smtp.example.com"]}}}))
    ada.run("publish", str(folder))
    assert "it may newly" in ada.run("drive", "updates").stdout
    told = ada.run("drive", "accept", "--all")
    assert told.stdout == ""
    assert "ada/mail 2.0.0 waits: it may newly" in told.stderr
    assert ada.run("drive", "accept", "mail").stdout == "ada/mail is 2.0.0 now.\n"


def test_a_reader_asks_and_a_maintainer_decides(people: People) -> None:
    people.publish("ada/csv", "1.0.0")
    asked = people.rea.data("drive", "import", "ada/csv", "--drive", "acme", "--note", "For tables.")["request"]
    assert people.ada.run("drive", "requests", "--drive", "acme").stdout == (
        f"{asked['id']}\tada/csv\trea\tpending\tFor tables.\n"
    )
    people.rea.run("drive", "requests", "accept", asked["id"], expect=1)
    done = people.ada.run("drive", "requests", "accept", asked["id"])
    assert done.stdout == "ada/csv 1.0.0 is in the drive acme.\n"
    assert [item["name"] for item in people.rea.data("drive", "list", "--drive", "acme")] == ["ada/csv"]
    again = people.rea.run("drive", "import", "ada/pdf", "--drive", "acme").stdout
    request = again.split()[-1]
    assert people.ada.run("drive", "requests", "decline", request, "--reason", "No.").stdout == (
        f"{request} is declined.\n"
    )
    rows = people.rea.run("drive", "requests", "list", "--drive", "acme", "--status", "any").stdout.splitlines()
    assert [row.split("\t")[3:] for row in rows] == [["declined", "No."], ["accepted", "For tables."]]


def test_a_share_gives_a_private_skill_until_it_ends(people: People) -> None:
    ada, eve = people.ada, people.eve
    folder = a_skill(ada.home / "secret-plan", "secret-plan")
    ada.run("publish", str(folder), "--visibility", "private")
    ada.run("drive", "import", "ada/secret-plan")
    made = ada.run("drive", "share", "secret-plan")
    link = made.stdout.strip()
    secret = link.rpartition("/")[2]
    joined = eve.run("drive", "join", link).stdout
    assert joined == "ada/secret-plan 1.0.0 comes to you from the drive ada.\n"
    assert "ada/secret-plan\t1.0.0\tregistry, in ada\t\n" in eve.run("drive", "list", "--all").stdout
    (share,) = ada.data("drive", "shares")
    assert (share["takers"], eve.data("drive", "shares", "--mine")[0]["id"]) == (["eve"], share["id"])
    assert eve.run("info", "ada/secret-plan").returncode == 0
    assert ada.run("drive", "unshare", share["id"]).stdout.startswith("ada/secret-plan is not shared")
    eve.run("info", "ada/secret-plan", expect=1)
    assert secret not in json.dumps(eve.data("drive", "join", secret, expect=1))
    eve.run("drive", "leave", share["id"], expect=1)


def test_what_came_from_git_is_looked_for_when_asked(people: People, tmp_path: Path) -> None:
    text = "---\nname: notes\ndescription: {} notes.\n---\n\n# Use\n"
    with git_server(tmp_path) as server:
        repository = server.repository("tools")
        repository.commit({"notes/SKILL.md": text.format("Takes")})
        rea = people.rea
        done = rea.run("drive", "import", f"{server.url}/tools.git/tree/main/notes", "--as", "my-notes")
        assert done.stdout == "rea/my-notes 0.1.0 is in the drive rea.\n"
        repository.commit({"notes/SKILL.md": text.format("Reads")})
        assert rea.data("drive", "updates") == []
        assert rea.run("drive", "updates", "--refresh").stdout == "rea/my-notes\t0.1.0\t0.1.1\tnothing\t\n"
        server.override = lambda *_: Canned(status=500)
        told = rea.run("drive", "updates", "--refresh")
        assert "0.1.1" in told.stdout
        assert told.stderr.startswith("note: rea/my-notes: ")
