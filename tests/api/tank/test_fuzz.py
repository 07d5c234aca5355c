"""Tank's API, fuzzed from the document that it hands out: whatever comes, no answer is a fault of ours."""

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
from skillyard.api.tank.routes import build_tank, every_route
from skillyard.api.tank.searching import Searches
from skillyard.app import App
from tests.makers import a_person, a_release, make_app, secret_of

HOST = "tank.example.org"
EXAMPLES = 25


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    limits = {f"{what}_per_minute": 10**9 for what in ("reads", "writes", "logins")} | {"scans_per_hour": 10**9}
    made = make_app(tmp_path_factory.mktemp("fuzz"), tank_hosts=HOST, **limits)
    yield made
    made.close()


@pytest.fixture(scope="session")
def headers(app: App) -> dict[str, str]:
    person = a_person(app, "ada")
    a_release(app, person)
    return {"Authorization": f"Bearer {secret_of(person)}", "Host": HOST}


@pytest.fixture(scope="session")
def schema(app: App) -> Any:
    documents = Documents(app)
    found: Any = schemathesis.openapi.from_dict(build_tank(app, Searches(app, documents)).openapi())
    found.app = build_asgi(app, documents)
    return found


@pytest.mark.parametrize("name", sorted(operation_id(route) for route in every_route()))
def test_no_answer_is_our_fault(schema: Any, headers: dict[str, str], name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate],
              suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
    @given(case=schema.find_operation_by_id(name).as_strategy())
    def probe(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        if name != "scan" or response.status_code != 502:  # an address that does not answer
            case.validate_response(response, checks=[not_a_server_error])
        assert response.headers["x-request-id"]
        if response.status_code >= 400:
            assert isinstance(response.json()["error"], str)

    probe()
