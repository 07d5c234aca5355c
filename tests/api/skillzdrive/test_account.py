"""Account, webhooks, discovery, leaderboard and telemetry as the reference documents them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.drive.came_from import address_of
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.market.uses import follow_uses
from skillyard.domain.payments.credits import grant_credits
from skillyard.domain.runs.finish import end_without_result
from skillyard.domain.runs.model import RunStatus, SessionStatus
from skillyard.domain.runs.read import list_runs
from skillyard.domain.runs.sessions import list_sessions
from tests.api.skillzdrive.sender import Sender, refused
from tests.makers import a_release, indexed, make_app


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    app = make_app(tmp_path)
    made = Sender(app)
    for slug in ("pdf", "notes"):
        a_release(app, made.people["ada"], f"ada/{slug}")
    yield made
    app.close()


def test_credits_come_from_the_ledger_with_the_last_ten_transactions(sender: Sender) -> None:
    for number in range(12):
        grant_credits(sender.app, sender.people["ada"], username="bob", amount="5", reason=f"present {number}")
    shown = sender.data("bob", "GET", "/account/credits")
    assert (shown["balance"], shown["monthly_skill_calls"]) == (60, 0)
    assert [one["description"] for one in shown["recent_transactions"]] == [f"present {n}" for n in range(11, 1, -1)]
    assert {one["amount"] for one in shown["recent_transactions"]} == {5}
    assert sender.data("ada", "GET", "/account/credits")["monthly_skill_call_limit"] == "unlimited"


def test_a_key_sees_the_credits_that_it_spends(sender: Sender) -> None:
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf"})
    key = sender.data("bob", "POST", "/collections", {"name": "one", "skillSlugs": ["pdf"]}, status=201)["api_key"]
    assert sender.data(key, "GET", "/account/credits")["balance"] == 0


def test_webhooks_are_added_listed_and_removed_and_their_secret_is_shown_once(sender: Sender) -> None:
    body = {"url": "https://9.9.9.9/in", "events": ["credits.threshold_hit"], "threshold_value": 10}
    made = sender.data("bob", "POST", "/account/webhooks", body, status=201)
    assert made["secret"].startswith("whsec_")
    (listed,) = sender.data("bob", "GET", "/account/webhooks")["webhooks"]
    assert listed == made["webhook"]
    assert (listed["threshold_value"], listed["last_delivery_status"]) == (10, None)
    assert (
        sender.refused("eve", "DELETE", f"/account/webhooks/{listed['id']}", status=404)["code"] == "webhook_not_found"
    )
    assert sender.data("bob", "DELETE", f"/account/webhooks/{listed['id']}")["deleted"] is True
    assert sender.data("bob", "GET", "/account/webhooks") == {"webhooks": []}


def test_a_webhook_that_cannot_be_is_refused(sender: Sender) -> None:
    here = "https://9.9.9.9/in"
    bodies: list[dict[str, Any]] = [
        {"url": here, "events": ["credits.threshold_hit"]},
        {"url": here, "events": ["credits.exhausted"], "threshold_value": 5},
        {"url": here, "events": ["none"]},
        {"url": here, "events": []},
        {"url": "http://127.0.0.1:1/", "events": ["credits.exhausted"]},
        {"url": "file:///etc/passwd", "events": ["credits.exhausted"]},
        {"events": ["credits.exhausted"]},
    ]
    for body in bodies:
        sender.refused("bob", "POST", "/account/webhooks", body, status=400)


def test_discovery_is_paged_by_ten_and_says_where_skills_are_from(sender: Sender) -> None:
    for number in range(12):
        a_release(sender.app, sender.people["ada"], f"ada/table-{number}", description="Makes tables of anything.")
    indexed(sender.app)
    first = sender.data("bob", "GET", "/skills/discover?keywords=tables")
    assert (len(first["skills"]), first["total"], first["next_offset"]) == (10, 12, 10)
    rest = sender.data("bob", "GET", "/skills/discover?keywords=tables&offset=10")
    assert (len(rest["skills"]), rest["next_offset"]) == (2, None)
    slugs = {skill["slug"] for page in (first, rest) for skill in page["skills"]}
    assert slugs == {f"table-{number}" for number in range(12)}
    assert {skill["source"] for skill in first["skills"]} == {"marketplace"}
    sender.refused("bob", "GET", "/skills/discover", status=400)
    sender.refused(None, "GET", "/skills/discover?keywords=tables", status=401)


@pytest.mark.parametrize(
    ("ref", "path", "shown"),
    [
        ("refs/heads/main", "skills/pdf", "https://github.com/o/r/tree/main/skills/pdf"),
        ("refs/tags/v1", "", "https://github.com/o/r/tree/v1"),
        ("HEAD", "pdf", "https://github.com/o/r/tree/c0ffee/pdf"),
    ],
)
def test_the_address_of_an_import_is_one_that_a_browser_opens(ref: str, path: str, shown: str) -> None:
    origin = Origin(
        name="ada/pdf", address="", repository="https://github.com/o/r.git", ref=ref, path=path, commit="c0ffee",
        version="0.1.0", user_id=None, source_id=None, at_ms=0, checked_ms=0,
    )  # fmt: skip
    assert address_of(origin) == shown


def _report(install: str, *slugs: str, **more: Any) -> dict[str, Any]:
    return {
        "install_id": install,
        "event_type": "install",
        "cli_version": "0.1.0",
        "os": "darwin/arm64",
        "skill_slugs": list(slugs),
        "source_types": ["skillzdrive"],
        "metadata": {"installed": len(slugs), "failed": 0, "note": "text"},
        **more,
    }


def test_installs_that_are_reported_lift_a_skill_once_a_day_and_install(sender: Sender) -> None:
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    for install, slugs in ((one, ["pdf"]), (one, ["pdf", "none", "../x"]), (other, ["pdf", "notes"])):
        assert sender.data(None, "POST", "/telemetry/anonymous", _report(install, *slugs)) == {"recorded": True}
    follow_uses(sender.app)
    ranked = sender.data("bob", "GET", "/skills/leaderboard?sort_by=installs")
    assert [(one["slug"], one["rank"], one["installs"]) for one in ranked["skills"]] == [("pdf", 1, 2), ("notes", 2, 1)]
    assert sender.data("bob", "GET", "/skills/leaderboard") == {"sort_by": "executions", "skills": []}
    sender.data("bob", "GET", "/skills/leaderboard?sort_by=rating")
    sender.refused("bob", "GET", "/skills/leaderboard?sort_by=none", status=400)


def test_an_install_is_adopted_once_by_one(sender: Sender) -> None:
    install = str(uuid.uuid4())
    sender.data(None, "POST", "/telemetry/anonymous", _report(install, "pdf"))
    for _ in range(2):
        adopted = sender.data("bob", "POST", "/migrations/anonymous-adopt", {"install_id": install})
        assert adopted == {"install_id": install, "adopted": True, "events": 1}
    error = sender.refused("eve", "POST", "/migrations/anonymous-adopt", {"install_id": install}, status=409)
    assert error["code"] == "install_adopted"
    sender.refused(None, "POST", "/migrations/anonymous-adopt", {"install_id": install}, status=401)


def test_a_report_that_cannot_be_is_refused(sender: Sender) -> None:
    wrong: list[dict[str, Any]] = [{"install_id": "none"}, {"event_type": "none"}, {"os": "a b\n"}, {"metadata": []}]
    for changed in wrong:
        sender.refused(None, "POST", "/telemetry/anonymous", _report(str(uuid.uuid4()), **changed), status=400)


def test_a_run_that_never_began_is_refused_with_the_reason_and_leaves_no_session(sender: Sender) -> None:
    app, bob = sender.app, sender.people["bob"]
    a_release(app, sender.people["ada"], "ada/tool", files={"scripts/a.sh": "echo a\n"})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sender.send, "bob", "POST", "/api/v1/runs", {"skillSlug": "tool", "scriptName": "a.sh"})
        until = time.monotonic() + 60
        while not (found := list_runs(app, bob).items) and time.monotonic() < until:
            time.sleep(0.05)
        end_without_result(app, found[0], RunStatus.REFUSED, "nothing can be isolated here", claim=None)
        error = refused(waiting.result(timeout=60), 409)
    assert error["code"] == "run_not_done"
    assert "nothing can be isolated here" in error["message"]
    assert [session.status for session in list_sessions(app, bob).items] == [SessionStatus.CLOSED]
