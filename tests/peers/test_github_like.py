"""The OAuth server and the API before which it stands agree on whose token is good, and until when."""

from __future__ import annotations

import httpx

from tests.peers.github_like import GithubWithSignIn
from tests.peers.oidc.providers import CLIENT_SECRET

PUBLIC_URL = "http://127.0.0.1:9"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def _connect(github: GithubWithSignIn, login: str) -> dict[str, str]:
    """The tokens that a client gets whom this person lets in."""
    github.register(PUBLIC_URL)
    settings, redirect_uri = github.settings(), f"{PUBLIC_URL}/connections/callback"
    query = {
        **{"response_type": "code", "client_id": github.client_id, "redirect_uri": redirect_uri, "scope": "repo"},
        **{"state": "1", "code_challenge": CHALLENGE, "code_challenge_method": "S256"},
    }
    back = httpx.URL(github.provider.agree(str(httpx.URL(settings["authorize_url"], params=query)), login))
    assert back.params["iss"] == settings["issuer"]
    grant = {"grant_type": "authorization_code", "redirect_uri": redirect_uri, "code_verifier": VERIFIER}
    return _ask_for_tokens(github, code=back.params["code"], **grant)


def _ask_for_tokens(github: GithubWithSignIn, **form: str) -> dict[str, str]:
    answer = httpx.post(github.settings()["token_url"], data=form, auth=(github.client_id, CLIENT_SECRET), timeout=60)
    return dict(answer.raise_for_status().json())


def _who(github: GithubWithSignIn, tokens: dict[str, str]) -> str | None:
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    answer = httpx.get(f"{github.base_url}/user", headers=headers, timeout=60)
    return answer.json()["login"] if answer.status_code == 200 else None


def test_a_token_is_of_the_person_who_agreed(github_sign_in: GithubWithSignIn) -> None:
    assert _who(github_sign_in, _connect(github_sign_in, "bob")) == "bob"
    assert (github_sign_in.seen[-1].path, github_sign_in.seen[-1].login) == ("/user", "bob")


def test_the_worlds_own_tokens_are_no_good_here(github_sign_in: GithubWithSignIn) -> None:
    assert _who(github_sign_in, {"access_token": github_sign_in.world.token}) is None


def test_a_token_that_ended_is_replaced_once(github_sign_in: GithubWithSignIn) -> None:
    tokens = _connect(github_sign_in, "ada")
    github_sign_in.provider.expire_tokens("ada")
    assert _who(github_sign_in, tokens) is None
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert _who(github_sign_in, _ask_for_tokens(github_sign_in, **form)) == "ada"
    again = httpx.post(
        github_sign_in.settings()["token_url"], data=form, auth=(github_sign_in.client_id, CLIENT_SECRET), timeout=60
    )
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_token_that_was_given_back_opens_nothing(github_sign_in: GithubWithSignIn) -> None:
    tokens = _connect(github_sign_in, "ada")
    httpx.post(
        github_sign_in.settings()["revoke_url"],
        data={"token": tokens["access_token"]},
        auth=(github_sign_in.client_id, CLIENT_SECRET),
        timeout=60,
    ).raise_for_status()
    assert _who(github_sign_in, tokens) is None
