"""What is kept in memory for everybody is never older, and never more, than what anybody may have."""

from __future__ import annotations

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.yank import yank
from skillyard.infra.clock import FixedClock
from skillyard.skill.names import SkillName
from tests.api.tank.cli import BASE, TankCli, one_segment, pack
from tests.makers import a_person, an_organization, indexed, secret_of

HELLO = f"/skills/{one_segment('@acme/hello')}"
NAME = SkillName("acme", "hello")


@pytest.fixture
def ada(app: App) -> Caller:
    return an_organization(app, a_person(app, "ada"), "acme")


@pytest.fixture
def cli(app: App, ada: Caller) -> TankCli:
    return TankCli(app, secret_of(ada))


@pytest.fixture
def anybody(cli: TankCli) -> TankCli:
    """Without a token, so that answers come from memory."""
    return cli.as_(None)


def test_a_publish_is_seen_at_once(cli: TankCli, anybody: TankCli) -> None:
    assert anybody.get(HELLO).status == 404
    for version in ("1.0.0", "1.1.0"):
        cli.publish(pack(version=version))
        assert anybody.get(HELLO).json()["latestVersion"] == version
        assert anybody.get(f"{HELLO}/versions").json()["versions"][0]["version"] == version


def test_a_yank_is_seen_at_once(app: App, ada: Caller, cli: TankCli, anybody: TankCli) -> None:
    for version in ("1.0.0", "1.1.0"):
        cli.publish(pack(version=version))
    assert len(anybody.get(f"{HELLO}/versions").json()["versions"]) == 2
    yank(app, ada, name=NAME, version="1.1.0", reason="broken")
    assert [one["version"] for one in anybody.get(f"{HELLO}/versions").json()["versions"]] == ["1.0.0"]


def test_what_becomes_private_is_gone_at_once(app: App, ada: Caller, cli: TankCli, anybody: TankCli) -> None:
    """Also from the results of a search, whose index follows a moment later."""
    cli.publish(pack())
    indexed(app)
    paths = ("", "/versions", "/1.0.0")
    assert [anybody.get(f"{HELLO}{path}").status for path in paths] == [200] * 3
    assert len(anybody.get("/search?q=hello").json()["results"]) == 1
    set_visibility(app, ada, name=NAME, visibility=Visibility.PRIVATE)
    assert [anybody.get(f"{HELLO}{path}").status for path in paths] == [404] * 3
    assert anybody.get("/search?q=hello").json()["results"] == []


def test_a_kept_address_is_good_for_59_minutes_at_least(cli: TankCli, anybody: TankCli, clock: FixedClock) -> None:
    cli.publish(pack())
    first = anybody.get(f"{HELLO}/1.0.0").json()["downloadUrl"]
    clock.move(seconds=59)
    assert anybody.get(f"{HELLO}/1.0.0").json()["downloadUrl"] == first
    clock.move(seconds=1)
    assert anybody.get(f"{HELLO}/1.0.0").json()["downloadUrl"] != first
    clock.move(seconds=59 * 60 - 60)
    assert anybody.follow("GET", first).status == 200


def test_whoever_shows_a_good_token_gets_the_same(cli: TankCli, anybody: TankCli) -> None:
    cli.publish(pack())
    for path in ("", "/versions", "/1.0.0"):
        assert cli.get(f"{HELLO}{path}").body == anybody.get(f"{HELLO}{path}").body


def test_head_and_conditions_are_understood(cli: TankCli, anybody: TankCli) -> None:
    cli.publish(pack())
    whole, head = anybody.get(HELLO), anybody.send("HEAD", HELLO)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    url = f"{anybody.app.settings.address}{BASE}{HELLO}"
    assert anybody.follow("GET", url, **{"if-none-match": whole.headers["etag"]}).status == 304


def test_a_version_is_not_kept_by_strangers_on_the_way(cli: TankCli, anybody: TankCli) -> None:
    """Its page holds a signed address."""
    cli.publish(pack())
    assert anybody.get(f"{HELLO}/1.0.0").headers["cache-control"] == "no-store"
    assert "no-store" in cli.get(f"{HELLO}/1.0.0/files").headers.get("cache-control", "no-store")


def test_search_follows_a_new_description(app: App, cli: TankCli, anybody: TankCli) -> None:
    cli.publish(pack())
    indexed(app)
    assert anybody.get("/search?q=hello").json()["results"][0]["description"].startswith("Says hello")
    cli.publish(pack(version="1.1.0", description="Says hello aloud. Use it for crowds."))
    assert anybody.get("/search?q=hello").json()["results"][0]["description"].startswith("Says hello aloud")
    indexed(app)
    assert anybody.get("/search?q=crowds").json()["total"] == 1


def test_a_token_that_was_revoked_is_refused_at_once(app: App, cli: TankCli) -> None:
    """Also for what anybody may read, and right after it was good."""
    cli.publish(pack())
    assert cli.get(HELLO).status == 200
    assert cli.post("/auth/logout", {}).status == 200
    assert cli.get(HELLO).status == 401


def test_a_skill_called_top_hides_no_list(app: App, ada: Caller, cli: TankCli) -> None:
    cli.publish(pack("@acme/top"))
    indexed(app)
    assert set(cli.as_(None).get("/skills/top").json()) == {"internal", "external", "total"}
    assert cli.as_(None).get(f"/skills/{one_segment('@acme/top')}").json()["name"] == "@acme/top"


def test_a_bare_name_is_looked_up_anew_when_something_changes(app: App, cli: TankCli, anybody: TankCli) -> None:
    cli.publish(pack())
    assert anybody.get("/skills/hello").status == 200
    other = anybody.as_(secret_of(a_person(app, "eve")))
    assert other.publish(pack("@eve/hello")).status == 200
    assert anybody.get("/skills/hello").status == 404
