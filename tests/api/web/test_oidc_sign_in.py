"""The pages of signing in with a provider, over real HTTP: a server process, two providers, and a browser's cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.journeys.running import Server, a_server
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient, Provider, Strict

_KEY = re.compile(r'name="form_key" value="([0-9a-f]+)"')
_TICKET = re.compile(r'name="ticket" value="(\w+)"')


class Browser:
    """Keeps cookies, follows no redirect, and sends forms with the key of the page that it saw last."""

    def __init__(self, server: Server) -> None:
        self.http = httpx.Client(base_url=server.url, timeout=20)
        self.page = httpx.Response(200)

    def get(self, path: str) -> httpx.Response:
        self.page = self.http.get(path)
        return self.page

    def post(self, path: str, **fields: str) -> httpx.Response:
        key = _KEY.search(self.page.text)
        self.page = self.http.post(path, data={"form_key": key[1] if key else "", **fields})
        return self.page

    def through(self, provider: Provider, who: str, start: str = "", *, deny: bool = False) -> httpx.Response:
        """To the provider and back, as that person."""
        away = self.get(start or f"/sign-in/with/{name_of(provider)}?next=/account/purchases")
        assert away.status_code == 303, away.text
        return self.get(provider.agree(away.headers["location"], who, deny=deny))

    def sign_up(self, provider: Provider, who: str, username: str) -> None:
        page = self.through(provider, who)
        ticket = _TICKET.search(page.text)
        assert ticket, page.text
        name = name_of(provider)
        made = self.post(f"/sign-in/with/{name}/account", ticket=ticket[1], username=username, display_name="")
        assert made.status_code == 303, made.text


def name_of(provider: Provider) -> str:
    return "lenient" if isinstance(provider, Lenient) else "company"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, lenient_provider: Lenient, strict_provider: Strict
) -> Iterator[Server]:
    settings = {
        "oidc__lenient__issuer": lenient_provider.issuer,
        "oidc__lenient__client_id": CLIENT_ID,
        "oidc__lenient__client_secret": CLIENT_SECRET,
        "oidc__company__issuer": strict_provider.issuer,
        "oidc__company__client_id": CLIENT_ID,
        "oidc__company__client_secret": CLIENT_SECRET,
        "oidc__company__label": "Acme <login>",
        "oidc_sign_up": "open",
        "google_issuer": strict_provider.issuer,
        "google_client_ids": "the-app",
        "outbound_http_loopback": "true",
        "logins_per_minute": "1000",
    }
    with a_server(tmp_path_factory.mktemp("server") / "data", **settings) as running:
        strict_provider.add_client(f"{running.url}/sign-in/with/company/callback")
        link = httpx.URL(str(running.link)).path.rpartition("/")[2]
        httpx.post(
            f"{running.url}/api/v1/auth/links/redeem", json={"code": link, "username": "rita"}
        ).raise_for_status()
        yield running


@pytest.fixture
def browser(server: Server) -> Iterator[Browser]:
    made = Browser(server)
    yield made
    made.http.close()


def test_the_sign_in_page_offers_the_providers(browser: Browser) -> None:
    page = browser.get("/sign-in?next=/cli/cli_1").text
    assert "Continue with Lenient" in page
    assert "Continue with Acme &lt;login&gt;" in page
    assert 'href="/sign-in/with/company?next=/cli/cli_1"' in page


def test_somebody_new_gets_an_account_and_comes_back_to_it(
    browser: Browser, server: Server, provider: Provider
) -> None:
    who = f"new-{name_of(provider)}"
    provider.add_person(who, email=f"{who}@acme.example", name="<b>New</b>")
    page = browser.through(provider, who)
    assert page.status_code == 200
    assert f"{who}@acme.example" in page.text
    assert f'value="{who}"' in page.text
    assert "<b>New</b>" not in page.text
    ticket = _TICKET.search(page.text)
    assert ticket
    name = name_of(provider)
    refused = browser.post(f"/sign-in/with/{name}/account", ticket=ticket[1], username="Not a name")
    assert refused.status_code == 422
    assert "Not a name" in refused.text
    made = browser.post(f"/sign-in/with/{name}/account", ticket=ticket[1], username=who, display_name="New One")
    assert (made.status_code, made.headers["location"]) == (303, "/account/purchases")
    assert "New One" in browser.get("/account").text
    other = Browser(server)
    assert other.through(provider, who).headers["location"] == "/account/purchases"
    assert "New One" in other.get("/account").text


def test_the_cookie_of_the_way_there_is_short_lived_and_hidden(browser: Browser) -> None:
    cookie = browser.get("/sign-in/with/lenient").headers["set-cookie"]
    assert cookie.startswith("skillyard-oidc=")
    assert "Max-Age=600" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_two_tabs_of_a_browser_do_not_disturb_each_other(browser: Browser, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("tabs")
    browser.sign_up(lenient_provider, "tabs", "tabs")
    browser.http.cookies.delete("skillyard-session")
    first = browser.get("/sign-in/with/lenient?next=/one").headers["location"]
    second = browser.get("/sign-in/with/lenient?next=/two").headers["location"]
    assert browser.get(lenient_provider.agree(first, "tabs")).headers["location"] == "/one"
    assert browser.get(lenient_provider.agree(second, "tabs")).headers["location"] == "/two"


def test_a_callback_in_another_browser_or_twice_is_refused_with_a_hint(
    browser: Browser, server: Server, provider: Provider
) -> None:
    who = f"lost-{name_of(provider)}"
    provider.add_person(who)
    back = provider.agree(browser.get(f"/sign-in/with/{name_of(provider)}").headers["location"], who)
    other = Browser(server)
    refused = other.get(back)
    assert refused.status_code == 401
    assert "begun in another browser" in refused.text
    assert "Begin again on the sign-in page" in refused.text
    assert "skillyard-session" not in other.http.cookies
    assert browser.get(back).status_code == 200
    assert "ended before" in browser.get(back).text


def test_a_person_who_says_no_reads_what_happened(browser: Browser, strict_provider: Strict) -> None:
    strict_provider.add_person("never")
    page = browser.through(strict_provider, "never", deny=True)
    assert page.status_code == 403
    assert "Acme &lt;login&gt; says that the sign-in was denied" in page.text


def test_a_changed_challenge_is_refused_by_the_strict_provider_only(browser: Browser, provider: Provider) -> None:
    provider.add_person("pkce")
    away = httpx.URL(browser.get(f"/sign-in/with/{name_of(provider)}").headers["location"])
    back = provider.agree(str(away.copy_set_param("code_challenge", "A" * 43)), "pkce")
    page = browser.get(back)
    assert page.status_code == (200 if isinstance(provider, Lenient) else 502)
    assert ("invalid_grant" in page.text) is isinstance(provider, Strict)


def test_nobody_is_sent_away_from_this_site_in_the_end(browser: Browser, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("goal")
    browser.sign_up(lenient_provider, "goal", "goal")
    for goal in ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"):
        browser.http.cookies.delete("skillyard-session")
        back = browser.through(lenient_provider, "goal", f"/sign-in/with/lenient?next={goal}")
        assert back.headers["location"] == "/account"


def test_an_identity_is_linked_shown_and_unlinked(
    browser: Browser, server: Server, lenient_provider: Lenient, strict_provider: Strict
) -> None:
    lenient_provider.add_person("lou", email="lou@home.example")
    strict_provider.add_person("lou", email="lou@acme.example")
    browser.sign_up(lenient_provider, "lou", "lou")
    page = browser.through(strict_provider, "lou", "/account/identities/link/company")
    assert "Link this identity?" in page.text
    assert "lou@acme.example" in page.text
    ticket = _TICKET.search(page.text)
    assert ticket
    stranger = Browser(server)
    stranger.get("/sign-in")
    assert stranger.post("/account/identities", ticket=ticket[1]).headers["location"].startswith("/sign-in")
    browser.get("/account")
    assert (
        browser.post("/account/identities", ticket=ticket[1]).headers["location"] == "/account?done=linked#identities"
    )
    shown = browser.get("/account?done=linked").text
    assert "lou@home.example" in shown
    assert "lou@acme.example" in shown
    ids = re.findall(r"/account/identities/(idn_\w+)/unlink", shown)
    assert browser.post(f"/account/identities/{ids[0]}/unlink").status_code == 303
    browser.get("/account")
    kept = browser.post(f"/account/identities/{ids[1]}/unlink")
    assert kept.status_code == 409
    assert "the only way in which you can sign in" in kept.text
    assert "lou@home.example" not in browser.get("/account").text


def test_linking_needs_the_key_of_our_own_form(browser: Browser, strict_provider: Strict) -> None:
    strict_provider.add_person("csrf")
    strict_provider.add_person("csrf-2")
    browser.sign_up(strict_provider, "csrf", "csrf")
    page = browser.through(strict_provider, "csrf-2", "/account/identities/link/company")
    ticket = _TICKET.search(page.text)
    assert ticket
    forged = browser.http.post("/account/identities", data={"ticket": ticket[1]})
    assert forged.status_code == 403
    assert "csrf-2" not in browser.get("/account").text


def test_a_provider_that_is_not_there_is_a_page_with_a_hint(browser: Browser) -> None:
    for path in ("/sign-in/with/nobody", "/sign-in/with/nobody/callback?code=x&state=y"):
        page = browser.get(path)
        assert page.status_code == 404
        assert "Choose one on the sign-in page" in page.text


def test_the_native_api_lists_providers_and_identities(browser: Browser, server: Server, provider: Provider) -> None:
    api = f"{server.url}/api/v1"
    offered = httpx.get(f"{api}/auth/providers").json()["items"]
    assert [item["name"] for item in offered] == ["lenient", "company"]
    assert offered[1]["sign_in_url"] == f"{server.url}/sign-in/with/company"
    who = f"api-{name_of(provider)}"
    subject = provider.add_person(who, email=f"{who}@acme.example")
    browser.sign_up(provider, who, who)
    bearer = {"authorization": f"Bearer {browser.http.cookies['skillyard-session']}"}
    (identity,) = httpx.get(f"{api}/me/identities", headers=bearer).json()["items"]
    assert (identity["subject"], identity["issuer"]) == (subject, provider.issuer)
    assert identity["email"] == f"{who}@acme.example"
    refused = httpx.delete(f"{api}/me/identities/{identity['id']}", headers=bearer)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "last_way_in")
    httpx.put(f"{api}/me/password", headers=bearer, json={"password": "purple rain on mondays"}).raise_for_status()
    gone = httpx.delete(f"{api}/me/identities/{identity['id']}", headers=bearer)
    assert gone.json()["details"]["id"] == identity["id"]
    assert httpx.get(f"{api}/me/identities", headers=bearer).json()["items"] == []


def test_an_id_token_is_a_bearer_token_on_every_surface(server: Server, strict_provider: Strict) -> None:
    strict_provider.add_person("phone", email="phone@acme.example")
    token = strict_provider.id_token("phone", client_id="the-app")
    bearer = {"authorization": f"Bearer {token}"}
    me = httpx.get(f"{server.url}/api/v1/me", headers=bearer)
    assert me.json()["user"]["username"] == "phone"
    whoami = httpx.get(f"{server.url}/tank/api/v1/auth/whoami", headers=bearer)
    assert "phone" in whoami.text
    wrong = strict_provider.id_token("phone", client_id="another-app")
    refused = httpx.get(f"{server.url}/api/v1/me", headers={"authorization": f"Bearer {wrong}"})
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "sign_in_token_not_valid"
    assert "claim aud" in refused.json()["error"]["message"]


def test_a_session_is_renewed_over_the_native_api(server: Server, browser: Browser, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("rene")
    browser.sign_up(lenient_provider, "rene", "rene")
    api = f"{server.url}/api/v1"
    bearer = {"authorization": f"Bearer {browser.http.cookies['skillyard-session']}"}
    httpx.put(f"{api}/me/password", headers=bearer, json={"password": "purple rain on mondays"}).raise_for_status()
    body = {"username": "rene", "password": "purple rain on mondays"}
    session = httpx.post(f"{api}/auth/password", json=body).json()
    second = httpx.post(f"{api}/auth/sessions/renew", json={"refresh_token": session["refresh_token"]}).json()
    assert second["user"]["username"] == "rene"
    again = httpx.post(f"{api}/auth/sessions/renew", json={"refresh_token": session["refresh_token"]})
    assert (again.status_code, again.json()["error"]["code"]) == (401, "refresh_token_used")
    me = httpx.get(f"{api}/me", headers={"authorization": f"Bearer {second['access_token']}"})
    assert (me.status_code, me.json()["error"]["code"]) == (401, "token_revoked")


def test_a_provider_that_is_down_is_a_page_with_a_hint(tmp_path: Path) -> None:
    settings = {"oidc__down__issuer": "http://127.0.0.1:9", "oidc__down__client_id": "x"}
    with a_server(tmp_path / "data", outbound_http_loopback="true", worker=False, **settings) as server:
        page = Browser(server).get("/sign-in/with/down")
        assert page.status_code == 502
        assert "127.0.0.1 failed: it cannot be reached" in page.text
        assert "Try again in a moment" in page.text
