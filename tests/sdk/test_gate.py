"""What keeps a decided lock from the disk: policy, budget, recalls, what the scan flagged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skillyard.sdk.advisories import known_recalls, recalls_of, refreshed
from skillyard.sdk.audit import audit
from skillyard.sdk.client import Client
from skillyard.sdk.errors import SdkError, UsageError
from skillyard.sdk.gate import Refused
from skillyard.sdk.install import Options, ci, install
from skillyard.sdk.policy import read_policy, seconds_of
from skillyard.sdk.project import Project, ProjectFile
from skillyard.sdk.status import verify
from skillyard.skill.digest import tree_digest
from skillyard.skill.log.note import STATEMENT
from tests.sdk.stand_in import StandIn


def an_advisory(registry: StandIn, of: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    """A recall as the registry signs it."""
    digest = tree_digest(registry.published[of, version].files)
    facts = {
        "id": "adv_1", "name": of, "everywhere": False, "severity": "high", "reason": "Leaks.",
        "safe_version": None, "versions": [version], "digests": [digest], **more,
    }  # fmt: skip
    body = json.dumps({**facts, "kind": "advisory.published"})
    made = {**facts, "withdrawn_at": None, "note": registry.log_key.sign(f"{STATEMENT}\n{body}\n")}
    registry.advisories.append(made)
    return made


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for recalls every time."""
    monkeypatch.setenv("SKILLYARD_REFRESH_SECONDS", "0")


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("90m", 5400), ("12h", 43200), ("3d", 259200), ("2w", 1209600)]
)
def test_ages_are_read(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "-1d", "3 d", "3y", "1d1h", "9999999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no age"):
        seconds_of(text)


@pytest.mark.parametrize(
    "other",
    [
        {"policy": []},
        {"policy": {"min_ages": "3d"}},
        {"policy": {"min_age": 3}},
        {"policy": {"min_age": "soon"}},
        {"policy": {"recalled": "ignore"}},
        {"permissions": {"network": {"outbound": "all"}}},
        {"permissions": {"disk": {}}},
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(SdkError) as refused:
        read_policy(ProjectFile(other=other), Options())
    assert refused.value.code == "bad_project_file"
    assert refused.value.faults[0].hint


def test_the_command_line_goes_before_the_project() -> None:
    stated = ProjectFile(other={"policy": {"min_age": "3d", "recalled": "warn"}})
    assert read_policy(stated, Options()).min_age_s == 3 * 86400
    assert read_policy(stated, Options(min_age_s=0)).min_age_s == 0
    assert read_policy(stated, Options()).allow_recalled
    assert not read_policy(ProjectFile(), Options()).allow_recalled


def test_the_age_reaches_the_registry(registry: StandIn, client: Client, project: Project) -> None:
    registry.add("acme/pdf")
    install(project, client, ["acme/pdf"], options=Options(min_age_s=60))
    (asked,) = registry.asked("POST", "/api/v1/resolve")
    assert json.loads(asked.body)["min_age_seconds"] == 60


@pytest.mark.usefixtures("hasty")
def test_a_recall_reaches_what_is_installed(registry: StandIn, client: Client, project: Project) -> None:
    registry.add("acme/pdf")
    install(project, client, ["acme/pdf"])
    assert verify(project, lambda: client).ok
    an_advisory(registry, "acme/pdf")
    assert verify(project).ok, "nobody has asked yet"
    assert verify(project, lambda: client).recalled == {"acme/pdf": "Leaks. (high, adv_1)"}
    assert not verify(project).ok, "known by now, without asking"
    for again in (lambda: install(project, client), lambda: ci(project, client)):
        with pytest.raises(Refused, match=r"acme/pdf 1\.0\.0 is recalled: Leaks\."):
            again()
    report = ci(project, client, options=Options(allow_recalled=True))
    assert any("recalled" in note for note in report.notes)


@pytest.mark.usefixtures("hasty")
def test_a_recall_of_another_skill_with_the_same_files_counts_only_when_a_reviewer_says_so(
    registry: StandIn, client: Client, project: Project
) -> None:
    registry.add("acme/pdf")
    install(project, client, ["acme/pdf"])
    lock = project.read_lock()
    assert lock is not None
    an_advisory(registry, "acme/pdf", name="evil/pdf")
    assert recalls_of(lock, refreshed(lambda: client, lock.registry)) == {}
    made = an_advisory(registry, "acme/pdf", name="evil/pdf", everywhere=True)
    assert "acme/pdf" in recalls_of(lock, refreshed(lambda: client, lock.registry))
    made["withdrawn_at"] = "2026-11-21T07:00:00.000Z"
    assert recalls_of(lock, refreshed(lambda: client, lock.registry)) == {}


@pytest.mark.usefixtures("hasty")
def test_without_network_the_last_known_recalls_count(registry: StandIn, client: Client, project: Project) -> None:
    registry.add("acme/pdf")
    install(project, client, ["acme/pdf"])
    an_advisory(registry, "acme/pdf")
    refreshed(lambda: client, client.base_url)
    registry.close()
    found = refreshed(lambda: client, client.base_url)
    assert "could not be asked for" in found.note
    assert [recall.id for recall in found.items] == ["adv_1"]
    assert known_recalls("http://127.0.0.1:9").note
    audited = audit(project, None)
    assert not audited.ok
    assert audited.skills[0].problems == ("recalled: Leaks. (high, adv_1)",)


def test_every_breach_of_the_budget_is_told_before_anything_is_written(
    registry: StandIn, client: Client, project: Project
) -> None:
    registry.add("acme/pdf", permissions={"network": {"outbound": ["api.example.com"]}, "subprocess": True})
    registry.add("acme/text", permissions={"environment": ["API_KEY"]})
    project.manifest_path.write_text('{"skills": {}, "permissions": {"network": {"outbound": ["*.example.com"]}}}')
    with pytest.raises(Refused) as refused:
        install(project, client, ["acme/pdf", "acme/text"])
    assert refused.value.facts["problems"] == [
        "acme/pdf 1.0.0 may start other programs, which skillyard.json does not allow",
        "acme/text 1.0.0 may read the environment variable API_KEY, which skillyard.json does not allow",
    ]
    assert not project.lock_path.exists()


@pytest.mark.usefixtures("hasty")
def test_a_recall_that_the_registry_has_not_signed_does_not_count(
    registry: StandIn, client: Client, project: Project
) -> None:
    registry.add("acme/pdf")
    install(project, client, ["acme/pdf"])
    made = an_advisory(registry, "acme/pdf")
    made["reason"] = "Something else."
    found = refreshed(lambda: client, client.base_url)
    assert found.items == ()
    assert "has not signed do not count: adv_1" in found.note


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("document", [{}, [], "x", {"withdrawn_at": None}, {"withdrawn_at": None, "id": 1, "note": 5}])
def test_recalls_that_make_no_sense_are_told_and_stop_nothing(
    registry: StandIn, client: Client, project: Project, document: Any
) -> None:
    registry.add("acme/pdf")
    registry.advisories.append(document)
    report = install(project, client, ["acme/pdf"])
    assert any("recalls cannot be read" in note for note in report.notes)
    assert verify(project).ok
