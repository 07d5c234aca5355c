"""Consent over HTTP: needs with what changed, grants given, approved and taken back, and refusals with reasons."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skillyard.api.surface import caller_with
from skillyard.domain.accounts.errors import TokenNotValid
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.domain.gateway.consent import leases
from skillyard.domain.runs.start import start_run
from skillyard.infra.events import read_after
from tests.api.native.api import Api
from tests.domain.gateway.granting import CREATE_ISSUE, NAME, Town, a_town
from tests.domain.gateway.test_call import connected
from tests.domain.gateway.upstream import Asked, Says, says
from tests.makers import a_person, secret_of


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with a_town(tmp_path) as made:
        yield made


@pytest.fixture
def ada(town: Town) -> Api:
    return Api(town.app, secret_of(town.ada))


def grant(**more: Any) -> dict[str, Any]:
    return {"skill": str(NAME), "action": CREATE_ISSUE, **more}


def test_a_grant_is_given_listed_and_taken_back(town: Town, ada: Api) -> None:
    release = town.publish()
    limits = {"repo": ["acme/*"]}
    made = ada.post("/grants", grant(limits=limits, expires_in_s=3600, digest=release.digest, connection="ada"))
    assert made.status == 201
    given = made.json()
    assert (given["skill"], given["version"], given["digest"]) == (str(NAME), "1.0.0", release.digest)
    assert (given["limits"], given["is_over"], given["connection"][:5]) == (limits, False, "conn_")
    assert ada.get("/grants").json()["items"] == [given]
    assert ada.get(f"/grants?skill={NAME}").json()["items"] == [given]
    assert ada.get("/grants?skill=ada/other").json()["items"] == []
    assert ada.delete(f"/grants/{given['id']}").json()["details"]["is_over"] is True
    assert ada.delete(f"/grants/{given['id']}").status == 404
    assert ada.get("/grants").json() == {"items": [], "next_cursor": None}


def test_needs_tell_what_is_missing_and_what_changed_and_it_is_approved_as_it_was_seen(town: Town, ada: Api) -> None:
    town.publish()
    found = ada.get(f"/skills/{NAME}/needs").json()
    assert [(one["action"], one["effect"], one["state"]) for one in found["needs"]] == [
        (CREATE_ISSUE, "write", "missing")
    ]
    assert found["approve_url"].endswith("/grants/approve?skill=ada/bot&version=1.0.0")
    ada.post("/grants", grant())
    town.publish("1.1.0", notes__txt="x")
    newer = ada.get(f"/skills/{NAME}/needs").json()
    assert [one["state"] for one in newer["needs"]] == ["stale"]
    assert newer["difference"] == {
        "since": "1.0.0", "may_newly": [], "changed": ["SKILL.md"], "added": ["notes.txt"], "removed": [],
    }  # fmt: skip
    body = {"skill": str(NAME), "version": "1.1.0", "digest": found["digest"]}
    refused = ada.post("/grants/approvals", body)
    assert (refused.status, refused.json()["error"]["code"]) == (409, "grant_for_other_content")
    (renewed,) = ada.post("/grants/approvals", {**body, "digest": newer["digest"]}).json()["items"]
    assert (renewed["version"], renewed["action"]) == ("1.1.0", CREATE_ISSUE)
    assert ada.get(f"/skills/{NAME}/needs?version=1.1.0").json()["needs"][0]["state"] == "granted"


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"action": "github.delete_repo"}, 403, "action_undeclared"),
        ({"action": "github"}, 403, "action_undeclared"),
        ({"action": "GitHub!"}, 422, "action_not_acceptable"),
        ({"action": "githb.create_issue"}, 404, "integration_not_found"),
        ({"limits": {"repoo": ["x"]}}, 422, "grant_not_acceptable"),
        ({"limits": {"repo": "x"}}, 422, "invalid_request"),
        ({"expires_in_s": 0}, 422, "grant_not_acceptable"),
        ({"connection": "nobody"}, 404, "connection_not_found"),
        ({"version": "9.0.0"}, 404, "release_not_found"),
        ({"skill": "ada/none"}, 404, "skill_not_found"),
        ({"skill": "no name"}, 422, "bad_skill_name"),
        ({"more": 1}, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_granted_is_refused_with_a_reason(
    town: Town, ada: Api, more: dict[str, Any], status: int, code: str
) -> None:
    town.publish()
    refused = ada.post("/grants", grant(**more))
    assert (refused.status, refused.json()["error"]["code"]) == (status, code)
    assert refused.json()["error"]["hint"]


def test_others_see_and_take_back_nothing(town: Town, ada: Api) -> None:
    town.publish()
    given = ada.post("/grants", grant()).json()
    bob = ada.as_(secret_of(a_person(town.app, "bob")))
    assert bob.get("/grants").json()["items"] == []
    assert bob.delete(f"/grants/{given['id']}").status == 404
    assert [one["state"] for one in bob.get(f"/skills/{NAME}/needs").json()["needs"]] == ["missing"]


def test_a_lease_of_a_run_is_no_token_and_its_owner_hears_that_somebody_tried(town: Town, ada: Api) -> None:
    town.publish()
    begun = start_run(town.app, town.ada, name=NAME, script="call.py")
    thief = ada.as_(leases.open_lease(town.app, begun))
    for path in ("/grants", "/me", f"/runs/{begun.id}"):
        assert thief.get(path).status == 401
    assert thief.post("/calls/github/create_issue", {"params": {}}).status == 401
    with town.app.database.reading() as tx:
        told = [event.data for event in read_after(tx, 0, limit=1000) if event.kind == "lease.misused"]
    assert told == [{"run_id": begun.id, "owner_id": town.ada.user_id, "where": "http"}]


def test_the_short_way_of_a_call_takes_no_lease_either(town: Town) -> None:
    town.publish()
    lease = leases.open_lease(town.app, start_run(town.app, town.ada, name=NAME, script="call.py"))
    with pytest.raises(TokenNotValid):
        caller_with(town.app, lease)
    with town.app.database.reading() as tx:
        assert [event.kind for event in read_after(tx, 0, limit=1000)].count("lease.misused") == 1


def test_a_skill_that_somebody_runs_themselves_calls_with_the_same_consent(town: Town, ada: Api) -> None:
    release = town.publish()
    where = f"/skills/{NAME}/releases/1.0.0/gateway"
    asked = {"digest": release.digest, "method": "POST", "path": "/v1/github/create_issue", "body": {"params": {}}}
    assert ada.post(where, asked).json()["body"]["reason_code"] == "grant_missing"
    town.give()
    answer = ada.post(where, {**asked, "body": {"params": {"repo": "acme/webapp", "title": "x"}}}).json()
    assert (answer["status"], answer["body"]["data"]) == (200, {"ok": True})
    listed = ada.post(where, {**asked, "method": "GET", "path": "/v1/skills"}).json()
    assert [one["slug"] for one in listed["body"]["integrations"]] == ["github"]
    other = ada.post(where, {**asked, "digest": "sha256:0"})
    assert (other.status, other.json()["error"]["code"]) == (409, "grant_for_other_content")
    narrow = create_token(town.app, town.ada, name="slack", scopes=[Scope.CALL], integrations=["slack"])
    refused = ada.as_(narrow.secret).post(where, asked)
    assert "action_undeclared" in refused.body.decode()
    reading = create_token(town.app, town.ada, name="reading", scopes=[Scope.READ])
    assert ada.as_(reading.secret).post(where, asked).status == 403
    assert len(town.github.asked) == 1


def test_skills_that_people_run_themselves_wait_for_slow_services_where_calls_do(tmp_path: Path) -> None:
    """Not in the threads of all other routes, which one person's would fill."""
    with a_town(tmp_path, gateway_calls_at_once=1) as town:
        asked_for, go_on = threading.Event(), threading.Event()

        def slow(_: Asked) -> Says:
            asked_for.set()
            assert go_on.wait(60)
            return says({})

        release, town.github.last = town.publish(), slow
        town.give()
        bob, ada = connected(town.app, a_person(town.app, "bob")), Api(town.app, secret_of(town.ada))
        params = {"params": {"repo": "acme/webapp", "title": "x"}}
        asked = {"digest": release.digest, "method": "POST", "path": "/v1/github/create_issue", "body": params}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(Api(town.app, secret_of(bob)).post, "/calls/github/create_issue", params)
            try:
                assert asked_for.wait(60)
                full = ada.post(f"/skills/{NAME}/releases/1.0.0/gateway", asked)
                assert (full.status, full.json()["error"]["code"]) == (503, "calls_full")
            finally:
                go_on.set()
            assert waiting.result(60).status == 200
