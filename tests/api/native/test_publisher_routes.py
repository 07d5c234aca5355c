from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from tests.api.native.api import Api
from tests.identity_provider import GITHUB_CLAIMS, IdentityProvider
from tests.makers import a_person, make_app, secret_of

US = "http://127.0.0.1:8400"


@pytest.fixture
def app(tmp_path: Path, ci_system: IdentityProvider) -> Iterator[App]:
    app = make_app(tmp_path, trusted_issuers=f"github={ci_system.issuer}", outbound_http_loopback=True)
    yield app
    app.close()


@pytest.fixture
def ada(app: App) -> Api:
    return Api(app, secret_of(a_person(app, "ada")))


def test_a_publisher_is_added_listed_and_removed(ada: Api, ci_system: IdentityProvider) -> None:
    body = {"issuer": ci_system.issuer, "claims": GITHUB_CLAIMS, "slug": "pdf"}
    added = ada.post("/namespaces/ada/publishers", body)
    assert added.status == 201
    publisher = added.json()
    assert publisher["skill"] == "ada/pdf"
    assert publisher["claims"] == GITHUB_CLAIMS
    assert publisher["added_by"] == "ada"
    assert publisher["lasting"] == {}
    assert ada.get("/namespaces/ada/publishers").json() == {"items": [publisher], "next_cursor": None}
    again = ada.post("/namespaces/ada/publishers", body)
    assert (again.status, again.json()["error"]["code"]) == (409, "publisher_exists")
    assert ada.delete(f"/namespaces/ada/publishers/{publisher['id']}").json() == publisher
    gone = ada.delete(f"/namespaces/ada/publishers/{publisher['id']}")
    assert (gone.status, gone.json()["error"]["code"]) == (404, "publisher_not_found")


def test_an_identity_is_exchanged_for_a_token(ada: Api, ci_system: IdentityProvider) -> None:
    ada.post("/namespaces/ada/publishers", {"issuer": ci_system.issuer, "claims": GITHUB_CLAIMS})
    answer = ada.as_(None).post("/auth/oidc/exchange", {"token": ci_system.token(US), "target": "ada/pdf"})
    assert answer.status == 200
    token = answer.json()
    assert set(token) == {"access_token", "expires_at", "target", "identity", "publisher_id"}
    assert token["target"] == "ada/pdf"
    assert token["identity"] == "acme/skills (GitHub Actions)"
    job = ada.as_(token["access_token"])
    assert job.get("/me").json()["error"]["code"] == "token_for_publishing"
    assert job.post("/auth/logout").status == 403
    assert job.get("/skills").status == 200


def test_refusals_say_what_to_do(ada: Api, ci_system: IdentityProvider) -> None:
    nobody = ada.as_(None)
    for token, status, code in (
        ("a.b.c", 401, "id_token_not_valid"),
        (ci_system.token("https://other.example.org"), 401, "id_token_not_valid"),
        (ci_system.token(US), 403, "no_trusted_publisher"),
    ):
        answer = nobody.post("/auth/oidc/exchange", {"token": token})
        error = answer.json()["error"]
        assert (answer.status, error["code"]) == (status, code)
        assert error["hint"]
        assert token not in answer.body.decode()


def test_an_issuer_that_is_down_is_not_our_fault(tmp_path: Path, ci_system: IdentityProvider) -> None:
    app = make_app(tmp_path, trusted_issuers=ci_system.issuer)  # loopback is not allowed here
    answer = Api(app).post("/auth/oidc/exchange", {"token": ci_system.token(US)})
    assert (answer.status, answer.json()["error"]["code"]) == (502, "issuer_not_understood")
    app.close()
