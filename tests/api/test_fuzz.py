"""The API, fuzzed from its own OpenAPI document: whatever comes, no answer is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from skillyard.api.asgi import build_asgi
from skillyard.api.native.application import build_native, every_route, operation_id
from skillyard.api.native.documents import Documents
from skillyard.app import App
from tests.makers import a_person, a_release, make_app, secret_of

EXAMPLES = 25
NOT_SET_UP = {"payment_provider_not_set_up"}  # answers 503: the operator's to change, not a fault


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    made = make_app(
        tmp_path_factory.mktemp("fuzz"), reads_per_minute=10**9, writes_per_minute=10**9, logins_per_minute=10**9
    )
    yield made
    made.close()


@pytest.fixture(scope="session")
def headers(app: App) -> dict[str, str]:
    """An administrator with one release, so that paths lead somewhere."""
    person = a_person(app, "ada")
    a_release(app, person)
    return {"Authorization": f"Bearer {secret_of(person)}"}


@pytest.fixture(scope="session")
def schema(app: App) -> Any:
    found: Any = schemathesis.openapi.from_dict(build_native(app).openapi())
    found.app = build_asgi(app, Documents(app))
    return found


@pytest.mark.parametrize("name", sorted(operation_id(route) for route in every_route()))
def test_no_answer_is_our_fault(schema: Any, headers: dict[str, str], name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate],
              suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
    @given(case=schema.find_operation_by_id(name).as_strategy())
    def probe(case: schemathesis.Case) -> None:
        if isinstance((case.query or {}).get("wait"), int | float):
            case.query["wait"] = min(case.query["wait"], 0.05)  # nobody will answer: there is no worker
        response = case.call(headers=headers)
        if response.status_code != 503 or response.json()["error"]["code"] not in NOT_SET_UP:
            case.validate_response(response, checks=[not_a_server_error])
        assert response.headers["x-request-id"]
        if response.status_code >= 400:
            error = response.json()["error"]
            assert error["code"]
            assert error["message"]
            assert set(error) == {"code", "message", "hint", "facts", "faults", "request_id"}

    probe()
