"""Each event is told once to those whom it concerns and who may see it when it is told; to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skillyard.domain.accounts.members import remove_member, set_member
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import FULL, Role
from skillyard.domain.accounts.tokens import create_token, revoke_token
from skillyard.domain.drive.authenticate import authenticate
from skillyard.domain.drive.collections import create_collection, delete_collection
from skillyard.domain.drive.items import add_item
from skillyard.domain.gateway.consent.grants import give, revoke
from skillyard.domain.gateway.consent.leases import note_elsewhere, open_lease
from skillyard.domain.notices.follow import follow_events, wake
from skillyard.domain.notices.hooks import change_hook
from skillyard.domain.notices.kinds import EVENTS, KINDS
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.recall import recall
from skillyard.domain.registry.trust import AdvisorySeverity
from skillyard.domain.registry.visibility import set_visibility
from skillyard.domain.registry.yank import yank
from skillyard.domain.runs.start import start_run
from skillyard.infra import jobs_sqlite
from skillyard.infra.events import read_after
from skillyard.skill.names import SkillName
from tests.domain.notices.yard import Yard
from tests.makers import a_release, again, an_organization

PDF = SkillName("bob", "pdf")


def told(yard: Yard) -> list[tuple[str, str]]:
    """Path and event of each message, in the order of both."""
    return sorted((message.path, message.json["event"]) for message in yard.receiver.messages)


def test_members_and_those_who_have_it_in_a_drive_are_told_of_a_skill(both: Yard) -> None:
    bob = an_organization(both.app, both.bob)
    set_member(both.app, bob, namespace="acme", username="eve", role=Role.READER)
    eve = again(both.app, both.eve)
    a_release(both.app, bob, "acme/pdf")
    add_item(both.app, both.ada, name=SkillName.parse("acme/pdf"))
    for who, path in ((bob, "/bob"), (eve, "/eve"), (both.ada, "/ada")):
        both.hook("release.published", by=who, path=path)
    both.hook("release.*", by=bob, namespace="acme", path="/acme")
    both.hook("release.*", by=bob, namespace="bob", path="/other")
    a_release(both.app, bob, "acme/pdf", "1.1.0")
    both.work()
    assert told(both) == [(path, "release.published") for path in ("/acme", "/ada", "/bob", "/eve")]


def test_what_happened_before_is_not_told(yard: Yard) -> None:
    a_release(yard.app, yard.bob, "bob/pdf")
    made = yard.hook("release.published")
    yard.work()
    change_hook(yard.app, yard.bob, hook_id=made.hook.id, enabled=False)
    a_release(yard.app, yard.bob, "bob/pdf", "1.1.0")
    change_hook(yard.app, yard.bob, hook_id=made.hook.id, enabled=True)
    a_release(yard.app, yard.bob, "bob/pdf", "1.2.0")
    yard.work()
    assert [message.json["data"]["version"] for message in yard.receiver.messages] == ["1.2.0"]


def test_a_skill_that_became_private_is_not_told_of_any_more(yard: Yard) -> None:
    a_release(yard.app, yard.bob, "bob/pdf")
    add_item(yard.app, yard.eve, name=PDF)
    made = yard.hook("release.published", by=yard.eve)
    a_release(yard.app, yard.bob, "bob/pdf", "1.1.0")
    follow_events(yard.app)
    set_visibility(yard.app, yard.bob, name=PDF, visibility=Visibility.PRIVATE)
    yard.work()
    (delivery,) = yard.log(made.hook, yard.eve)
    assert (delivery.status, delivery.attempts) == ("dropped", 0)
    a_release(yard.app, yard.bob, "bob/pdf", "1.2.0")
    yard.work()
    assert len(yard.log(made.hook, yard.eve)) == 1, "it is not even written down"
    assert yard.receiver.messages == []


def test_who_leaves_a_namespace_is_told_nothing_more_of_it(yard: Yard) -> None:
    bob = an_organization(yard.app, yard.bob)
    set_member(yard.app, bob, namespace="acme", username="eve", role=Role.MAINTAINER)
    eve = again(yard.app, yard.eve)
    a_release(yard.app, bob, "acme/secret", visibility="private")
    own = yard.hook("release.published", by=eve, path="/own")
    shared = yard.hook("release.published", by=eve, namespace="acme", path="/acme")
    a_release(yard.app, bob, "acme/secret", "1.1.0")
    follow_events(yard.app)
    remove_member(yard.app, bob, namespace="acme", username="eve")
    yard.work()
    assert yard.receiver.messages == []
    assert [delivery.status for delivery in yard.log(own.hook, eve)] == ["dropped"]
    hook = yard.again(shared.hook, bob)
    assert (hook.enabled, hook.last_status) == (False, None)
    assert "no maintainer" in hook.why_disabled
    assert yard.again(own.hook, eve).enabled
    enabled = change_hook(yard.app, bob, hook_id=hook.id, enabled=True)
    assert enabled.owner_id == bob.user_id
    a_release(yard.app, bob, "acme/secret", "1.2.0")
    yard.work()
    assert told(yard) == [("/acme", "release.published")]


def test_somebody_suspended_is_told_nothing(yard: Yard) -> None:
    made = yard.hook("release.published", by=yard.eve)
    a_release(yard.app, yard.eve, "eve/pdf")
    follow_events(yard.app)
    suspend_user(yard.app, yard.ada, username="eve")
    yard.work()
    assert yard.receiver.messages == []
    with yard.app.database.reading() as tx:
        row = tx.one("SELECT enabled FROM hooks WHERE id = ?", made.hook.id)
    assert row is not None
    assert not row["enabled"]


def test_a_scan_is_told_with_its_verdict_and_a_recall_with_its_versions(yard: Yard) -> None:
    yard.hook("scan.finished", "advisory.*", "release.yanked")
    a_release(yard.app, yard.bob, "bob/pdf")
    yank(yard.app, yard.bob, name=PDF, version="1.0.0", reason="broken")
    advisory = recall(yard.app, yard.bob, name=PDF, versions="*", severity=AdvisorySeverity.HIGH, reason="It leaks.")
    yard.work()
    (scan,) = yard.receiver.of("scan.finished")
    assert scan.json["data"] | {"digest": ""} == {
        "name": "bob/pdf", "version": "1.0.0", "digest": "", "verdict": "pass", "score": 10.0, "status": "recalled",
        "reasons": scan.json["data"]["reasons"],
    }  # fmt: skip
    (yanked,) = yard.receiver.of("release.yanked")
    assert yanked.json["data"]["reason"] == "broken"
    (issued,) = yard.receiver.of("advisory.issued")
    assert issued.json["data"] == {"name": "bob/pdf", "id": advisory.id, "versions": ["1.0.0"]}


def test_credits_are_told_once_per_downward_crossing(both: Yard) -> None:
    both.hook("credits.threshold_hit", "credits.exhausted", threshold=50, path="/both")
    both.hook("credits.threshold_hit", threshold=10, path="/low")
    both.hook("credits.*", by=both.eve, path="/eve")
    both.grant(100)
    for number, credits in enumerate([40, 10, 20, 30]):  # 60, 50, 30, 0
        both.spend(credits, str(number))
    both.grant(51)
    both.spend(1, "a")  # 50
    both.grant(1)  # 51
    both.grant(7)
    both.spend(8, "b")  # 50
    both.work()
    said = sorted(
        (one.path, one.json["event"], one.json["credits_remaining"], one.json["threshold"])
        for one in both.receiver.messages
    )
    hit, spent = "credits.threshold_hit", "credits.exhausted"
    assert said == [
        ("/both", spent, 0, 0), ("/both", hit, 50, 50), ("/both", hit, 50, 50), ("/both", hit, 50, 50),
        ("/low", hit, 0, 10),
    ]  # fmt: skip
    body = both.receiver.messages[0].json
    assert set(body) >= {"event", "owner_user_id", "credits_remaining", "threshold", "timestamp"}
    assert body["owner_user_id"] == both.bob.user_id


def test_a_drive_that_changed_is_told_to_whom_it_belongs(yard: Yard) -> None:
    bob = an_organization(yard.app, yard.bob)
    a_release(yard.app, bob, "bob/pdf")
    yard.hook("drive.updated", by=bob, path="/bob")
    yard.hook("drive.updated", by=bob, namespace="acme", path="/acme")
    yard.hook("drive.updated", by=yard.eve, path="/eve")
    add_item(yard.app, yard.eve, name=PDF)
    add_item(yard.app, bob, name=PDF, drive="acme")
    yard.work()
    assert told(yard) == [("/acme", "drive.updated"), ("/bob", "drive.updated"), ("/eve", "drive.updated")]
    assert yard.receiver.messages[-1].json["data"]["name"] == "bob/pdf"


def test_where_there_are_no_webhooks_nobody_is_woken(yard: Yard) -> None:
    a_release(yard.app, yard.bob, "bob/pdf")
    with yard.app.database.reading() as tx:
        batch = read_after(tx, 0)
    wake(yard.app, batch)
    assert _waiting(yard) == []
    yard.hook("release.*")
    wake(yard.app, [event for event in batch if event.kind == "user.created"])
    assert _waiting(yard) == []
    wake(yard.app, batch)
    wake(yard.app, batch)
    assert _waiting(yard) == ["notices.follow"]


def test_an_event_of_another_version_stops_nothing(yard: Yard) -> None:
    made = yard.hook("invocation.*", "run.*", "release.published")
    with yard.app.database.transaction() as tx:
        for kind in KINDS:
            tx.run("INSERT INTO events (kind, at_ms, data) VALUES (?, 1, '{}')", kind)
    a_release(yard.app, yard.bob, "bob/pdf")
    yard.work()
    assert [delivery.status for delivery in yard.log(made.hook)] == ["delivered"]


def test_a_skill_that_very_many_have_is_told_to_all_who_asked(yard: Yard) -> None:
    a_release(yard.app, yard.bob, "bob/pdf")
    add_item(yard.app, yard.eve, name=PDF)
    with yard.app.database.transaction() as tx:
        for number in range(1300):
            tx.run(
                "INSERT INTO drive_items (drive, name, version, enabled, pinned, via, added_ms, added_by, updated_ms)"
                " VALUES (?, 'bob/pdf', '1.0.0', 1, 0, 'registry', 1, 'x', 1)",
                f"a-drive-{number}",
            )
    yard.hook("release.published", by=yard.eve, path="/eve")
    yard.hook("release.published", by=yard.bob, namespace="bob", path="/ns")
    yard.hook("release.published", path="/bob")
    a_release(yard.app, yard.bob, "bob/pdf", "1.1.0")
    yard.work()
    assert [path for path, _ in told(yard)] == ["/bob", "/eve", "/ns"]


def test_every_event_that_can_be_asked_for_has_its_line_in_the_guide() -> None:
    guide = Path("docs/guide/webhooks.md").read_text()
    missing = [event for event in EVENTS if f"`{event}`" not in guide]
    assert not missing
    assert KINDS


def _waiting(yard: Yard) -> list[Any]:
    with yard.app.database.reading() as tx:
        return [job["name"] for job in jobs_sqlite.waiting(tx) if job["name"].startswith("notices.")]


def test_a_webhook_ends_with_the_key_or_the_token_that_it_was_set_up_with(both: Yard) -> None:
    bob = both.bob
    key = create_collection(both.app, bob, name="ci")
    token = create_token(both.app, bob, name="ci", scopes=FULL)
    for path, secret in (("/key", key.secret), ("/token", token.secret)):
        both.hook("release.published", by=authenticate(both.app, secret), path=path)
    taken_over = both.hook("release.published", by=authenticate(both.app, key.secret), path="/bob")
    change_hook(both.app, bob, hook_id=taken_over.hook.id, events=["release.published"])
    a_release(both.app, bob, "bob/pdf")
    both.work()
    assert told(both) == [(path, "release.published") for path in ("/bob", "/key", "/token")]
    a_release(both.app, bob, "bob/pdf", "1.1.0")
    follow_events(both.app)
    delete_collection(both.app, bob, name="ci")
    revoke_token(both.app, bob, token_id=token.token.id)
    both.receiver.messages.clear()
    both.work()
    a_release(both.app, bob, "bob/pdf", "1.2.0")
    both.work()
    assert told(both) == [("/bob", "release.published")] * 2


def test_people_are_told_what_they_let_skills_call_and_of_leases_that_others_tried(yard: Yard) -> None:
    declared = {"skills.json": '{"permissions": {"integrations": ["github.create_issue"]}}', "scripts/a.py": ""}
    a_release(yard.app, yard.bob, "bob/pdf", files=declared)
    for caller, path in ((yard.bob, "/bob"), (yard.eve, "/eve")):
        yard.hook("grant.*", "lease.*", by=caller, path=path)
    given = give(yard.app, yard.bob, name=PDF, action="github.create_issue")
    revoke(yard.app, yard.bob, grant_id=given.id)
    note_elsewhere(yard.app, open_lease(yard.app, start_run(yard.app, yard.bob, name=PDF, script="a.py")))
    yard.work()
    assert told(yard) == [("/bob", "grant.given"), ("/bob", "grant.revoked"), ("/bob", "lease.misused")]
