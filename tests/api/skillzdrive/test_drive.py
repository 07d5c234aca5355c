"""The drive as the reference documents it: list, import, remove, toggle, updates; and who may do what with a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.accounts.members import set_member
from skillyard.domain.accounts.rights import Role
from skillyard.domain.drive.items import add_item
from skillyard.domain.registry.model import Visibility
from skillyard.skill.names import SkillName
from tests.api.skillzdrive.sender import Sender
from tests.domain.drive.git_place import a_skill_file
from tests.git_server import git_server
from tests.makers import FLAGGED, a_release, again, an_organization, indexed, make_app


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    app = make_app(tmp_path)
    made = Sender(app)
    a_release(app, made.people["ada"], "ada/pdf", files={"scripts/extract.sh": "echo extracted\n"})
    a_release(app, made.people["ada"], "ada/notes")
    yield made
    app.close()


def _listed(sender: Sender, who: str = "bob") -> dict[str, dict[str, Any]]:
    return {skill["slug"]: skill for skill in sender.data(who, "GET", "/drive")["skills"]}


def test_an_import_puts_a_skill_into_the_drive_with_its_grade(sender: Sender) -> None:
    brought = sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf"})
    assert brought["status"] == "imported"
    assert brought["security_grade"] == "A"
    skill = _listed(sender)["pdf"]
    assert brought["skill"] == skill
    assert skill["version"] == 1
    assert (skill["enabled"], skill["pinned"], skill["source"], skill["drive"]) == (True, False, "personal", "bob")


def test_every_spelling_of_a_skill_is_taken(sender: Sender) -> None:
    for text in ("notes", "ada--notes", "ada/notes"):
        assert sender.data("bob", "POST", "/drive/import", {"skillSlug": text})["skill"]["slug"] == "notes"
    assert list(_listed(sender)) == ["notes"]


def test_what_cannot_be_imported_says_why(sender: Sender) -> None:
    a_release(sender.app, sender.people["eve"], "eve/hidden", visibility="private")
    for text, status, code in (
        ("none", 404, "skill_not_found"),
        ("eve--hidden", 404, "skill_not_found"),
        ("", 400, "invalid_request"),
        ("PDF", 404, "skill_not_found"),
        ("a--b--c", 400, "bad_name"),
        ("file:///etc/passwd", 400, "git_address_invalid"),
        ("https://user:pass@github.com/o/r", 400, "git_address_invalid"),
    ):
        assert sender.refused("bob", "POST", "/drive/import", {"skillSlug": text}, status=status)["code"] == code
    assert _listed(sender) == {}


def test_a_skill_is_switched_off_and_on_and_removed(sender: Sender) -> None:
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf"})
    assert sender.data("bob", "POST", "/drive/pdf/toggle") == {"slug": "pdf", "enabled": False}
    assert _listed(sender)["pdf"]["enabled"] is False
    assert sender.refused("bob", "GET", "/skills/pdf/scripts", status=409)["code"] == "skill_switched_off"
    assert sender.data("bob", "PATCH", "/drive/pdf/toggle") == {"slug": "pdf", "enabled": True}
    assert sender.data("bob", "DELETE", "/drive/pdf") == {"slug": "pdf", "removed": True}
    assert _listed(sender) == {}
    for method, path in (("DELETE", "/drive/pdf"), ("POST", "/drive/pdf/toggle")):
        assert sender.refused("bob", method, path, status=404)["code"] == "drive_item_not_found"


def test_updates_are_offered_until_they_are_accepted_or_dismissed(sender: Sender) -> None:
    for slug in ("pdf", "notes"):
        sender.data("bob", "POST", "/drive/import", {"skillSlug": slug})
        a_release(sender.app, sender.people["ada"], f"ada/{slug}", "1.1.0")
    offered = {one["slug"]: one for one in sender.data("bob", "GET", "/drive/updates")["updates"]}
    assert set(offered) == {"pdf", "notes"}
    assert offered["pdf"]["current_version"] == 1
    assert offered["pdf"]["new_version"] == 2
    assert offered["pdf"]["new_semver"] == "1.1.0"
    assert offered["pdf"]["credits_required"] == 0
    accepted = sender.data("bob", "POST", "/drive/updates/pdf/accept")
    assert (accepted["version"], accepted["semver"], accepted["credits_charged"]) == (2, "1.1.0", 0)
    assert sender.data("bob", "POST", "/drive/updates/notes/dismiss")["dismissed_semver"] == "1.1.0"
    assert sender.data("bob", "GET", "/drive/updates") == {"updates": []}
    a_release(sender.app, sender.people["ada"], "ada/notes", "1.2.0")
    (again_offered,) = sender.data("bob", "GET", "/drive/updates")["updates"]
    assert again_offered["new_semver"] == "1.2.0"
    assert sender.refused("bob", "POST", "/drive/updates/pdf/accept", status=409)["code"] == "drive_no_update"


def test_what_the_scan_flagged_shows_a_bad_grade(sender: Sender) -> None:
    a_release(sender.app, sender.people["ada"], "ada/odd", files=FLAGGED)
    brought = sender.data("bob", "POST", "/drive/import", {"skillSlug": "odd"})
    assert brought["security_grade"] in ("C", "D")


def test_a_team_s_skills_come_to_its_members_and_only_maintainers_change_them(sender: Sender) -> None:
    app = sender.app
    ada = an_organization(app, sender.people["ada"], "acme")
    a_release(app, ada, "acme/plan", visibility=Visibility.PRIVATE.value)
    set_member(app, ada, namespace="acme", username="bob", role=Role.READER)
    add_item(app, again(app, sender.people["ada"]), name=SkillName("acme", "plan"), drive="acme")
    shown = _listed(sender)["acme--plan"]
    assert (shown["source"], shown["drive"], shown["category"]) == ("team", "acme", "private")
    assert sender.refused("bob", "DELETE", "/drive/acme--plan", status=403)["code"] == "access_denied"
    asked = sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf", "drive": "acme"})
    assert asked["status"] == "requested"
    assert asked["request_id"]
    assert sender.data("ada", "POST", "/drive/acme--plan/toggle")["enabled"] is False


def test_collections_are_made_listed_changed_and_deleted(sender: Sender) -> None:
    for slug in ("pdf", "notes"):
        sender.data("bob", "POST", "/drive/import", {"skillSlug": slug})
    body = {"name": "acme-user-42", "skillSlugs": ["pdf"], "includeTeamSkills": True, "includeSharedSkills": True}
    made = sender.data("bob", "POST", "/collections", body, status=201)
    key = made["api_key"]
    assert key.startswith("sk_live_")
    assert list(_listed(sender, key)) == ["pdf"]
    assert [skill["slug"] for skill in sender.data(key, "GET", "/skills")["skills"]] == ["pdf"]
    (listed,) = sender.data("bob", "GET", "/collections")["collections"]
    assert listed == made["collection"]
    assert key not in str(listed)
    assert listed["skill_slugs"] == ["pdf"]
    assert (listed["monthly_execution_quota"], listed["current_month_usage"]) == (0, 0)
    added = sender.data("bob", "POST", "/collections/acme-user-42/skills", {"skillSlug": "notes"})
    assert added["collection"]["skill_slugs"] == ["notes", "pdf"]
    assert list(_listed(sender, key)) == ["notes", "pdf"]
    sender.data("bob", "DELETE", "/collections/acme-user-42/skills/pdf")
    assert list(_listed(sender, key)) == ["notes"]
    renamed = {"newName": "acme-user-42-renamed", "skillSlugs": ["pdf"], "isPublicMarketplace": True}
    changed = sender.data("bob", "PATCH", "/collections/acme-user-42", renamed)["collection"]
    assert changed["name"] == "acme-user-42-renamed"
    assert changed["marketplace_url"] == "/marketplace/collections/acme-user-42-renamed.json"
    assert sender.refused("bob", "GET", "/skills?collection=acme-user-42", status=404)["code"] == "collection_not_found"
    sender.data("bob", "DELETE", "/collections/acme-user-42-renamed")
    assert sender.refused(key, "GET", "/drive", status=401)["code"] == "unauthorized"


def test_a_search_within_a_collection_finds_only_what_is_in_it(sender: Sender) -> None:
    for slug in ("pdf", "notes"):
        sender.data("bob", "POST", "/drive/import", {"skillSlug": slug})
    sender.data("bob", "POST", "/collections", {"name": "one", "skillSlugs": ["pdf"]}, status=201)
    assert [one["slug"] for one in sender.data("bob", "GET", "/skills?collection=one")["skills"]] == ["pdf"]
    indexed(sender.app)
    assert [one["slug"] for one in sender.data("bob", "GET", "/skills?q=files&collection=one")["skills"]] == ["pdf"]
    sender.refused("eve", "GET", "/skills?collection=one", status=404)
    sender.refused(None, "GET", "/skills?q=files&collection=one", status=401)


def test_a_key_for_some_skills_manages_nothing_not_even_itself(sender: Sender) -> None:
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf"})
    key = sender.data("bob", "POST", "/collections", {"name": "scoped", "skillSlugs": ["pdf"]}, status=201)["api_key"]
    refused = [
        ("GET", "/collections", b""),
        ("POST", "/collections", {"name": "other"}),
        ("PATCH", "/collections/scoped", {"newName": "mine"}),
        ("DELETE", "/collections/scoped", b""),
        ("POST", "/collections/scoped/skills", {"skillSlug": "notes"}),
        ("POST", "/drive/import", {"skillSlug": "notes"}),
        ("DELETE", "/drive/pdf", b""),
        ("POST", "/drive/pdf/toggle", b""),
        ("POST", "/uploads/ticket", {}),
        ("GET", "/account/webhooks", b""),
    ]
    for method, path, body in refused:
        error = sender.refused(key, method, path, body, status=403)
        assert error["code"] == "access_denied", (method, path)


def test_a_key_for_all_skills_manages_as_its_owner_does(sender: Sender) -> None:
    key = sender.data("bob", "POST", "/collections", {"name": "all"}, status=201)["api_key"]
    sender.data(key, "POST", "/drive/import", {"skillSlug": "pdf"})
    assert [one["name"] for one in sender.data(key, "GET", "/collections")["collections"]] == ["all"]
    assert list(_listed(sender)) == ["pdf"]


def test_an_import_from_git_is_private_graded_and_says_where_it_is_from(tmp_path: Path) -> None:
    app = make_app(tmp_path / "registry", outbound_http_loopback=True)
    sender = Sender(app)
    with git_server(tmp_path / "repositories") as server:
        server.repository("tools").commit({"skills/pdf/SKILL.md": a_skill_file("pdf")})
        address = f"{server.url}/tools.git/tree/main/skills/pdf"
        brought = sender.data("bob", "POST", "/drive/import", {"skillSlug": address})
        again = sender.data("bob", "POST", "/drive/import", {"skillSlug": address})
    assert brought == again
    assert brought["security_grade"] == "A"
    skill = brought["skill"]
    assert (skill["slug"], skill["category"], skill["imported_from"]) == ("bob--pdf", "private", "git")
    assert skill["github_url"] == address.replace(".git/", "/")
    assert _listed(sender)["bob--pdf"] == skill
    app.close()
