"""Whatever a hostile program sends, it gets an answer of ours: never a fault on our side, and nothing goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skillyard.domain.gateway.consent.consent import Content
from skillyard.domain.gateway.consent.skill_gateway import Acting, SkillGateway
from skillyard.sandbox.service import ServiceRequest
from tests.domain.gateway.granting import CREATE_ISSUE, Town, a_town

PATHS = [
    "/v1/github/create_issue",
    "/v1/skills",
    "/v1/skills/github",
    "/v1/skills/github/create_issue",
    "/v1/skills/x/y",
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
bodies = st.binary(max_size=60) | st.builds(lambda params: json.dumps({"params": params}).encode(), values)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with a_town(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(scope="module")
def gateway(town: Town) -> SkillGateway:
    release = town.publish()
    town.give(limits={"repo": ["acme/*"], "title": ["*"]})
    content = Content(name=release.name, version=release.version, digest=release.digest)
    owner_id = str(town.ada.user_id)
    return SkillGateway(
        town.app, Acting(run_id="run_1", owner_id=owner_id, content=content, declared=(CREATE_ISSUE, "x"))
    )


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]),
    path=st.sampled_from(PATHS) | st.text(max_size=40).map(lambda text: f"/{text}"),
    body=bodies,
)
@example(method="POST", path=PATHS[0], body=b'{"params": ' + b"[" * 5000 + b"]" * 5000 + b"}")
@example(method="POST", path=PATHS[0], body=b'{"params": {"repo": "acme/x", "title": "\\ud800"}}')
@example(method="POST", path=PATHS[0], body=b'{"params": {"repo": "acme/../x/y", "title": "t"}}')
@example(method="POST", path=PATHS[0], body=b'{"params": {"repo": "acme/x", "title": 1e999}}')
@example(method="POST", path=PATHS[0], body=b'{"params": {}, "connection": "conn_of-somebody"}')
@example(method="POST", path="/v1/github/create_issue/", body=b"{}")
@example(method="POST", path="//v1/github/create_issue", body=b"{}")
@example(method="GET", path="/v1/skills/github/create_issue\u2028", body=b"")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_request_has_an_answer_of_ours(
    town: Town, gateway: SkillGateway, method: str, path: str, body: bytes
) -> None:
    answer = gateway.answer(ServiceRequest(method=method, path=path, body=body))
    assert answer.status in (200, 400, 403, 404), (answer.status, answer.body)
    said = json.loads(answer.body)
    if answer.status == 200:
        assert method == "GET" or said["status"] == 200
    else:
        assert {"error", "message", "reason_code", "request_id"} <= set(said)
    assert all(asked.path.startswith("/repos/acme/") for asked in town.github.asked)


def test_only_some_calls_of_a_run_are_kept_for_its_receipt(gateway: SkillGateway) -> None:
    for _ in range(250):
        gateway.answer(ServiceRequest(method="POST", path=PATHS[0], body=b"{}"))
    listed = gateway.calls()
    assert len(listed) == 201
    assert listed[-1]["more"] >= 50
