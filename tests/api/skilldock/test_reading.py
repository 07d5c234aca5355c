"""Find, read and install with SkillDock's own command line, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.api.skilldock.client import SkillDock
from tests.journeys.running import User, a_skill
from tests.makers import FAILING, FLAGGED


def test_a_skill_is_found_read_and_installed_with_what_it_needs(owner: SkillDock, nobody: SkillDock) -> None:
    owner.upload("acme/text-kit", version="1.2.0")
    owner.upload("acme/text-kit", version="2.0.0", body="# Newer")
    owner.upload("acme/report", "--dependency", "acme/text-kit@^1.0.0", description="Writes reports. Use it for them.")
    found = nobody.data("skills", "search", "writes reports")
    [report] = [item for item in found["items"] if item["slug"] == "report"]
    assert report["namespace"] == "acme"
    assert report["latest_releases"] == [{"version": "1.0.0"}]
    assert report["author"]["user_id"] == "ada"
    assert "acme/report" in nobody.run("skills", "search", "writes reports").stdout
    installed = nobody.data("install", "acme/report")
    assert installed["installed"] == ["acme/report", "acme/text-kit"]
    assert installed["warnings"] == []
    lock = json.loads((nobody.project / ".skilldock.lock.json").read_text())["skills"]
    assert lock["acme/text-kit"]["version"] == "1.2.0"
    assert (nobody.project / "skills/acme/report/SKILL.md").is_file()
    assert nobody.data("install", "acme/report")["unchanged"] == ["acme/report", "acme/text-kit"]
    assert nobody.data("uninstall", "acme/report")["removed"] == ["acme/report", "acme/text-kit"]


def test_the_short_and_the_long_names_of_commands_do_the_same(owner: SkillDock, nobody: SkillDock) -> None:
    owner.upload("acme/short")
    assert nobody.data("i", "acme/short@1.0.0")["installed"] == ["acme/short"]
    assert nobody.data("remove", "acme/short")["removed"] == ["acme/short"]
    assert nobody.data("i", "acme/short", "--version", "1.0.0")["installed"] == ["acme/short"]
    assert nobody.data("rm", "acme/short")["removed"] == ["acme/short"]


def test_each_version_keeps_its_own_description(owner: SkillDock, nobody: SkillDock) -> None:
    owner.upload("acme/words", description="Says old words. Use it.", body="# Old text")
    owner.upload("acme/words", version="1.1.0", description="Says new words. Use it.", body="# New text")
    old, new = (nobody.data("skills", "release", "acme/words", version) for version in ("1.0.0", "1.1.0"))
    assert "Says old words" in old["description_md"]
    assert "# Old text" in old["description_md"]
    assert "New text" not in old["description_md"]
    assert old["description_source"] == "release.description_md"
    latest = nobody.data("skills", "get", "acme/words")
    assert latest["description_md"] == new["description_md"]
    assert latest["latest_release_version"] == "1.1.0"
    assert "# New text" in nobody.run("skills", "get", "acme/words").stdout


def test_releases_come_in_pages_the_newest_first(owner: SkillDock, nobody: SkillDock) -> None:
    for version in ("1.0.0", "1.1.0", "1.0.1"):
        owner.upload("acme/pages", version=version, body=f"# Of {version}")
    first = nobody.data("skills", "releases", "acme/pages", "--page", "1", "--per-page", "2")
    last = nobody.data("skills", "releases", "acme/pages", "--page", "2", "--per-page", "2")
    assert [item["version"] for item in first["items"]] == ["1.0.1", "1.1.0"]
    assert [item["version"] for item in last["items"]] == ["1.0.0"]
    assert (first["has_more"], last["has_more"]) == (True, False)
    assert nobody.data("skills", "get", "acme/pages")["latest_release_version"] == "1.1.0"


def test_search_shows_at_most_five_versions_the_highest_first(owner: SkillDock, nobody: SkillDock) -> None:
    for minor in range(7):
        owner.upload("acme/often", version=f"1.{minor}.0", description="Changes oftentimes. Use it.", body=f"# {minor}")
    [found] = nobody.data("skills", "search", "oftentimes")["items"]
    assert [one["version"] for one in found["latest_releases"]] == [f"1.{minor}.0" for minor in (6, 5, 4, 3, 2)]


def test_an_author_is_shown_with_what_they_published(owner: SkillDock, nobody: SkillDock) -> None:
    owner.upload("acme/authored")
    owner.upload("acme/authored-in-private", "--visibility", "private")
    seen = nobody.data("users", "get", "ada", "--per-page", "100")
    assert seen["user"]["id"] == "ada"
    slugs = {item["slug"] for item in seen["skills"]["items"]}
    assert "authored" in slugs
    assert "authored-in-private" not in slugs
    own = owner.data("users", "get", "ada", "--per-page", "100")
    assert "authored-in-private" in {item["slug"] for item in own["skills"]["items"]}
    few = nobody.data("users", "get", "ada", "--per-page", "1")
    assert few["skills"]["has_more"] is True
    assert len(few["skills"]["items"]) == 1
    assert "404" in nobody.refused("users", "get", "nobody-of-this-name")


def test_a_private_skill_is_only_there_for_members(
    owner: SkillDock, eve: SkillDock, nobody: SkillDock, web: httpx.Client
) -> None:
    owner.upload("acme/secret", "--visibility", "private", description="Hides secretly. Use it.")
    for other in (eve, nobody):
        assert "404" in other.refused("skills", "get", "acme/secret")
        assert "404" in other.refused("skills", "releases", "acme/secret")
        assert other.data("skills", "search", "secretly")["items"] == []
        assert other.data("install", "acme/secret")["warnings"]
        assert not (other.project / "skills/acme/secret").exists()
    assert web.get("/v1/skills/acme/secret/releases/1.0.0/download").status_code == 404
    assert [item["slug"] for item in owner.data("skills", "search", "secretly")["items"]] == ["secret"]
    assert owner.data("install", "acme/secret")["installed"] == ["acme/secret"]


def test_an_address_without_the_prefix_still_leads_to_private_archives(
    owner: SkillDock, base: str, place: Path
) -> None:
    """The client sends its token to the origin that it was pointed at, and to no other."""
    owner.upload("acme/by-name", "--visibility", "private")
    elsewhere = SkillDock(place / "by-name", base.replace("127.0.0.1", "localhost"), owner.token)
    assert elsewhere.data("install", "acme/by-name")["installed"] == ["acme/by-name"]


def test_a_token_that_is_no_good_is_left_out_where_everybody_may_read(owner: SkillDock, place: Path) -> None:
    owner.upload("acme/open-to-all")
    stale = SkillDock(place / "stale", owner.base, "sky_pt_not-a-token")
    done = stale.run("install", "acme/open-to-all")
    assert "retrying without authentication" in done.stderr
    assert (stale.project / "skills/acme/open-to-all/SKILL.md").is_file()


def test_what_the_scan_fails_is_not_handed_out_and_the_client_says_why(
    owner: SkillDock, nobody: SkillDock, web: httpx.Client
) -> None:
    folder = owner.write_skill("hooked", files=dict(FAILING))
    text = owner.refused("skill", "upload", "--namespace", "acme", "--slug", "hooked", "--path", str(folder))
    assert "acme/hooked 1.0.0 was uploaded, and the scan quarantined it" in text
    for client in (owner, nobody):
        assert "quarantined" in client.refused("install", "acme/hooked@1.0.0")
    assert nobody.data("skills", "releases", "acme/hooked")["items"] == []
    answer = web.get("/v1/skills/acme/hooked/releases/1.0.0/download")
    assert (answer.status_code, answer.json()["code"]) == (403, "release_quarantined")


def test_what_the_scan_flags_needs_consent_for_which_the_client_cannot_ask(
    owner: SkillDock, nobody: SkillDock, web: httpx.Client
) -> None:
    uploaded = owner.upload("acme/doubtful", files=dict(FLAGGED))
    assert uploaded["release"]["status"] == "flagged"
    assert "reportlab" in uploaded["warnings"][0] or "requirements.txt" in uploaded["warnings"][0]
    text = nobody.refused("install", "acme/doubtful")
    assert "flagged" in text
    assert "--accept-flagged" in text
    address = "/v1/skills/acme/doubtful/releases/1.0.0/download"
    assert web.get(address).json()["code"] == "needs_consent"
    assert web.get(address, params={"accept": "flagged"}).content.startswith(b"PK")


def test_what_our_own_client_published_installs_too(ada: User, owner: SkillDock, nobody: SkillDock) -> None:
    wanted = "acme/library@1.x || ^2.0.0, acme/tools@^1.0.0"
    for name in ("library", "tools"):
        owner.upload(f"acme/{name}", version="2.1.0" if name == "library" else "1.0.0")
    folder = a_skill(ada.home / "ours", "ours", dependencies=wanted)
    ada.run("publish", str(folder), "--namespace", "acme")
    assert set(nobody.data("install", "acme/ours")["installed"]) == {"acme/ours", "acme/library", "acme/tools"}


def test_a_withdrawn_version_is_left_out_of_what_is_new_but_can_be_named(
    ada: User, owner: SkillDock, nobody: SkillDock
) -> None:
    for version in ("1.0.0", "1.1.0"):
        owner.upload("acme/yanked", version=version, body=f"# {version}")
    ada.run("yank", "acme/yanked@1.1.0", "--reason", "it was broken")
    assert [item["version"] for item in nobody.data("skills", "releases", "acme/yanked")["items"]] == ["1.0.0"]
    nobody.data("install", "acme/yanked")
    lock = json.loads((nobody.project / ".skilldock.lock.json").read_text())["skills"]
    assert lock["acme/yanked"]["version"] == "1.0.0"
    assert nobody.data("skills", "release", "acme/yanked", "1.1.0")["release"]["status"] == "yanked"


@pytest.mark.parametrize("command", [["skills", "get"], ["skills", "releases"]])
def test_what_is_not_there_is_said_in_a_sentence(nobody: SkillDock, command: list[str]) -> None:
    text = nobody.refused(*command, "acme/nothing-of-this-name")
    assert "Skill not found: acme/nothing-of-this-name" in text
