"""A hostile skill is held back with a finding to act on; a recalled one is refused where it is installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.journeys.running import Server, User, a_server, a_skill, sign_in
from tests.makers import FAILING, FLAGGED


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with a_server(tmp_path_factory.mktemp("trust") / "server", writes_per_minute="100000") as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: Server, tmp_path_factory: pytest.TempPathFactory) -> User:
    return sign_in(server, tmp_path_factory.mktemp("ada"), "ada")


@pytest.fixture
def reader(server: Server, tmp_path: Path) -> User:
    """Somebody without an account."""
    return User(home=tmp_path / "reader", registry=server.url)


def folder_of(ada: User, name: str, version: str = "1.0.0", files: dict[str, str] | None = None, **more: str) -> str:
    folder = a_skill(ada.home / f"{name}-{version}", name, version, **more)
    for path, text in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return str(folder)


def test_a_hostile_skill_is_held_back_and_says_what_to_do(ada: User, reader: User) -> None:
    folder = folder_of(ada, "helper", files=dict(FAILING))
    offline = ada.data("scan", folder, expect=1)
    assert offline["verdict"] == "fail"
    published = ada.run("publish", folder, expect=1)
    assert "quarantined" in published.stdout
    assert "assets/settings.json" in published.stdout
    scanned = ada.data("info", "ada/helper@1.0.0", "--scan")["scan"]
    assert scanned["report"] == offline, "the same report on the laptop and on the server"
    finding = next(one for one in scanned["report"]["findings"] if one["severity"] == "critical")
    assert (finding["file"], finding["line"]) == ("assets/settings.json", 1)
    assert finding["why"]
    assert finding["advice"]
    refused = reader.data("install", "ada/helper", expect=1)["error"]
    assert "quarantined" in str(refused)
    assert not (reader.project / "skills").exists()


def test_an_appeal_is_answered_with_an_override_that_lists_it(ada: User, reader: User) -> None:
    folder = folder_of(ada, "lesson", files=dict(FAILING), text="A lesson about hooks.")
    ada.run("publish", folder, expect=1)
    report = ada.data("info", "ada/lesson@1.0.0", "--scan")["scan"]["report"]
    grave = {one["rule"] for one in report["findings"] if one["severity"] in ("critical", "high")}
    for rule in sorted(grave):
        ada.run("appeal", "ada/lesson@1.0.0", rule, "--reason", "It shows what not to do.")
    for waiting in ada.data("review", "list"):
        ada.run("review", "accept", waiting["id"], "--reason", "A lesson, and harmless.", "--days", "30")
    assert ada.data("review", "list") == []
    reader.run("install", "ada/lesson")
    (override, *_) = ada.data("info", "ada/lesson@1.0.0", "--scan")["scan"]["overrides"]
    ada.run("review", "end", override["id"])
    assert ada.data("info", "ada/lesson@1.0.0")["status"] != "listed"


def test_a_flagged_skill_needs_consent_that_the_lockfile_notes(ada: User, reader: User) -> None:
    ada.run("publish", folder_of(ada, "mirror", files=dict(FLAGGED)))
    refused = reader.data("install", "ada/mirror", expect=4)["error"]
    assert refused["code"] == "flagged"
    assert "requirements.txt:1" in str(refused["facts"])
    assert "--accept-flagged" in refused["hint"]
    reader.run("install", "ada/mirror", "--accept-flagged")
    assert "requirements.txt:1" in (reader.project / "skillyard.lock").read_text()
    reader.run("install")
    shutil.rmtree(reader.project / ".skillyard")
    reader.run("ci", "--json")
    assert "accepted although flagged" in reader.run("audit").stdout


def test_a_lock_that_somebody_else_wrote_needs_consent_too(ada: User, reader: User, tmp_path: Path) -> None:
    ada.run("publish", folder_of(ada, "handed-on", files=dict(FLAGGED)))
    reader.run("install", "ada/handed-on", "--accept-flagged")
    other = User(home=tmp_path / "other", registry=reader.registry)
    other.project.mkdir(parents=True)
    for name in ("skillyard.json", "skillyard.lock"):
        shutil.copy(reader.project / name, other.project / name)
    other.run("ci")
    stranger = User(home=tmp_path / "stranger", registry=reader.registry)
    stranger.project.mkdir(parents=True)
    lock = json.loads((reader.project / "skillyard.lock").read_text())
    del lock["skills"]["ada/handed-on"]["accepted"]
    (stranger.project / "skillyard.lock").write_text(json.dumps(lock))
    shutil.copy(reader.project / "skillyard.json", stranger.project / "skillyard.json")
    for verb in ("ci", "install"):
        assert stranger.data(verb, expect=4)["error"]["code"] == "flagged"
    assert not list(stranger.project.glob("**/SKILL.md"))


def test_a_recalled_release_is_refused_where_it_is_installed(ada: User, reader: User) -> None:
    for version in ("1.0.0", "1.0.1"):
        ada.run("publish", folder_of(ada, "tables", version))
    ada.run("publish", folder_of(ada, "report", dependencies="ada/tables@~1.0.0"))
    reader.run("install", "ada/tables@1.0.0")
    reader.run("verify")
    recalled = ada.data("recall", "ada/tables", "1.0.0", "--reason", "Leaks what it reads.", "--safe-version", "1.0.1")
    assert [(one["name"], one["has_way_out"]) for one in recalled["dependants"]] == [("ada/report", True)]
    shutil.rmtree(reader.home / "cache" / "recalls")  # a minute passes
    audited = reader.run("audit", expect=1).stdout
    assert "Leaks what it reads." in audited
    assert "1.0.1 is safe" in audited
    assert "Leaks what it reads." in reader.run("audit", "--offline", expect=1).stdout
    assert "recalled" in reader.run("verify", expect=1).stdout
    for verb in ("install", "ci"):
        assert "Leaks what it reads." in reader.run(verb, expect=1).stderr
    reader.run("install", "--allow-recalled")
    reader.run("install", "ada/tables@~1.0.1")
    reader.run("audit")
    ada.run("recall", recalled["id"], "--undo")
    assert reader.data("advisories")[-1]["withdrawn_at"]


def test_a_budget_names_every_breach_before_anything_is_written(ada: User, reader: User) -> None:
    greedy = '{"permissions": {"network": {"outbound": ["api.example.com"]}, "subprocess": true}}'
    ada.run("publish", folder_of(ada, "greedy", files={"skills.json": greedy}))
    reader.project.mkdir(parents=True)
    manifest = reader.project / "skillyard.json"
    manifest.write_text('{"skills": {}, "permissions": {"filesystem": {"read": ["data/**"]}}}')
    refused = reader.data("install", "ada/greedy", expect=1)["error"]
    assert refused["code"] == "refused_by_policy"
    assert len(refused["facts"]["problems"]) == 2
    assert "contact api.example.com" in refused["message"]
    assert "start other programs" in refused["message"]
    assert not (reader.project / "skillyard.lock").exists()
    manifest.write_text(f'{{"skills": {{}}, {greedy[1:]}')
    reader.run("install", "ada/greedy")


def test_an_update_says_what_it_may_newly_do(ada: User, reader: User) -> None:
    ada.run("publish", folder_of(ada, "grows", "1.0.0"))
    refused = ada.data(
        "publish",
        folder_of(ada, "grows", "1.0.1", files={"skills.json": '{"permissions": {"subprocess": true}}'}),
        expect=1,
    )["error"]
    assert "start other programs" in str(refused["faults"])
    ada.run("publish", folder_of(ada, "grows", "2.0.0", files={"skills.json": '{"permissions": {"subprocess": true}}'}))
    reader.run("install", "ada/grows@1.0.0")
    updated = reader.run("update", "--latest")
    assert "may newly start other programs" in updated.stderr
    assert reader.data("diff", "ada/grows", "1.0.0", "2.0.0")["may_newly"] == ["start other programs"]


def test_young_releases_wait(ada: User, reader: User) -> None:
    ada.run("publish", folder_of(ada, "fresh"))
    refused = reader.data("install", "ada/fresh", "--min-age", "3d", expect=1)["error"]
    assert "younger than the age you ask for" in str(refused)
    reader.run("install", "ada/fresh", "--min-age", "0")


def test_an_update_keeps_what_is_yanked_and_has_no_successor(ada: User, reader: User) -> None:
    for name in ("kept", "moving"):
        ada.run("publish", folder_of(ada, name))
    reader.run("install", "ada/kept", "ada/moving")
    ada.run("yank", "ada/kept@1.0.0", "--reason", "Not wanted any more.")
    ada.run("publish", folder_of(ada, "moving", "1.1.0"))
    updated = reader.run("update")
    assert "ada/kept stays as it is" in updated.stderr
    assert {one["name"]: one["version"] for one in reader.data("list")} == {"ada/kept": "1.0.0", "ada/moving": "1.1.0"}
