"""The API, fuzzed from its own OpenAPI document: whatever comes, no answer is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from skillyard.api.native.documents import Documents

from skillyard.api.asgi import build_asgi
from skillyard.api.native.application import build_native
from skillyard.app import App
from tests.makers import a_person, a_release, make_app, secret_of

EXAMPLES = 12


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


@pytest.fixture
def api_schema(app: App, headers: dict[str, str]) -> Any:
    document = build_native(app).openapi()
    schema = schemathesis.openapi.from_dict(document)
    schema.app = build_asgi(app, Documents(app))
    return schema


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_our_fault(case: Case, headers: dict[str, str]) -> None:
    response = case.call(headers=headers)
    case.validate_response(response, checks=[not_a_server_error])
    assert response.headers["x-request-id"]
    if response.status_code >= 400:
        error = response.json()["error"]
        assert error["code"]
        assert error["message"]
        assert set(error) == {"code", "message", "hint", "facts", "faults", "request_id"}
