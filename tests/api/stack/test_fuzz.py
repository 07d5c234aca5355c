"""STACK's API, fuzzed from the document that it hands out: whatever comes, no answer is a fault of ours."""

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
from skillyard.api.stack.routes import build_stack, every_route
from skillyard.app import App
from tests.api.stack.conftest import a_skill
from tests.api.stack.sender import Sender
from tests.makers import make_app, secret_of

EXAMPLES = 8
NOT_READY = 503  # where the operator has set no way to pay up


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    limits = {f"{what}_per_minute": 10**9 for what in ("reads", "writes", "logins")}
    made = make_app(tmp_path_factory.mktemp("fuzz"), **limits)
    yield made
    made.close()


@pytest.fixture(scope="session")
def headers(app: App) -> dict[str, str]:
    sender = Sender(app)
    sender.publish(a_skill("there"))
    return {"Authorization": f"Bearer {secret_of(sender.people['sal'])}"}


@pytest.fixture(scope="session")
def schema(app: App) -> Any:
    found: Any = schemathesis.openapi.from_dict(build_stack(app).openapi())
    found.app = build_asgi(app, Documents(app))
    return found


@pytest.mark.parametrize("name", sorted(operation_id(route) for route in every_route() if route.include_in_schema))
def test_no_answer_is_our_fault(schema: Any, headers: dict[str, str], name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate],
              suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
    @given(case=schema.find_operation_by_id(name).as_strategy())
    def probe(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        if response.status_code != NOT_READY:
            case.validate_response(response, checks=[not_a_server_error])
        assert response.headers["x-request-id"]
        answer = response.json()  # the client ends with a traceback where there is no JSON
        if response.status_code >= 400 and name != "renewToken":
            error = answer["error"]
            assert all(isinstance(error[key], str) and error[key] for key in ("code", "message"))
            assert isinstance(error["details"], dict)

    probe()
