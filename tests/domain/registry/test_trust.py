"""From the scan to one status: what is listed, what needs consent, what is held back, and who may change that."""

from __future__ import annotations

import io

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import AdministratorsOnly
from skillyard.domain.accounts.model import ANONYMOUS, Caller
from skillyard.domain.registry import recall, review, scans
from skillyard.domain.registry.download import find_archive, find_open_archive
from skillyard.domain.registry.errors import (
    AdvisoryNotFound,
    AppealIsAnswered,
    AppealIsOpen,
    BadExpiry,
    BlobNotFound,
    NothingToAppeal,
    NothingToRecall,
    NotYours,
    OverrideNotFound,
    ReleaseQuarantined,
    ResolutionConflict,
    SafeVersionIsNone,
    SkillRefused,
)
from skillyard.domain.registry.files import get_file
from skillyard.domain.registry.model import Release, Wish
from skillyard.domain.registry.publish import rehearse
from skillyard.domain.registry.releases import get_release
from skillyard.domain.registry.resolve import resolve_closure
from skillyard.domain.registry.search import search
from skillyard.domain.registry.skill import get_skill
from skillyard.domain.registry.trust import AdvisorySeverity, Status
from skillyard.domain.transparency.model import ReleaseName
from skillyard.domain.transparency.prove import prove
from skillyard.infra.clock import FixedClock
from skillyard.skill.files import skill_files
from skillyard.skill.log.leaf import Leaf
from skillyard.skill.names import SkillName
from skillyard.skill.scan.engine import scan
from tests.makers import FAILING, FLAGGED, a_release, a_skill_archive, again, an_organization, indexed

PDF = SkillName("ada", "pdf")
DAY_S = 24 * 3600
HIGH = AdvisorySeverity.HIGH


def status(app: App, version: str = "1.0.0", name: SkillName = PDF) -> Status:
    return get_release(app, ANONYMOUS, name=name, version=version).status


def found(app: App, **wanted: Status) -> list[str]:
    return [hit.skill.name for hit in search(indexed(app), ANONYMOUS, text="pdf", **wanted).items]


def versions(app: App, requirement: str = "*", **more: object) -> dict[str, str]:
    closure = resolve_closure(app, ANONYMOUS, requirements={"ada/pdf": requirement}, locked={}, **more)  # type: ignore[arg-type]
    return {package.release.name: package.release.version for package in closure.packages}


def flagging_rule(release: Release) -> str:
    return release.reasons[0].split("(")[1].split(")")[0]


def test_what_passes_is_listed_with_its_score(app: App, ada: Caller) -> None:
    release = a_release(app, ada)
    assert (release.status, release.reasons, release.verdict) == (Status.LISTED, (), "pass")
    assert release.score == 10.0
    assert found(app) == ["ada/pdf"]


def test_the_report_is_the_one_that_a_laptop_makes(app: App, ada: Caller) -> None:
    release = a_release(app, ada, files=FLAGGED)
    archive = app.blobs.read(release.archive.sha256)
    from skillyard.skill.archive import open_safely

    stored = scans.get_scan(app, ANONYMOUS, name=PDF, version="1.0.0").report
    assert stored == scan(open_safely(archive)).show()
    assert stored["digest"] == release.digest


def test_what_is_flagged_is_offered_with_its_reasons(app: App, ada: Caller) -> None:
    release = a_release(app, ada, files=FLAGGED)
    assert release.status is Status.FLAGGED
    assert "requirements.txt:1" in release.reasons[0]
    assert release.channels == ("latest",)
    assert found(app) == ["ada/pdf"]
    assert found(app, status=Status.LISTED) == []
    assert found(app, status=Status.FLAGGED) == ["ada/pdf"]


def test_what_fails_is_held_back_from_everybody_but_its_maintainers(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada)
    release = a_release(app, ada, version="1.1.0", files=FAILING)
    assert (release.status, release.channels) == (Status.QUARANTINED, ())
    assert versions(app) == {"ada/pdf": "1.0.0"}
    with pytest.raises(ReleaseQuarantined, match=r"settings\.json"):
        find_archive(app, eve, name=PDF, version="1.1.0")
    with pytest.raises(ReleaseQuarantined):
        get_file(app, ANONYMOUS, name=PDF, version="1.1.0", path="SKILL.md")
    with pytest.raises(BlobNotFound):
        find_open_archive(app, sha256=release.archive.sha256)
    assert get_release(app, ANONYMOUS, name=PDF, version="1.1.0").readme == ""
    assert get_release(app, ada, name=PDF, version="1.1.0").readme != ""
    assert find_archive(app, ada, name=PDF, version="1.1.0").sha256 == release.archive.sha256


def test_a_conflict_says_that_a_version_is_held_back(app: App, ada: Caller) -> None:
    a_release(app, ada, files=FAILING)
    with pytest.raises(ResolutionConflict) as refused:
        versions(app)
    assert "Not offered of ada/pdf: 1.0.0 (quarantined)." in refused.value.facts["explanation"]


def test_a_skill_with_nothing_on_offer_is_not_found(app: App, ada: Caller) -> None:
    a_release(app, ada, files=FAILING)
    assert found(app) == []
    assert get_skill(app, ANONYMOUS, name=PDF).skill.latest_version is None
    assert [hit.skill.name for hit in search(app, ada, text="pdf").items] == ["ada/pdf"]


def test_a_rehearsal_tells_what_the_scan_would_say(app: App, ada: Caller) -> None:
    archive = a_skill_archive("pdf", files=FAILING)
    verdict = rehearse(app, ada, Wish(name=PDF), io.BytesIO(archive))
    assert verdict.report is not None
    assert verdict.report["verdict"] == "fail"


def test_an_accepted_appeal_lists_the_release_until_the_override_expires(
    app: App, ada: Caller, eve: Caller, clock: FixedClock
) -> None:
    release = a_release(app, ada, files=FAILING)
    for rule in sorted({finding["rule"] for finding in _grave(app)}):
        made = review.appeal(app, ada, name=PDF, version="1.0.0", rule=rule, reason="It is a lesson about hooks.")
        with pytest.raises(AppealIsOpen):
            review.appeal(app, ada, name=PDF, version="1.0.0", rule=rule, reason="Once more.")
        with pytest.raises(AdministratorsOnly):
            review.accept_appeal(app, eve, appeal_id=made.id, reason="Fine.")
        with pytest.raises(BadExpiry):
            review.accept_appeal(app, ada, appeal_id=made.id, reason="Fine.", days=0)
        answered, override = review.accept_appeal(app, ada, appeal_id=made.id, reason="Fine.", days=30)
        assert (answered.state, override.digest, override.rule) == ("accepted", release.digest, rule)
        with pytest.raises(AppealIsAnswered):
            review.reject_appeal(app, ada, appeal_id=made.id, reason="No.")
    assert status(app) is Status.LISTED
    assert versions(app) == {"ada/pdf": "1.0.0"}
    assert found(app, status=Status.LISTED) == ["ada/pdf"]
    clock.move(seconds=30 * DAY_S + 1)
    assert review.end_expired(app) >= 1
    assert review.end_expired(app) == 0
    assert status(app) is Status.QUARANTINED
    assert get_skill(app, ANONYMOUS, name=PDF).skill.latest_version is None


def _grave(app: App) -> list[dict[str, str]]:
    report = scans.get_scan(app, ANONYMOUS, name=PDF, version="1.0.0").report
    return [finding for finding in report["findings"] if finding["severity"] in ("critical", "high")]


def test_an_override_counts_for_the_same_files_wherever_they_are_published(app: App, ada: Caller) -> None:
    release = a_release(app, ada, files=FLAGGED)
    made = review.appeal(app, ada, name=PDF, version="1.0.0", rule=flagging_rule(release), reason="Our own mirror.")
    _, override = review.accept_appeal(app, ada, appeal_id=made.id, reason="Seen.")
    acme = an_organization(app, ada, "acme")
    copy = a_release(app, acme, name="acme/pdf", files=FLAGGED)
    assert (copy.digest, copy.status) == (release.digest, Status.LISTED)
    review.end_override(app, acme, override_id=override.id)
    assert status(app) is Status.FLAGGED
    assert status(app, name=SkillName("acme", "pdf")) is Status.FLAGGED
    with pytest.raises(OverrideNotFound):
        review.end_override(app, acme, override_id=override.id)


def test_a_rejected_appeal_changes_nothing(app: App, ada: Caller, eve: Caller) -> None:
    release = a_release(app, ada, files=FLAGGED)
    rule = flagging_rule(release)
    with pytest.raises(NotYours):
        review.appeal(app, eve, name=PDF, version="1.0.0", rule=rule, reason="For a friend.")
    with pytest.raises(NothingToAppeal):
        review.appeal(app, ada, name=PDF, version="1.0.0", rule="code.reverse-shell", reason="What?")
    made = review.appeal(app, ada, name=PDF, version="1.0.0", rule=rule, reason="Trust me.")
    assert [one.id for one in review.list_appeals(app, ada).items] == [made.id]
    review.reject_appeal(app, ada, appeal_id=made.id, reason="Nobody knows that host.")
    assert status(app) is Status.FLAGGED
    assert review.list_appeals(app, ada).items == ()
    with pytest.raises(AdministratorsOnly):
        review.list_appeals(app, eve)


def test_a_recalled_release_is_offered_to_nobody_and_comes_back_when_the_recall_is_withdrawn(
    app: App, ada: Caller
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        a_release(app, ada, version=version)
    made = recall.recall(
        app, ada, name=PDF, versions="<1.2.0", severity=HIGH, reason="Leaks tables.", safe_version="1.2.0"
    )
    assert made.versions == ("1.0.0", "1.1.0")
    assert [status(app, version) for version in made.versions] == [Status.RECALLED, Status.RECALLED]
    assert "recalled: Leaks tables." in get_release(app, ANONYMOUS, name=PDF, version="1.0.0").reasons
    with pytest.raises(ResolutionConflict) as refused:
        versions(app, "~1.1.0")
    assert "1.1.0 (recalled)" in refused.value.facts["explanation"]
    recall.withdraw_recall(app, ada, advisory_id=made.id)
    assert versions(app, "~1.1.0") == {"ada/pdf": "1.1.0"}
    with pytest.raises(AdvisoryNotFound):
        recall.withdraw_recall(app, ada, advisory_id=made.id)
    (listed,) = recall.list_advisories(app, ANONYMOUS).items
    assert listed.withdrawn_ms is not None


def test_a_copy_cannot_be_used_to_recall_the_original(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada)
    a_release(app, eve, name="eve/pdf")
    recall.recall(app, eve, name=SkillName("eve", "pdf"), versions="*", severity=HIGH, reason="Mine is bad.")
    assert status(app) is Status.LISTED
    assert status(app, name=SkillName("eve", "pdf")) is Status.RECALLED
    recall.recall(app, ada, name=PDF, versions="*", severity=HIGH, reason="A reviewer says so.")
    assert status(app) is Status.RECALLED


def test_a_reviewer_recalls_the_same_files_everywhere(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, eve, name="eve/pdf")
    a_release(app, ada)
    recall.recall(app, ada, name=PDF, versions="1.0.0", severity=HIGH, reason="Hostile.")
    assert status(app, name=SkillName("eve", "pdf")) is Status.RECALLED
    again_published = a_release(app, eve, name="eve/pdf2", version="1.0.0")
    assert again_published.status is Status.LISTED, "other files: the name is part of SKILL.md"


def test_a_recall_names_what_there_is(app: App, ada: Caller, eve: Caller) -> None:
    a_release(app, ada)
    with pytest.raises(NothingToRecall):
        recall.recall(app, ada, name=PDF, versions=">=2", severity=HIGH, reason="Bad.")
    with pytest.raises(SafeVersionIsNone):
        recall.recall(app, ada, name=PDF, versions="*", severity=HIGH, reason="Bad.", safe_version="1.0.0")
    with pytest.raises(NotYours):
        recall.recall(app, eve, name=PDF, versions="*", severity=HIGH, reason="Bad.")


def test_dependants_are_those_whose_range_admits_a_recalled_version(app: App, ada: Caller) -> None:
    a_release(app, ada, version="1.0.0")
    a_release(app, ada, version="1.1.0")
    a_release(app, ada, name="ada/exact", dependencies={"ada/pdf": "1.0.0"})
    a_release(app, ada, name="ada/range", dependencies={"ada/pdf": "^1.0.0"})
    a_release(app, ada, name="ada/other", dependencies={"ada/pdf": ">=1.1.0"})
    a_release(app, ada, name="ada/secret", visibility="private", dependencies={"ada/pdf": "*"})
    made = recall.recall(app, ada, name=PDF, versions="1.0.0", severity=HIGH, reason="Bad.")
    affected = recall.list_dependants(app, again(app, ada), advisory_id=made.id)
    assert [(one.name, one.admits, one.has_way_out) for one in affected] == [
        ("ada/exact", ("1.0.0",), False),
        ("ada/range", ("1.0.0",), True),
        ("ada/secret", ("1.0.0",), True),
    ]


def test_young_releases_are_passed_over_unless_locked(app: App, ada: Caller, clock: FixedClock) -> None:
    a_release(app, ada, version="1.0.0")
    clock.move(seconds=10 * DAY_S)
    a_release(app, ada, version="1.1.0")
    assert versions(app) == {"ada/pdf": "1.1.0"}
    assert versions(app, min_age_s=3 * 86400) == {"ada/pdf": "1.0.0"}
    closure = resolve_closure(
        app, ANONYMOUS, requirements={"ada/pdf": "*"}, locked={"ada/pdf": "1.1.0"}, min_age_s=3 * 86400
    )
    assert [package.release.version for package in closure.packages] == ["1.1.0"]
    with pytest.raises(ResolutionConflict) as refused:
        versions(app, "1.1.0", min_age_s=3 * 86400)
    assert "1.1.0 (younger than the age you ask for)" in refused.value.facts["explanation"]


def test_other_rules_look_at_everything_again(app: App, ada: Caller) -> None:
    a_release(app, ada, files=FLAGGED)
    assert scans.scan_again(app) == 0
    with app.database.transaction() as tx:
        tx.run("UPDATE releases SET rules = 'older', status = 'listed', reasons = '[]', verdict = ''")
        tx.run("DELETE FROM release_dependencies")
    assert scans.scan_again(app) == 1
    assert scans.scan_again(app) == 0
    release = get_release(app, ANONYMOUS, name=PDF, version="1.0.0")
    assert (release.status, release.verdict) == (Status.FLAGGED, "flagged")


def test_what_is_older_than_the_log_enters_it_when_it_is_scanned(app: App, ada: Caller) -> None:
    release = a_release(app, ada)
    with app.database.transaction() as tx:
        tx.run("UPDATE releases SET rules = '', verdict = ''")
        for table in ("scans", "log_entries", "log_nodes"):
            tx.run(f"DELETE FROM {table}")
    assert scans.scan_again(app) == 1
    (proven,) = prove(app, ANONYMOUS, releases=[ReleaseName(name="ada/pdf", version="1.0.0")]).proven
    leaf = Leaf.read(proven.entry.leaf)
    assert (leaf.digest, leaf.archive_sha256) == (release.digest, release.archive.sha256)


def manifest(outbound: list[str]) -> dict[str, str]:
    import json

    return {"skills.json": json.dumps({"permissions": {"network": {"outbound": outbound}}})}


def test_a_version_may_newly_do_only_what_its_number_allows(app: App, ada: Caller) -> None:
    a_release(app, ada, version="1.0.0")
    for version in ("1.0.1", "1.1.0"):
        with pytest.raises(SkillRefused) as refused:
            a_release(app, ada, version=version, files=manifest(["api.example.com"]))
        (fault,) = [one for one in refused.value.faults if one["code"] == "permission_escalation"]
        assert "contact api.example.com" in fault["message"]
        assert "2.0.0" in fault["hint"]
    a_release(app, ada, version="2.0.0", files=manifest(["api.example.com"]))
    with pytest.raises(SkillRefused):
        a_release(app, ada, version="1.0.1", files=manifest(["api.example.com"]))
    assert a_release(app, ada, version="2.0.1").version == "2.0.1"


def test_skill_files_of_this_module_are_what_they_claim() -> None:
    skill = "---\nname: pdf\ndescription: Reads PDF files.\n---\n"
    for files, verdict in ((FLAGGED, "flagged"), (FAILING, "fail")):
        texts = {"SKILL.md": skill, **files}
        assert scan(skill_files({path: text.encode() for path, text in texts.items()})).verdict == verdict
