"""The command line's verbs, each with the requests that it was seen to send."""

from __future__ import annotations

import json
import uuid

import pytest

from skillyard.app import App
from skillyard.domain.accounts.cli_sessions import deny_cli_session
from skillyard.domain.registry.download import flush
from skillyard.domain.registry.jobs import count_downloads
from skillyard.infra.clock import FixedClock
from tests.api.asgi import Answer, call
from tests.api.tank.cli import TankCli, one_segment, pack
from tests.api.web.browser import Browser
from tests.makers import a_person, indexed, secret_of

HELLO = one_segment("@acme/hello")


def test_login_is_approved_in_the_browser(each_app: App) -> None:
    """POST start; the page in the browser; POST exchange until it is not 400."""
    a_person(each_app, "ada", password="correct horse battery staple")
    cli = TankCli(each_app)
    state = str(uuid.uuid4())
    started = cli.post("/cli-auth/start", {"state": state}, signed=False).json()
    assert uuid.UUID(started["sessionCode"])
    polled = {"sessionCode": started["sessionCode"], "state": state}
    waiting = cli.post("/cli-auth/exchange", polled, signed=False)
    assert (waiting.status, list(waiting.json())) == (400, ["error"])
    browser = Browser(each_app)
    page = started["authUrl"].removeprefix(each_app.settings.address)
    browser.get("/sign-in")
    browser.post("/sign-in", username="ada", password="correct horse battery staple")
    assert "may only publish and read" in browser.get(page).body.decode()
    browser.post(page, decision="approve")
    done = cli.post("/cli-auth/exchange", polled, signed=False)
    assert done.status == 200
    assert done.json()["user"] == {"name": "ada", "email": None}
    me = cli.as_(done.json()["token"]).get("/auth/whoami").json()
    assert (me["name"], me["email"]) == ("ada", None)
    assert uuid.UUID(me["userId"])
    assert cli.post("/cli-auth/exchange", polled, signed=False).status == 400


def test_login_is_approved_by_the_page_of_a_browser_with_a_session(app: App) -> None:
    a_person(app, "ada", password="correct horse battery staple")
    cli = TankCli(app)
    started = cli.post("/cli-auth/start", {"state": "x" * 8}, signed=False).json()
    assert cli.post("/cli-auth/authorize", {"sessionCode": started["sessionCode"]}).status == 401
    browser = Browser(app)
    browser.get("/sign-in")
    browser.post("/sign-in", username="ada", password="correct horse battery staple")
    answer = _in_browser(cli, browser, {"sessionCode": started["sessionCode"]})
    assert (answer.status, answer.json()) == (200, {"success": True})
    assert _in_browser(cli, browser, {"sessionCode": started["sessionCode"]}).status == 400
    assert _in_browser(cli, browser, {"sessionCode": str(uuid.uuid4())}).status == 404
    assert cli.post("/cli-auth/exchange", {"sessionCode": started["sessionCode"], "state": "x" * 8}).status == 200


def test_a_form_of_another_site_approves_nothing(app: App) -> None:
    a_person(app, "ada", password="correct horse battery staple")
    cli = TankCli(app)
    started = cli.post("/cli-auth/start", {"state": "x" * 8}).json()
    browser = Browser(app)
    browser.get("/sign-in")
    browser.post("/sign-in", username="ada", password="correct horse battery staple")
    answer = _in_browser(cli, browser, {"sessionCode": started["sessionCode"]}, content_type="text/plain")
    assert answer.status == 400
    assert cli.post("/cli-auth/exchange", {"sessionCode": started["sessionCode"], "state": "x" * 8}).status == 400


def test_login_is_bound_to_its_state_and_waits_five_minutes(app: App, clock: FixedClock) -> None:
    cli = TankCli(app)
    code = cli.post("/cli-auth/start", {"state": "the right one"}).json()["sessionCode"]
    assert cli.post("/cli-auth/exchange", {"sessionCode": code, "state": "another one"}).status == 404
    assert cli.post("/cli-auth/exchange", {"sessionCode": code, "state": "the right one"}).status == 400
    clock.move(seconds=299)
    assert cli.post("/cli-auth/exchange", {"sessionCode": code, "state": "the right one"}).status == 400
    clock.move(seconds=1)
    assert cli.post("/cli-auth/exchange", {"sessionCode": code, "state": "the right one"}).status == 404


def test_login_that_is_denied_ends_the_waiting(app: App) -> None:
    cli = TankCli(app)
    started = cli.post("/cli-auth/start", {"state": "x" * 8}).json()
    deny_cli_session(app, a_person(app), session_id=started["authUrl"].rpartition("/")[2])
    assert cli.post("/cli-auth/exchange", {"sessionCode": started["sessionCode"], "state": "x" * 8}).status == 403


@pytest.mark.parametrize("state", ["short", "x" * 257, None])
def test_a_login_without_a_good_state_is_refused(app: App, state: str | None) -> None:
    answer = TankCli(app).post("/cli-auth/start", {"state": state})
    assert answer.status == 400
    assert "state" in answer.json()["error"]


def test_publish_sends_three_requests(each_cli: TankCli) -> None:
    skill = pack(permissions={"network": {"outbound": ["api.example.com"]}}, publish={"files": ["**"]})
    started = each_cli.start(skill)
    assert started.status == 200
    assert set(started.json()) == {"uploadUrl", "skillId", "versionId"}
    assert uuid.UUID(started.json()["skillId"])
    assert each_cli.follow("PUT", started.json()["uploadUrl"], skill.tarball).status == 200
    done = each_cli.confirm(skill, started.json()["versionId"])
    assert (done.status, done.json()) == (
        200,
        {"success": True, "name": "@acme/hello", "version": "1.0.0", "auditScore": 10.0, "scanVerdict": "pass"},
    )


@pytest.mark.parametrize(
    "text",
    [
        '---\nname: "@acme/hello"\ndescription: Says hello.\n---\n\n# Hello\n',
        "---\ndescription: Says hello.\n---\n\n# Hello\n",
        "---\nname: hello\n---\n\n# Hello\n",
        "# Hello\n\nSay hello.\n",
    ],
    ids=["scoped name", "no name", "no description", "no front matter"],
)
def test_publish_takes_skills_as_they_are_written_for_tank(cli: TankCli, text: str) -> None:
    """The name with its scope in SKILL.md, as in Tank's own skills; or what is missing there in tank.json only."""
    skill = pack(files={"SKILL.md": text})
    assert cli.publish(skill).status == 200
    assert cli.get(f"/skills/{HELLO}").json()["description"].startswith("Says hello")
    assert cli.install("@acme/hello", "1.0.0").body == skill.tarball


def test_publish_of_a_version_that_exists_is_409(cli: TankCli) -> None:
    assert cli.publish(pack()).status == 200
    again_ = cli.start(pack())
    assert again_.status == 409
    assert "1.0.0 of @acme/hello already exists" in again_.json()["error"]


def test_publish_may_send_the_size_of_the_tarball_too(cli: TankCli) -> None:
    skill = pack()
    started = cli.start(skill).json()
    cli.follow("PUT", started["uploadUrl"], skill.tarball)
    assert cli.confirm(skill, started["versionId"], tarballSize=len(skill.tarball)).status == 200


def test_publish_says_why_it_may_not(app: App, cli: TankCli) -> None:
    eve = TankCli(app, secret_of(a_person(app, "eve")))
    assert eve.start(pack()).status == 404
    assert eve.as_(None).start(pack()).status == 401
    assert eve.as_("tank_0123456789").start(pack()).status == 401
    started = cli.start(pack()).json()
    cli.follow("PUT", started["uploadUrl"], pack().tarball)
    for other in (eve, eve.as_(None)):
        assert other.confirm(pack(), started["versionId"]).status in (401, 404)
    assert cli.confirm(pack(), str(uuid.uuid4())).status == 404
    assert cli.confirm(pack(), "no-uuid").status == 404


def test_publish_lists_what_is_wrong_with_a_manifest(cli: TankCli) -> None:
    answer = cli.post("/skills", {"manifest": {"name": "hello", "version": "one", "permissions": {"root": True}}})
    assert answer.status == 400
    assert set(answer.json()["details"]) == {"name", "version", "permissions"}
    for part in ("Invalid manifest", "namespace", "one", "root"):
        assert part in answer.json()["error"]


def test_a_name_in_capitals_is_mended(cli: TankCli) -> None:
    skill = pack()
    answer = cli.post("/skills", {"manifest": {**skill.manifest, "name": " @Acme/Hello "}, "readme": "", "files": []})
    assert answer.status == 200


def test_info_asks_for_the_skill_and_its_latest_version(each_cli: TankCli) -> None:
    each_cli.publish(pack())
    skill = each_cli.get(f"/skills/{HELLO}").json()
    assert skill["latestVersion"] == "1.0.0"
    assert skill["publisher"] == {"name": "ada", "displayName": "ada"}
    assert skill["visibility"] == "public"
    assert skill["createdAt"].endswith("Z")
    assert "T" in skill["updatedAt"]
    detail = each_cli.get(f"/skills/{HELLO}/{skill['latestVersion']}").json()
    assert (detail["auditScore"], detail["auditStatus"], detail["scanVerdict"]) == (10.0, "completed", "pass")


def test_search_asks_for_twenty(app: App, cli: TankCli) -> None:
    cli.publish(pack())
    indexed(app)
    found = cli.get("/search?q=hello&limit=20").json()
    assert (found["page"], found["limit"], found["total"]) == (1, 20, 1)
    assert found["results"] == [
        {
            "name": "@acme/hello",
            "description": "Says hello. Use it to greet people.",
            "visibility": "public",
            "latestVersion": "1.0.0",
            "auditScore": 10.0,
            "scanVerdict": "pass",
            "publisher": "ada",
            "downloads": 0,
            "stars": 0,
            "updatedAt": "2027-01-15T08:00:00.000Z",
            "atomKinds": [],
        }
    ]


def test_install_asks_for_versions_then_one_then_the_tarball(each_app: App, each_cli: TankCli) -> None:
    skill = pack(skills={"@acme/base": "^1.0.0"})
    each_cli.publish(skill)
    versions = each_cli.get(f"/skills/{HELLO}/versions").json()
    assert [one["version"] for one in versions["versions"]] == ["1.0.0"]
    assert versions["versions"][0]["integrity"] == skill.integrity
    detail = each_cli.get(f"/skills/{HELLO}/1.0.0").json()
    assert detail["dependencies"] == {"@acme/base": "^1.0.0"}
    tarball = each_cli.follow("GET", detail["downloadUrl"])
    assert (tarball.status, tarball.body) == (200, skill.tarball)
    assert detail["integrity"] == skill.integrity
    assert tarball.headers["content-type"] == "application/gzip"


def test_install_of_nothing_is_404_and_asks_for_suggestions(app: App, cli: TankCli) -> None:
    cli.publish(pack())
    indexed(app)
    missing = cli.get(f"/skills/{one_segment('@acme/helo')}/versions")
    assert (missing.status, missing.json()) == (404, {"error": "Package not found"})
    assert [one["name"] for one in cli.get("/search?q=helo&limit=3").json()["results"]] == ["@acme/hello"]


def test_audit_reads_a_score_without_a_token(cli: TankCli) -> None:
    cli.publish(pack())
    detail = cli.get(f"/skills/{HELLO}/1.0.0", signed=False).json()
    assert detail["auditScore"] >= 4
    assert detail["auditStatus"] == "completed"


def test_downloads_of_a_week_are_counted_at_the_tarball(app: App, cli: TankCli) -> None:
    cli.publish(pack())
    cli.install("@acme/hello", "1.0.0")
    flush(app)
    count_downloads(app)
    assert cli.get(f"/skills/{HELLO}/1.0.0").json()["downloads"] == 1


def test_a_private_skill_is_for_members(app: App, cli: TankCli) -> None:
    skill = pack(visibility="private")
    assert cli.publish(skill).status == 200
    assert cli.get(f"/skills/{HELLO}").json()["visibility"] == "private"
    assert cli.install("@acme/hello", "1.0.0").body == skill.tarball
    eve = cli.as_(secret_of(a_person(app, "eve")))
    for other in (eve, cli.as_(None)):
        for path in ("", "/versions", "/1.0.0", "/1.0.0/files"):
            answer = other.get(f"/skills/{HELLO}{path}")
            assert (answer.status, answer.json()) == (404, {"error": "Package not found"})
    indexed(app)
    assert cli.get("/search?q=hello").json()["total"] == 1
    assert eve.get("/search?q=hello").json() == cli.as_(None).get("/search?q=hello").json()
    assert eve.get("/search?q=hello").json()["results"] == []


def _in_browser(
    cli: TankCli, browser: Browser, body: dict[str, str], *, content_type: str = "application/json"
) -> Answer:
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"cookie": cookie, "content-type": content_type}
    path = f"{cli.base}/cli-auth/authorize"
    return call(cli.site, "POST", path, headers=headers, chunks=[json.dumps(body).encode()])
