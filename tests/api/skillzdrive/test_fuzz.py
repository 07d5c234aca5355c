"""SkillzDrive's API, fuzzed from the document that it hands out: whatever comes, no answer is a fault of ours."""

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
from skillyard.api.skillzdrive.routes import build_skillzdrive, every_route
from skillyard.app import App
from tests.api.skillzdrive.sender import Sender
from tests.makers import a_release, make_app, secret_of

EXAMPLES = 4
UNKEPT = {"downloadPublicZip", "downloadOwnZip"}  # answer bytes


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    limits = {f"{what}_per_minute": 10**9 for what in ("reads", "writes", "logins", "skillzdrive_anonymous")}
    made = make_app(tmp_path_factory.mktemp("fuzz"), sandbox="off", **limits)
    yield made
    made.close()


@pytest.fixture(scope="module")
def headers(app: App) -> dict[str, str]:
    sender = Sender(app)
    a_release(app, sender.people["ada"], "ada/pdf", files={"scripts/a.sh": "echo a\n"})
    sender.data("bob", "POST", "/drive/import", {"skillSlug": "pdf"})
    return {"Authorization": f"Bearer {secret_of(sender.people['bob'])}"}


@pytest.fixture(scope="module")
def schema(app: App) -> Any:
    found: Any = schemathesis.openapi.from_dict(build_skillzdrive(app).openapi())
    found.app = build_asgi(app, Documents(app))
    return found


@pytest.mark.parametrize("name", sorted(operation_id(route) for route in every_route() if route.include_in_schema))
def test_no_answer_is_our_fault(schema: Any, headers: dict[str, str], name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate],
              suppress_health_check=list(HealthCheck), derandomize=True)  # fmt: skip
    @given(case=schema.find_operation_by_id(name).as_strategy())
    def probe(case: schemathesis.Case) -> None:
        response = case.call(headers=headers)
        is_off = response.status_code == 503 and response.json()["error"]["code"] == "sandbox_missing"
        if not is_off:
            case.validate_response(response, checks=[not_a_server_error])
        assert response.headers["x-request-id"]
        if response.status_code >= 400:
            error = response.json()["error"]
            assert all(isinstance(error[key], str) and error[key] for key in ("code", "message"))
            assert error["details"]["reason_code"]
        elif name not in UNKEPT:
            assert set(response.json()) == {"data"}

    probe()
