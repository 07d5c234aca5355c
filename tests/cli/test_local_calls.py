"""`skillyard run --local`: a skill calls from one's own machine with the consent that a run at the registry needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.domain.gateway.granting import CALL, CREATE_ISSUE, KEY
from tests.domain.gateway.upstream import Upstream, says, upstream
from tests.journeys.running import User, a_server, a_skill, sign_in

BOT = "ada/bot"
PARAMS = {"repo": "acme/webapp", "title": "Bug"}


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        made.last = says({"number": 7}, 201)
        yield made


@pytest.fixture
def ada(tmp_path: Path, github: Upstream) -> Iterator[User]:
    settings = {"integrations__github__base_url": github.url, "outbound_http_loopback": "true"}
    with a_server(tmp_path / "server", worker=False, **settings) as server:
        user = sign_in(server, tmp_path / "ada", "ada")
        user.run("connections", "key", "github", stdin=KEY)
        publish(user, "1.0.0")
        yield user


def publish(user: User, version: str) -> None:
    folder = a_skill(user.project / version / "bot", "bot", version)
    (folder / "skills.json").write_text(json.dumps({"permissions": {"integrations": [CREATE_ISSUE]}}))
    (folder / "scripts" / "call.py").write_text(CALL)
    user.run("publish", str(folder))


def call(user: User, *more: str, params: Any = PARAMS) -> Any:
    done = user.run("run", BOT, "call.py", "--local", "--yes", "--", CREATE_ISSUE, json.dumps(params), *more)
    return json.loads(done.stdout)


def test_a_skill_calls_from_ones_own_machine_as_far_as_it_is_granted(ada: User, github: Upstream) -> None:
    refused = call(ada)
    assert (refused["http"], refused["reason_code"]) == (403, "grant_missing")
    ada.run("grants", "give", BOT, CREATE_ISSUE, "--limit", "repo=acme/*", "--yes")
    assert call(ada)["data"] == {"number": 7}
    assert call(ada, params={**PARAMS, "repo": "evil/x"})["reason_code"] == "outside_grant"
    assert call(ada, "another-lease")["http"] == 401
    assert call(ada, params={"repo": "acme/webapp"})["reason_code"] == "params_invalid"
    publish(ada, "1.0.1")
    assert call(ada)["reason_code"] == "grant_stale"
    (asked,) = github.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    (row,) = ada.data("calls", "list")
    assert (row["skill"], row["run_id"]) == (BOT, "local")
