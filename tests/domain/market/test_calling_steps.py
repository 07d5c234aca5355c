"""Steps that call integrations do so with the seller's account, and only what the seller granted to this content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.gateway.calls.audit import list_calls
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.domain.gateway.consent.grants import give
from skillyard.domain.gateway.jobs import DECLARED as OFFERED
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret
from skillyard.settings import IntegrationSettings
from skillyard.skill.names import SkillName
from tests.domain.gateway.upstream import Upstream, says, upstream
from tests.domain.market.sealed import JS, PY, a_rich_stall, failure, output, script, sealed
from tests.domain.market.stall import Stall
from tests.makers import make_app

CREATE = "github.create_issue"
DECLARED = {"skills.json": json.dumps({"permissions": {"integrations": [CREATE]}})}
PYTHON = """
import json, os, urllib.error, urllib.request

def run(input):
    address = os.environ["SKILLYARD_GATEWAY"] + "/v1/github/create_issue"
    headers = {"authorization": "Bearer " + os.environ["SKILLYARD_LEASE"]}
    params = {"repo": "acme/webapp", "title": input["url"]}
    asked = urllib.request.Request(address, json.dumps({"params": params}).encode(), headers)
    try:
        answer = json.load(urllib.request.urlopen(asked))
    except urllib.error.HTTPError as error:
        fail(json.load(error)["reason_code"])
    return {"summary": answer["data"]["html_url"]}
"""
JAVASCRIPT = """
const answer = await fetch(`${process.env.SKILLYARD_GATEWAY}/v1/github/create_issue`, {
  method: 'POST',
  headers: {authorization: `Bearer ${process.env.SKILLYARD_LEASE}`},
  body: JSON.stringify({params: {repo: 'acme/webapp', title: input.url}})
})
return {summary: (await answer.json()).data.html_url}
"""


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        made.last = says({"number": 1, "html_url": "https://github.test/1"}, 201)
        yield made


@pytest.fixture
def stall(tmp_path: Path, github: Upstream) -> Iterator[Stall]:
    assert OFFERED, "what runs are offered is declared where workers load it"
    clock = FixedClock()
    integrations = {"github": IntegrationSettings(base_url=github.url)}
    app = make_app(tmp_path, clock=clock, integrations=integrations, outbound_http_loopback=True)
    made = a_rich_stall(app, clock)
    for person, key in ((made.sal, "ghp_of-the-seller"), (made.bob, "ghp_of-the-buyer")):
        add_key(app, person, integration="github", secrets={"secret": Secret(key)}, variables={})
    yield made
    made.check()
    app.close()


@pytest.mark.parametrize(("runtime", "text"), [(PY, PYTHON), (JS, JAVASCRIPT)])
def test_a_step_calls_with_the_sellers_account(stall: Stall, github: Upstream, runtime: str, text: str) -> None:
    offer = sealed(stall, script(runtime, text), files=DECLARED)
    grant = give(stall.app, stall.sal, name=SkillName.parse(offer.name), action=CREATE)
    assert output(stall, offer) == {"summary": "https://github.test/1"}
    (asked,) = github.asked
    assert asked.headers["authorization"] == "Bearer ghp_of-the-seller"
    (row,) = list_calls(stall.app, stall.sal).items
    assert (row.skill, row.digest, row.grant_id) == (offer.name, offer.digest, grant.id)
    assert list_calls(stall.app, stall.bob).items == ()


def test_without_the_sellers_consent_nothing_is_called_whatever_the_buyer_granted(
    stall: Stall, github: Upstream
) -> None:
    offer = sealed(stall, script(PY, PYTHON), files=DECLARED)
    assert "grant_missing" in failure(stall, offer)
    assert github.asked == []
