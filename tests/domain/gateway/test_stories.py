"""What people do with GitHub, Gmail, Google Calendar and Google Drive, against imitations that somebody else wrote.

They keep what is done, and refuse what the real ones refuse: what comes back proves what was sent.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import CallRequest, CallResult, call
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets
from skillyard.domain.gateway.connect.connections import keep
from skillyard.infra.envelope import Secret
from tests.makers import a_person, make_app
from tests.peers.myworld import REPO, GithubLike, Myworld


@dataclass(frozen=True)
class Agent:
    """Somebody who has connected an integration."""

    app: App
    caller: Caller
    integration: str

    def ask(self, endpoint: str, **params: Any) -> CallResult:
        return call(
            self.app,
            self.caller,
            CallRequest(integration=self.integration, endpoint=endpoint, params=params, request_id="req_1"),
        )

    def done(self, endpoint: str, **params: Any) -> Any:
        """What comes back of a call that must succeed."""
        result = self.ask(endpoint, **params)
        assert result.status < 300, (endpoint, result.status, result.data)
        assert result.meta.failure is None
        return result.data


@pytest.fixture
def at_github(tmp_path: Path, github: GithubLike) -> Iterator[Agent]:
    yield from _connected(tmp_path, "github", {"github": github.base_url}, github.token)


@pytest.fixture(params=["gmail", "google-calendar", "google-drive"])
def at_google(request: pytest.FixtureRequest, tmp_path: Path, myworld: Myworld) -> Iterator[Agent]:
    with myworld.google() as google:
        yield from _connected(tmp_path, request.param, dict(google.base_urls), google.token)


def _connected(folder: Path, slug: str, base_urls: dict[str, str], token: str) -> Iterator[Agent]:
    settings = {name: {"base_url": url} for name, url in base_urls.items()}
    app = make_app(folder, integrations=settings, outbound_http_loopback=True)
    caller, integration = a_person(app), find_integration(app, slug)
    secrets = AccountSecrets(access=Secret(token))
    with app.database.transaction() as tx:
        keep(app, tx, caller, integration, integration.ways[0], secrets, None, variables={}, why="identity")
    yield Agent(app, caller, slug)
    app.close()


def test_an_issue_from_its_report_to_its_end(at_github: Agent) -> None:
    issue = {"repo": REPO, "issue_number": 2}
    made = at_github.done("create_issue", repo=REPO, title="Slow & odd: 100 %", body="*Very*\n\nslow.", labels=["bug"])
    assert (made["number"], made["title"], made["body"]) == (2, "Slow & odd: 100 %", "*Very*\n\nslow.")
    at_github.done("create_issue_comment", **issue, body="I see it, too.")
    assert [one["body"] for one in at_github.done("list_issue_comments", **issue)] == ["I see it, too."]
    at_github.done("add_labels", **issue, labels=["question"])
    at_github.done("remove_label", **issue, name="bug")
    assert [label["name"] for label in at_github.done("get_issue", **issue)["labels"]] == ["question"]
    at_github.done("update_issue", **issue, state="closed")
    assert [one["number"] for one in at_github.done("list_issues", repo=REPO)] == [1]
    assert [one["number"] for one in at_github.done("list_issues", repo=REPO, state="closed")] == [2]


def test_pages_follow_each_other(at_github: Agent) -> None:
    for number in range(3):
        at_github.done("create_issue", repo=REPO, title=f"Number {number}")
    seen: list[str] = []
    params: dict[str, Any] = {"repo": REPO, "per_page": 2}
    while True:
        result = at_github.ask("list_issues", **params)
        seen += [one["title"] for one in result.data]
        if result.meta.page is None:
            break
        params |= result.meta.page
    assert sorted(seen) == ["Number 0", "Number 1", "Number 2", "The first page is slow"]


def test_a_change_from_its_branch_to_its_merge(at_github: Agent) -> None:
    start = at_github.done("list_branches", repo=REPO)[0]["commit"]["sha"]
    at_github.done("create_branch", repo=REPO, ref="refs/heads/docs/more", sha=start)
    text = "# Web app\n\nNow with words: ü.\n"
    before = at_github.done("get_content", repo=REPO, path="README.md")["sha"]
    at_github.done(
        "write_file", repo=REPO, path="README.md", branch="docs/more", message="Say more", sha=before,
        content=base64.b64encode(text.encode()).decode(),
    )  # fmt: skip
    made = at_github.done("create_pull_request", repo=REPO, title="Say more", head="docs/more", base="main")
    pull = {"repo": REPO, "pull_number": made["number"]}
    assert [one["filename"] for one in at_github.done("list_pull_request_files", **pull)] == ["README.md"]
    assert at_github.done("merge_pull_request", **pull)["merged"] is True
    found = at_github.done("get_readme", repo=REPO)
    assert base64.b64decode(found["content"]).decode() == text
    assert at_github.done("list_commits", repo=REPO)[0]["sha"]


def test_what_there_is_not_is_told_as_github_tells_it(at_github: Agent) -> None:
    result = at_github.ask("get_issue", repo=REPO, issue_number=999)
    assert (result.status, result.data["message"]) == (404, "Not Found")
    assert result.meta.rate is not None
    assert result.meta.upstream_request_id


@pytest.mark.parametrize("at_google", ["gmail"], indirect=True)
def test_mail_is_written_sent_found_and_sorted(at_google: Agent) -> None:
    me = at_google.done("get_profile")["emailAddress"]
    at_google.done("send_message", to=[me], subject="Größe & Gewicht", body="Line one\nLine two: ü\n", html="<p>ü</p>")
    listed = at_google.done("list_messages", q="subject:Gewicht")["messages"]
    found = at_google.done("get_message", message_id=listed[0]["id"])
    headers = {one["name"].lower(): one["value"] for one in found["payload"]["headers"]}
    assert headers["subject"] == "Größe & Gewicht"
    label = at_google.done("create_label", name="Orders/Weights")
    at_google.done("modify_message", message_id=found["id"], add_label_ids=[label["id"]], remove_label_ids=["UNREAD"])
    assert label["id"] in at_google.done("get_message", message_id=found["id"])["labelIds"]
    draft = at_google.done("create_draft", to=[me], subject="Later", body="Not yet.")
    at_google.done("send_draft", draft_id=draft["id"])
    at_google.done("trash_message", message_id=found["id"])
    assert "TRASH" in at_google.done("get_message", message_id=found["id"])["labelIds"]


@pytest.mark.parametrize("at_google", ["google-calendar"], indirect=True)
def test_an_event_is_planned_moved_and_called_off(at_google: Agent) -> None:
    begins, ends = {"dateTime": "2026-12-01T09:00:00Z"}, {"dateTime": "2026-12-01T10:00:00Z"}
    made = at_google.done("create_event", calendar_id="primary", summary="Review", start=begins, end=ends)
    event = {"calendar_id": "primary", "event_id": made["id"]}
    assert at_google.done("update_event", **event, summary="Long review")["summary"] == "Long review"
    day = {"time_min": "2026-12-01T00:00:00Z", "time_max": "2026-12-02T00:00:00Z"}
    (listed,) = at_google.done("list_events", calendar_id="primary", **day)["items"]
    assert (listed["id"], listed["summary"]) == (made["id"], "Long review")
    busy = at_google.done("find_busy_times", **day, items=[{"id": "primary"}])
    assert len(busy["calendars"]["primary"]["busy"]) == 1
    at_google.done("delete_event", **event)
    assert at_google.done("list_events", calendar_id="primary", **day)["items"] == []


@pytest.mark.parametrize("at_google", ["google-drive"], indirect=True)
def test_a_file_is_made_shared_copied_and_thrown_away(at_google: Agent) -> None:
    made = at_google.done("create_file", name='Plan\'s "draft".txt', mime_type="text/plain")
    file = {"file_id": made["id"]}
    assert at_google.done("update_file", **file, name="Plan.txt")["name"] == "Plan.txt"
    assert at_google.done("get_file", **file)["name"] == "Plan.txt"
    at_google.done("share_file", **file, role="reader", type="user", email_address="priya@acme.com")
    roles = {one["role"] for one in at_google.done("list_permissions", **file)["permissions"]}
    assert roles == {"owner", "reader"}
    copy = at_google.done("copy_file", **file, name="Plan 2.txt")
    assert copy["id"] != made["id"]
    at_google.done("delete_file", **file)
    assert at_google.ask("get_file", **file).status == 404
