"""Signing in at the services that come with the registry: what their pages are asked, and tokens as each gives them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import oauth, oauth_return
from skillyard.domain.gateway.connect.authorizations import fresh
from skillyard.domain.gateway.connect.connections import disconnect
from skillyard.settings import IntegrationSettings
from tests.domain.gateway.connecting import BROWSER
from tests.domain.gateway.upstream import Asked, Says, Upstream, says, upstream
from tests.makers import a_person, make_app

CLIENT = b64encode(b"our-id:our-secret").decode()


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """`page`: where people are sent, and `asked`: what it is asked beside what all are; `tokens`: its answer to a code;
    `who`: its answer to who they are.
    """

    slug: str
    page: str
    asked: Mapping[str, str]
    tokens: Mapping[str, Any]
    who: Mapping[str, Any]
    label: str
    has_pkce: bool = True
    is_basic: bool = False
    scopes: tuple[str, ...] = field(default=())


SIGN_INS = (
    SignIn(
        slug="slack",
        page="https://slack.com/oauth/v2_user/authorize",
        asked={},
        tokens={"ok": True, "access_token": "tok-1", "token_type": "user", "scope": "chat:write,users:read"},
        who={"ok": True, "user_id": "U1", "user": "ada"},
        label="ada",
        has_pkce=False,
        scopes=("chat:write", "users:read"),
    ),
    SignIn(
        slug="notion",
        page="https://api.notion.com/v1/oauth/authorize",
        asked={"owner": "user"},
        tokens={"access_token": "tok-1", "refresh_token": "r-1", "token_type": "bearer", "workspace_name": "Acme"},
        who={"object": "user", "id": "b-1", "bot": {"workspace_name": "Acme"}},
        label="Acme",
        has_pkce=False,
        is_basic=True,
    ),
    SignIn(
        slug="linear",
        page="https://linear.app/oauth/authorize",
        asked={"scope": "read,write"},
        tokens={
            "access_token": "tok-1", "refresh_token": "r-1", "token_type": "Bearer", "expires_in": 86399,
            "scope": "read write",
        },
        who={"data": {"viewer": {"id": "u-1", "email": "ada@example.com"}}},
        label="ada@example.com",
        scopes=("read", "write"),
    ),
    SignIn(
        slug="gitlab",
        page="https://gitlab.com/oauth/authorize",
        asked={"scope": "api read_api"},
        tokens={
            "access_token": "tok-1", "refresh_token": "r-1", "token_type": "Bearer", "expires_in": 7200,
            "scope": "api read_api", "created_at": 1732190400,
        },
        who={"id": 7, "username": "ada"},
        label="ada",
        scopes=("api", "read_api"),
    ),
)  # fmt: skip
each_sign_in = pytest.mark.parametrize("sign_in", SIGN_INS, ids=lambda sign_in: sign_in.slug)


@pytest.fixture
def there() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def app(tmp_path: Path, there: Upstream) -> Iterator[App]:
    settings = IntegrationSettings(
        base_url=f"{there.url}/api",
        token_url=f"{there.url}/token",
        revoke_url=f"{there.url}/revoke",
        client_id="our-id",
        client_secret="our-secret",
    )
    integrations = {one.slug: settings for one in SIGN_INS}
    made = make_app(tmp_path, integrations=integrations, outbound_http_loopback=True)
    yield made
    made.close()


def answers(sign_in: SignIn) -> Any:
    def answer(asked: Asked) -> Says:
        return says(sign_in.tokens if asked.path == "/token" else sign_in.who)

    return answer


def sent_to(app: App, ada: Caller, slug: str) -> tuple[str, httpx.URL]:
    attempt = oauth.start(app, ada, integration=slug)
    return attempt.id, httpx.URL(oauth.leave(app, ada, attempt.id, browser=BROWSER))


@each_sign_in
def test_people_are_sent_to_the_services_own_page(sign_in: SignIn, app: App) -> None:
    _, page = sent_to(app, a_person(app), sign_in.slug)
    assert str(page.copy_with(query=None)) == sign_in.page
    assert (page.params["response_type"], page.params["client_id"]) == ("code", "our-id")
    assert {name: page.params[name] for name in sign_in.asked} == dict(sign_in.asked)
    assert ("code_challenge" in page.params) == sign_in.has_pkce
    assert "our-secret" not in str(page)


@each_sign_in
def test_an_account_is_connected_with_tokens_as_the_service_gives_them(
    sign_in: SignIn, app: App, there: Upstream
) -> None:
    there.last = answers(sign_in)
    ada = a_person(app)
    attempt_id, page = sent_to(app, ada, sign_in.slug)
    oauth_return.come_back(app, ada, browser=BROWSER, answer={"code": "c-1", "state": page.params["state"]})
    made = oauth_return.confirm(app, ada, attempt_id, browser=BROWSER)
    assert (made.account_label, made.scopes) == (sign_in.label, sign_in.scopes)
    shown = fresh(app, made, find_integration(app, sign_in.slug))
    assert shown.headers == {"authorization": "Bearer tok-1"}


@each_sign_in
def test_the_service_is_shown_our_name_in_the_way_that_it_wants(sign_in: SignIn, app: App, there: Upstream) -> None:
    there.last = answers(sign_in)
    ada = a_person(app)
    _, page = sent_to(app, ada, sign_in.slug)
    oauth_return.come_back(app, ada, browser=BROWSER, answer={"code": "c-1", "state": page.params["state"]})
    asked = next(one for one in there.asked if one.path == "/token")
    form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
    assert (form["grant_type"], form["code"], form["redirect_uri"]) == (
        "authorization_code", "c-1", page.params["redirect_uri"],
    )  # fmt: skip
    assert ("code_verifier" in form) == sign_in.has_pkce
    assert asked.headers.get("authorization") == (f"Basic {CLIENT}" if sign_in.is_basic else None)
    assert form.get("client_secret") == (None if sign_in.is_basic else "our-secret")


@pytest.mark.parametrize(("answer", "revoked"), [({"ok": True}, "revoked"), ({"ok": False, "error": "x"}, "failed")])
def test_whether_slack_took_a_token_back_is_told(
    answer: dict[str, Any], revoked: str, app: App, there: Upstream
) -> None:
    slack, ada = SIGN_INS[0], a_person(app)
    there.last = answers(slack)
    attempt_id, page = sent_to(app, ada, "slack")
    oauth_return.come_back(app, ada, browser=BROWSER, answer={"code": "c-1", "state": page.params["state"]})
    made = oauth_return.confirm(app, ada, attempt_id, browser=BROWSER)
    there.last = says(answer)
    assert disconnect(app, ada, connection_id=made.id).revoked == revoked
    assert parse_qs(there.asked[-1].body.decode())["token"] == ["tok-1"]
