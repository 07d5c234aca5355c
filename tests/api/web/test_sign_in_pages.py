from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.cli_sessions import get_cli_session, start_cli_session
from skillyard.domain.accounts.errors import TokenRevoked
from skillyard.domain.accounts.links import look_at_link
from skillyard.domain.accounts.members import list_members
from skillyard.domain.accounts.people import suspend_user
from skillyard.domain.accounts.rights import KEY_SCOPES, Scope
from skillyard.domain.accounts.tokens import create_token
from skillyard.infra.clock import FixedClock
from tests.api.web.browser import Browser
from tests.makers import a_link, a_person, again, an_organization, make_app

SENTENCE = "purple rain on mondays"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[App]:
    app = make_app(tmp_path, clock=clock)
    yield app
    app.close()


@pytest.fixture
def browser(app: App) -> Browser:
    return Browser(app)


@pytest.fixture
def ada(app: App, browser: Browser) -> Browser:
    a_person(app, "ada", password=SENTENCE)
    assert browser.sign_in("ada", SENTENCE).headers["location"] == "/account"
    browser.get("/account")
    return browser


@pytest.mark.parametrize("path", ["/", "/sign-in", "/search?q=x", "/no/thing", "/static/style.css", "/favicon.ico"])
def test_every_answer_forbids_what_it_does_not_need(browser: Browser, path: str) -> None:
    headers = browser.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["referrer-policy"]) == ("DENY", "no-referrer")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/search", "/sign-in"])
def test_pages_need_nothing_from_outside_and_hold_no_inline_code(browser: Browser, path: str) -> None:
    html = browser.get(path).body.decode()
    assert 'src="http' not in html
    assert 'stylesheet" href="http' not in html
    assert "style=" not in html
    assert " onclick" not in html


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(app: App, browser: Browser) -> None:
    a_person(app, "ada", password=SENTENCE)
    cookie = browser.sign_in("ada", SENTENCE).headers["set-cookie"]
    assert cookie.startswith("skillyard-session=eyJ")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age=3600" in cookie
    assert "Secure" not in cookie


def test_a_token_for_programs_is_none_for_browsers(app: App, browser: Browser) -> None:
    machine = create_token(app, a_person(app, "ada"), name="ci", scopes=list(Scope)[:3])
    for token in (machine.secret, "a.b.c", ""):
        browser.cookies["skillyard-session"] = token
        assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"


def test_under_https_cookies_are_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    app = make_app(tmp_path, public_url="https://skills.example.org")
    a_person(app, "ada", password=SENTENCE)
    cookie = Browser(app).sign_in("ada", SENTENCE).headers["set-cookie"]
    assert cookie.startswith("__Host-skillyard-session=")
    assert "Secure" in cookie
    app.close()


def test_a_wrong_password_signs_nobody_in(app: App, browser: Browser) -> None:
    a_person(app, "ada", password=SENTENCE)
    answer = browser.sign_in("ada", "not this one")
    assert answer.status == 401
    assert b"password is not right" in answer.body
    assert "skillyard-session" not in browser.cookies
    assert browser.get("/account").headers["location"] == "/sign-in?next=%2Faccount"


@pytest.mark.parametrize(
    ("wanted", "goal"),
    [
        ("/cli/cli_1", "/cli/cli_1"),
        ("/acme/pdf?version=1.0.0", "/acme/pdf?version=1.0.0"),
        ("https://evil.example", "/account"),
        ("//evil.example", "/account"),
        ("/\\evil.example", "/account"),
        ("/\t/evil.example", "/account"),
        ("\\\\evil.example", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/x\r\nSet-Cookie: a=b", "/account"),
        ("", "/account"),
    ],
)
def test_signing_in_never_leads_to_another_site(app: App, browser: Browser, wanted: str, goal: str) -> None:
    a_person(app, "ada", password=SENTENCE)
    browser.get("/sign-in")
    answer = browser.post("/sign-in", username="ada", password=SENTENCE, next=wanted)
    assert (answer.status, answer.headers["location"]) == (303, goal)


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-out", "/account/tokens", "/account/password", "/account/namespaces", "/cli/cli_1"]
)
def test_no_form_is_taken_without_its_key(app: App, ada: Browser, path: str) -> None:
    for key in ("", "0" * 64, Browser(app).form_key, "é"):
        ada.form_key = key
        answer = ada.post(path, name="x", scopes="read", expires_in_days="7")
        assert answer.status == 403
        assert b"no longer good" in answer.body


def test_the_key_of_another_browser_is_void(app: App, ada: Browser) -> None:
    other = Browser(app)
    other.get("/sign-in")
    ada.form_key = other.form_key
    assert ada.post("/sign-out").status == 403
    assert ada.get("/account").status == 200


def test_looking_at_a_link_leaves_it_for_the_person(app: App, browser: Browser) -> None:
    code = a_link(app)
    for _ in range(3):
        assert b"first administrator" in browser.get(f"/sign-in/{code}").body
    assert look_at_link(app, code).kind == "first_admin"
    answer = browser.post(f"/sign-in/{code}", username="ada", display_name="Ada L.", password="")
    assert answer.headers["location"] == "/account"
    assert b"Ada L." in browser.get("/account").body
    assert browser.get(f"/sign-in/{code}").status == 401


def test_a_refused_name_is_explained_and_the_form_keeps_what_was_typed(app: App, browser: Browser) -> None:
    code = a_link(app)
    browser.get(f"/sign-in/{code}")
    answer = browser.post(f"/sign-in/{code}", username="Ada!", display_name="Ada <b>", password="short")
    html = answer.body.decode()
    assert answer.status == 422
    assert "upper-case letters" in html
    assert "10 to 256 characters" in html
    assert 'value="Ada!"' in html
    assert "Ada <b>" not in html
    assert browser.post(f"/sign-in/{code}", username="ada").status == 303


def test_signing_out_revokes_the_token_and_forgets_the_cookie(app: App, ada: Browser) -> None:
    token = ada.cookies["skillyard-session"]
    ada.post("/sign-out")
    with pytest.raises(TokenRevoked):
        authenticate(app, token)
    assert ada.cookies["skillyard-session"] == ""
    assert ada.get("/account").status == 303


def test_an_ended_session_is_anonymous_again(app: App, ada: Browser, clock: FixedClock) -> None:
    clock.move(seconds=3600)
    assert ada.get("/").status == 200
    assert ada.get("/account").headers["location"] == "/sign-in?next=%2Faccount"


def test_a_suspended_person_is_signed_out(app: App, browser: Browser) -> None:
    admin = a_person(app, "ada")
    a_person(app, "bob", password=SENTENCE)
    browser.sign_in("bob", SENTENCE)
    suspend_user(app, admin, username="bob")
    assert browser.get("/account").status == 303


def test_a_token_is_shown_once(app: App, ada: Browser) -> None:
    made = ada.post("/account/tokens", name="ci", scopes=["read", "publish"], expires_in_days="30", namespaces=["ada"])
    secret = made.body.decode().partition("<code data-copy>")[2].partition("</code>")[0]
    caller = authenticate(app, secret)
    assert (caller.scopes, caller.token_namespaces) == ({"read", "publish"}, {"ada"})
    assert made.headers["cache-control"] == "no-store"
    assert secret not in ada.get("/account").body.decode()
    ada.post(f"/account/tokens/{caller.token_id}/revoke")
    with pytest.raises(TokenRevoked):
        authenticate(app, secret)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "ci", "scopes": "everything", "expires_in_days": "30"},
        {"name": "ci", "scopes": "read", "expires_in_days": "forever"},
        {"name": "ci", "scopes": "read", "expires_in_days": "9999"},
        {"name": "ci", "scopes": "read", "expires_in_days": "²"},
        {"name": "", "scopes": "read", "expires_in_days": "30"},
        {"name": "ci", "expires_in_days": "30"},
    ],
)
def test_a_tampered_token_form_is_refused(ada: Browser, fields: dict[str, str]) -> None:
    answer = ada.post("/account/tokens", **fields)
    assert answer.status == 422
    assert b"sky_pt_" not in answer.body


def test_the_password_can_be_set_and_changed(app: App, browser: Browser) -> None:
    code = a_link(app)
    browser.get(f"/sign-in/{code}")
    browser.post(f"/sign-in/{code}", username="ada")
    browser.get("/account")
    assert browser.post("/account/password", password=SENTENCE).status == 303
    assert browser.post("/account/password", password="another sentence").status == 403
    changed = browser.post("/account/password", password="another sentence", current_password=SENTENCE)
    assert changed.status == 303
    assert Browser(app).sign_in("ada", "another sentence").status == 303


def test_a_namespace_can_be_made_and_shared(app: App, ada: Browser) -> None:
    bob = a_person(app, "bob")
    assert ada.post("/account/namespaces", slug="acme").headers["location"] == "/account/namespaces/acme"
    assert ada.post("/account/namespaces", slug="acme").status == 409
    assert b"looks like acme" in ada.post("/account/namespaces", slug="acrne").body
    assert ada.post("/account/namespaces/acme/members", username="bob", role="reader").status == 303
    assert ada.post("/account/namespaces/acme/members", username="bob", role="king").status == 422
    assert len(list_members(app, again(app, bob), namespace="acme").items) == 2
    assert ada.post("/account/namespaces/acme/members/bob/remove").status == 303
    assert ada.post("/account/namespaces/acme/members/ada/remove").status == 409


def test_strangers_find_no_namespace(app: App, ada: Browser) -> None:
    an_organization(app, a_person(app, "bob"), "bobs")
    assert ada.get("/account/namespaces/bobs").status == 404
    assert ada.post("/account/namespaces/bobs/members", username="ada", role="owner").status == 404


def test_only_administrators_see_and_send_the_invitation_form(app: App, ada: Browser) -> None:
    a_person(app, "bob", password=SENTENCE)
    link = ada.post("/account/invitations", username="").body.decode()
    code = link.partition("/sign-in/sky_link_")[2].partition("<")[0]
    assert look_at_link(app, f"sky_link_{code}").kind == "invitation"
    bob = Browser(app)
    bob.sign_in("bob", SENTENCE)
    assert b"Invite somebody" not in bob.get("/account").body
    assert bob.post("/account/invitations", username="ada").status == 403


def test_a_command_line_is_approved_after_signing_in(app: App, browser: Browser) -> None:
    ada = a_person(app, "ada", password=SENTENCE)
    waiting = start_cli_session(app, code_challenge=CHALLENGE, client_name="<i>laptop</i>", address="::1")
    assert browser.get(f"/cli/{waiting.id}").headers["location"] == f"/sign-in?next=%2Fcli%2F{waiting.id}"
    browser.sign_in("ada", SENTENCE)
    html = browser.get(f"/cli/{waiting.id}").body.decode()
    assert waiting.user_code in html
    assert "&lt;i&gt;laptop" in html
    browser.post(f"/cli/{waiting.id}", decision="approve")
    assert get_cli_session(app, ada, session_id=waiting.id).status == "approved"
    assert b"Signed in" in browser.get(f"/cli/{waiting.id}").body
    assert browser.post(f"/cli/{waiting.id}", decision="deny").status == 409


def test_a_device_is_found_by_the_code_that_it_shows(app: App, browser: Browser) -> None:
    a_person(app, "ada", password=SENTENCE)
    waiting = start_cli_session(
        app, code_challenge=CHALLENGE, client_name="my-agent", address="::1", scopes=KEY_SCOPES, integrations=["github"]
    )
    assert browser.get("/cli").headers["location"] == "/sign-in?next=%2Fcli"
    browser.sign_in("ada", SENTENCE)
    assert b"Which code" in browser.get("/cli").body
    wrong = browser.post("/cli", user_code="BBBB-BBBB")
    assert (wrong.status, b"Which code" in wrong.body) == (404, True)
    found = browser.post("/cli", user_code=waiting.user_code.lower())
    assert found.headers["location"] == f"/cli/{waiting.id}"
    html = browser.get(f"/cli/{waiting.id}").body.decode()
    assert waiting.user_code in html
    assert "may only call github" in html


def test_a_key_for_some_integrations_is_made_on_the_page(app: App, ada: Browser) -> None:
    assert b'name="integrations" value="github"' in ada.get("/account").body
    made = ada.post("/account/tokens", name="my-agent", scopes="call", integrations="github", expires_in_days="30")
    found = re.search(r"sk_[0-9a-f]{64}", made.body.decode())
    assert found
    key = authenticate(app, found[0])
    assert (key.scopes, key.token_integrations) == (KEY_SCOPES, {"github"})
    assert b"only github" in made.body
    wrong = ada.post("/account/tokens", name="my-agent", scopes="call", integrations="x", expires_in_days="30")
    assert wrong.status == 404


def test_anything_but_approve_denies(app: App, ada: Browser) -> None:
    waiting = start_cli_session(app, code_challenge=CHALLENGE, client_name="laptop", address="::1")
    ada.post(f"/cli/{waiting.id}", decision="")
    assert b"Turned away" in ada.get(f"/cli/{waiting.id}").body


def test_too_large_a_form_is_refused(ada: Browser) -> None:
    assert ada.post("/account/tokens", name="x" * 70_000).status == 422
    assert ada.post("/account/tokens", scopes=["read"] * 300).status == 422


@pytest.mark.parametrize("path", ["/nothing", "/cli/\x01", "/account/namespaces/%00", "/sign-in/%00", "/static/x.css"])
def test_bad_addresses_get_a_page_and_no_fault(ada: Browser, path: str) -> None:
    answer = ada.get(path)
    assert answer.status in (401, 404)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
