"""The imitation of GitHub behaves as our tests rely on it to."""

from __future__ import annotations

import httpx

from tests.peers.myworld import REPO, GithubLike


def _ask(github: GithubLike, method: str, path: str, *, login: str = "ada", **more: object) -> httpx.Response:
    headers = {"authorization": f"Bearer {github.tokens[login]}"}
    return httpx.request(method, f"{github.base_url}{path}", headers=headers, timeout=60, **more)  # type: ignore[arg-type]


def test_an_issue_is_kept_with_who_wrote_it(github: GithubLike) -> None:
    made = _ask(github, "POST", f"/repos/{REPO}/issues", login="bob", json={"title": "The second page, too"})
    assert (made.status_code, made.json()["user"]["login"]) == (201, "bob")
    assert [issue["title"] for issue in github.issues()] == ["The second page, too", "The first page is slow"]


def test_worlds_know_nothing_of_each_other(github: GithubLike) -> None:
    assert [issue["title"] for issue in github.issues()] == ["The first page is slow"]


def test_it_refuses_what_github_refuses(github: GithubLike) -> None:
    assert _ask(github, "POST", f"/repos/{REPO}/issues", json={}).status_code == 422
    stranger = httpx.get(f"{github.base_url}/user", headers={"authorization": "Bearer gho_none"}, timeout=60)
    assert stranger.status_code == 401


def test_its_answers_tell_of_limits_scopes_and_requests(github: GithubLike) -> None:
    answer = _ask(github, "GET", "/user")
    assert answer.json()["login"] == "ada"
    assert {"x-ratelimit-remaining", "x-oauth-scopes", "x-github-request-id"} <= set(answer.headers)
