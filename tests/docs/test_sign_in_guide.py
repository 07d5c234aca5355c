"""The commands of the guide to signing in, typed as they stand there; the person in the browser is played."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from skillyard.settings import Settings
from tests.api.web.test_oidc_sign_in import Browser
from tests.docs.test_quoted_commands import ROOT, WAITS_FOR_A_BROWSER, Reader, commands
from tests.journeys.running import User, a_server, sign_in
from tests.journeys.test_sign_in_browser import waiting_login
from tests.peers.oidc.providers import CLIENT_ID, CLIENT_SECRET, Lenient

PAGE = "docs/guide/sign-in.md"


def test_the_guide_to_signing_in_works_word_by_word(tmp_path: Path, lenient_provider: Lenient) -> None:
    lenient_provider.add_person("guided", email="guided@acme.example", email_verified=True)
    settings = {
        "oidc__lenient__issuer": lenient_provider.issuer,
        "oidc__lenient__client_id": CLIENT_ID,
        "oidc__lenient__client_secret": CLIENT_SECRET,
        "oidc_sign_up": "domains",
        "oidc_domains": "acme.example",
        "outbound_http_loopback": "true",
    }
    with a_server(tmp_path / "server", **settings) as server:
        sign_in(server, tmp_path / "operator", "rita")
        reader = Reader(tmp_path / "home", server, "guided")
        typed = commands(PAGE)
        assert len(typed) >= 6
        for command in typed:
            if WAITS_FOR_A_BROWSER.search(command):
                log_in_by_browser(reader, lenient_provider)
            else:
                prepare(reader, command)
                reader.type(command)


def log_in_by_browser(reader: Reader, provider: Lenient) -> None:
    """What the person does while `skillyard login` waits: sign up with the provider, set a password, and approve."""
    user = User(home=reader.folder.parent / "machine", registry=reader.server.url)
    browser = Browser(reader.server)
    with waiting_login(user) as (process, url, _):
        path = httpx.URL(url).path
        browser.sign_up(provider, "guided", "guided")
        browser.get("/account")
        assert browser.post("/account/password", password="purple rain on mondays").status_code == 303
        browser.get(path)
        assert browser.post(path, decision="approve").status_code == 303
        assert process.wait(timeout=30) == 0
    reader.environment["SKILLYARD_CONFIG_DIR"] = user.environment["SKILLYARD_CONFIG_DIR"]


def prepare(reader: Reader, command: str) -> None:
    """What the guide takes for granted: somebody reads an id off the screen, and an app has signed in."""
    if "$IDENTITY" in command:
        reader.environment["IDENTITY"] = reader.type("skillyard identities list --json").partition('"id": "')[2][:30]
    if "$REFRESH_TOKEN" in command:
        body = {"username": "guided", "password": "purple rain on mondays"}
        answer = httpx.post(f"{reader.server.url}/api/v1/auth/password", json=body).raise_for_status()
        reader.environment["REFRESH_TOKEN"] = answer.json()["refresh_token"]


def test_the_settings_that_the_guide_names_exist() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    named = {name.partition("__")[0].lower() for name in re.findall(r"SKILLYARD_([A-Z_]*[A-Z])", text)}
    assert named - {"registry"} <= set(Settings.model_fields)
