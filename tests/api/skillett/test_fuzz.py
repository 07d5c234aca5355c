"""Skillett's API, fuzzed from the document that it hands out: whatever comes, no answer is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from skillyard.api.asgi import build_asgi
from skillyard.api.native.application import operation_id
from skillyard.api.native.documents import Documents
from skillyard.api.skillett.routes import build_skillett, every_route
from skillyard.app import App
from tests.api.skillett.sender import Sender
from tests.makers import make_app, secret_of

EXAMPLES = 8
BYTES = {"downloadSkill"}
NOT_SET_UP = {"oauth_client_missing"}  # what an operator has to do first


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    limits = {f"{what}_per_minute": 10**9 for what in ("reads", "writes", "logins", "gateway_calls")}
    made = make_app(tmp_path_factory.mktemp("fuzz"), **limits)
    yield made
    made.close()


@pytest.fixture(scope="module")
def headers(app: App) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret_of(Sender(app).people['bob'])}"}


@pytest.fixture(scope="module")
def schema(app: App) -> Any:
    found: Any = schemathesis.openapi.from_dict(build_skillett(app).openapi())
    found.app = build_asgi(app, Documents(app))
    return found


@pytest.mark.parametrize("name", sorted(operation_id(route) for route in every_route()))
def test_no_answer_is_our_fault(schema: Any, headers: dict[str, str], name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate],
              suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
    @given(case=schema.find_operation_by_id(name).as_strategy())
    def probe(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        is_set_up = response.status_code != 503 or response.json()["reason_code"] not in NOT_SET_UP
        if is_set_up:
            case.validate_response(response, checks=[not_a_server_error])
        assert response.headers["x-request-id"]
        if response.status_code >= 400:
            error = response.json()
            assert all(isinstance(error[key], str) and error[key] for key in ("error", "message", "reason_code"))
        elif name not in BYTES:
            assert "error" not in response.json()

    probe()
