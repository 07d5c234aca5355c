"""What was called, in the browser: whose it is, how it ended, and how much more there may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.passwords import set_password
from skillyard.domain.gateway.calls.call import CallRequest, RunRef, Who, call, perform
from skillyard.domain.gateway.calls.plans import set_plan
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.envelope import Secret
from tests.api.web.browser import Browser
from tests.makers import a_person, make_app
from tests.peers.myworld import REPO, GithubLike

SENTENCE = "purple rain on mondays"
RUN = RunRef(run_id="run_7", name="acme/triage", version="1.2.0", digest="d" * 64, grant_id="grant_1")


@pytest.fixture
def app(tmp_path: Path, github: GithubLike) -> Iterator[App]:
    made = make_app(tmp_path, integrations={"github": {"base_url": github.base_url}}, outbound_http_loopback=True)
    yield made
    made.close()


def _somebody(app: App, github: GithubLike, name: str) -> Caller:
    person = a_person(app, name)
    set_password(app, person, password=SENTENCE)
    add_key(app, person, integration="github", secrets={"secret": Secret(github.tokens[name])}, variables={})
    return person


def _browser(app: App, name: str) -> Browser:
    browser = Browser(app)
    browser.sign_in(name, SENTENCE)
    return browser


def _read(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status == 200, path
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.body.decode())).split())


def _request(endpoint: str = "create_issue", **params: str) -> CallRequest:
    return CallRequest(integration="github", endpoint=endpoint, params={"repo": REPO, **params}, request_id="req_1")


def test_each_sees_what_was_called_in_their_name_and_nobody_elses(app: App, github: GithubLike) -> None:
    ada, bob = (_somebody(app, github, name) for name in ("ada", "bob"))
    call(app, ada, _request(title="The Moonlight-Project leaks"))
    call(app, bob, _request("list_issues"))
    seen = _read(_browser(app, "ada"), "/calls")
    assert re.search(r"github\.create_issue write 201 \d+ ms", seen)
    assert "list_issues" not in seen
    assert "Moonlight" not in seen
    assert re.search(r"github 1 0 \d+ ms", seen)


def test_a_call_of_a_skill_is_shown_with_its_run(app: App, github: GithubLike) -> None:
    ada = _somebody(app, github, "ada")
    user_id, username = ada.identity
    perform(app, Who(user_id=user_id, username=username, run=RUN), _request(title="Found by a skill"))
    call(app, ada, _request("list_issues"))
    browser = _browser(app, "ada")
    assert "acme/triage 1.2.0 run_7" in _read(browser, "/calls")
    of_run = _read(browser, "/calls?run=run_7")
    assert "in run run_7" in of_run
    assert "list_issues" not in of_run
    assert "None of these." in _read(browser, "/calls?of=gitlab")


def test_what_failed_and_what_is_left_is_told(app: App, github: GithubLike) -> None:
    ada = _somebody(app, github, "ada")
    set_plan(app, ada, username="ada", plan="free")
    call(
        app,
        ada,
        CallRequest(integration="github", endpoint="list_issues", params={"repo": "acme/none"}, request_id="r"),
    )
    seen = _read(_browser(app, "ada"), "/calls")
    assert re.search(r"github\.list_issues read 404", seen)
    assert "Your plan: free." in seen
    assert "1 of 10,000 in this day (UTC)." in seen


def test_many_calls_have_pages(app: App, github: GithubLike) -> None:
    ada = _somebody(app, github, "ada")
    for _ in range(31):
        call(app, ada, _request("list_issues"))
    browser = _browser(app, "ada")
    first = browser.get("/calls").body.decode()
    assert first.count("github.list_issues") == 30
    (more,) = re.findall(r'href="(/calls\?cursor=[^"]+)#calls"', first)
    assert browser.get(unescape(more)).body.decode().count("github.list_issues") == 1


def test_nothing_is_shown_to_nobody(app: App) -> None:
    assert Browser(app).get("/calls").status in (303, 401)
