"""Skills as the reference documents them: search without a key, lists with one, slugs, numbers as versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.drive.items import add_item, set_enabled
from skillyard.skill.names import SkillName
from tests.api.asgi import call
from tests.api.skillzdrive.sender import Sender, refused
from tests.makers import FLAGGED, a_release, indexed, make_app


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    app = make_app(tmp_path_factory.mktemp("skills"))
    made = Sender(app)
    ada, bob = made.people["ada"], made.people["bob"]
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        a_release(app, ada, "ada/pdf", version, tags="document, pdf", files={"scripts/extract.sh": "echo extracted\n"})
    a_release(app, bob, "bob/notes", visibility="private", files={"scripts/a.py": "print(1)\n"})
    a_release(app, bob, "bob/flagged", files=FLAGGED)
    a_release(app, bob, "bob/tarred", format="tar.gz")
    add_item(app, bob, name=SkillName("ada", "pdf"))
    add_item(app, bob, name=SkillName("bob", "notes"))
    indexed(app)
    yield made
    app.close()


def test_a_search_needs_no_key(sender: Sender) -> None:
    found = sender.data(None, "GET", "/skills?q=pdf&limit=5")
    (skill,) = [one for one in found["skills"] if one["slug"] == "pdf"]
    assert skill["version"] == 3
    assert skill["semver"] == "1.2.0"
    assert skill["tags"] == ["document", "pdf"]
    assert skill["category"] == "public"
    assert skill["github_url"] is None
    assert skill["full_name"] == "ada/pdf"


def test_one_skill_is_shown_as_documented(sender: Sender) -> None:
    shown = sender.data(None, "GET", "/skills/pdf")
    skill, download = shown["skill"], shown["download"]
    assert {"id", "slug", "name", "description", "tags", "version", "github_url", "category"} <= set(skill)
    assert skill["security_grade"] == "A"
    assert download == {
        "content_sha": download["content_sha"],
        "content_size": download["content_size"],
        "version": 3,
        "url": f"/api/v1/downloads/public/pdf/{download['content_sha']}.zip",
    }


@pytest.mark.parametrize("slug", ["pdf", "ada--pdf"])
def test_every_spelling_leads_to_the_same_skill(sender: Sender, slug: str) -> None:
    assert sender.data("bob", "GET", f"/skills/{slug}")["skill"]["slug"] == "pdf"


def test_a_private_skill_is_there_for_its_people_only_and_has_no_public_zip(sender: Sender) -> None:
    shown = sender.data("bob", "GET", "/skills/bob--notes")
    assert shown["skill"]["category"] == "private"
    assert shown["download"] is None
    assert sender.refused("eve", "GET", "/skills/bob--notes", status=404)["code"] == "skill_not_found"
    assert sender.refused(None, "GET", "/skills/notes", status=404)["code"] == "skill_not_found"


def test_what_the_scan_flags_has_a_low_grade_and_no_zip_for_everybody(sender: Sender) -> None:
    shown = sender.data(None, "GET", "/skills/flagged")
    assert shown["skill"]["security_grade"] in ("C", "D")
    assert shown["download"] is None


def test_with_a_key_and_no_words_the_drive_is_listed(sender: Sender) -> None:
    found = sender.data("bob", "GET", "/skills")
    assert [skill["slug"] for skill in found["skills"]] == ["pdf", "bob--notes"]
    assert found["total"] == 2
    assert sender.data("eve", "GET", "/skills") == {"skills": [], "total": 0}
    set_enabled(sender.app, sender.people["bob"], name=SkillName("ada", "pdf"), enabled=False)
    assert [skill["slug"] for skill in sender.data("bob", "GET", "/skills")["skills"]] == ["bob--notes"]


def test_without_a_key_there_is_nothing_to_list(sender: Sender) -> None:
    for query in ("", "?q=", "?q=%20"):
        assert sender.refused(None, "GET", f"/skills{query}", status=400)["code"] == "search_text_missing"


def test_limits_above_fifty_mean_fifty_and_others_are_refused(sender: Sender) -> None:
    sender.data(None, "GET", "/skills?q=pdf&limit=1000")
    for limit in ("0", "-1", "x"):
        assert sender.refused(None, "GET", f"/skills?q=pdf&limit={limit}", status=400)["code"] == "invalid_request"


def test_the_scripts_of_a_skill_are_listed_and_its_files_read(sender: Sender) -> None:
    listed = sender.data("eve", "GET", "/skills/pdf/scripts")
    assert listed["version"] == 3
    assert [script["name"] for script in listed["scripts"]] == ["extract.sh"]
    read = sender.data("eve", "GET", "/files?skillSlug=pdf&path=scripts/extract.sh")
    assert read == {"path": "scripts/extract.sh", "size_bytes": 15, "encoding": "utf-8", "content": "echo extracted\n"}
    assert sender.refused("eve", "GET", "/files?skillSlug=pdf&path=none.txt", status=404)["code"] == "file_not_found"
    sender.refused("eve", "GET", "/skills/bob--notes/scripts", status=404)


def test_a_public_zip_is_led_to_and_its_bytes_are_those_that_its_address_names(sender: Sender) -> None:
    for slug in ("pdf", "tarred"):
        download = sender.data(None, "GET", f"/skills/{slug}")["download"]
        answer = sender.send(None, "GET", download["url"])
        assert answer.status == 302
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        target = answer.headers["location"].removeprefix(sender.app.settings.address)
        data = call(sender.site, "GET", target).body
        assert hashlib.sha256(data).hexdigest() == download["content_sha"]
        assert len(data) == download["content_size"]


@pytest.mark.parametrize("sha", ["0" * 64, "none", "0" * 99, "..%2f..%2fetc"])
def test_an_unknown_zip_is_not_found(sender: Sender, sha: str) -> None:
    sender.refused(None, "GET", f"/downloads/public/pdf/{sha}.zip", status=404)


def test_a_key_that_is_none_is_refused_also_where_none_is_needed(sender: Sender) -> None:
    assert sender.refused("sk_live_none", "GET", "/skills?q=pdf", status=401)["code"] == "unauthorized"


def test_who_has_no_key_asks_only_so_often_a_minute(tmp_path: Path) -> None:
    app = make_app(tmp_path, skillzdrive_anonymous_per_minute=2)
    sender = Sender(app)
    for _ in range(2):
        sender.data(None, "GET", "/skills?q=pdf")
    answer = sender.send(None, "GET", "/api/v1/skills?q=pdf", x_skillzdrive_install_id="another-one")
    assert refused(answer, 429)["code"] == "rate_limited"
    assert 0 < int(answer.headers["retry-after"]) <= 60
    sender.data("bob", "GET", "/skills?q=pdf")
    other = call(sender.site, "GET", "/skillzdrive/api/v1/skills?q=pdf", client="198.51.100.7")
    assert other.status == 200
    app.close()
