"""OpenID providers on loopback: one that ignores PKCE, and one that insists on it. Both show people real forms.

A client that passes with the lenient one alone has proven nothing about PKCE; so tests run with both.
"""

from __future__ import annotations

import contextlib
import html
import json
import re
import subprocess
import sys
import tempfile
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

CLIENT_ID = "the-registry"
CLIENT_SECRET = "between us: 100 % & more"


class Provider(ABC):
    """`issuer` is how its tokens and its discovery document call it."""

    issuer: str

    @abstractmethod
    def add_client(self, redirect_uri: str, *, client_id: str = CLIENT_ID) -> None:
        """Let a client send browsers here; its secret is CLIENT_SECRET."""

    @abstractmethod
    def add_person(self, name: str, /, **claims: Any) -> str:
        """Somebody with an account here, whose password is the name; their subject."""

    @abstractmethod
    def agree(self, url: str, name: str, *, deny: bool = False) -> str:
        """Be the person in the browser who was sent to `url`; the address that it is sent back to."""

    def id_token(self, name: str, *, client_id: str) -> str:
        """What an app of that client gets when the person signs in to it."""
        redirect_uri = "http://127.0.0.1:9/app"
        self.add_client(redirect_uri, client_id=client_id)
        document = httpx.get(f"{self.issuer}/.well-known/openid-configuration").json()
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
            "code_challenge_method": "S256",
        }
        back = self.agree(str(httpx.URL(document["authorization_endpoint"], params=query)), name)
        form = {
            "grant_type": "authorization_code",
            "code": httpx.URL(back).params["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
        answer = httpx.post(document["token_endpoint"], data=form, auth=(client_id, CLIENT_SECRET))
        return str(answer.raise_for_status().json()["id_token"])


class Lenient(Provider):
    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def add_client(self, redirect_uri: str, *, client_id: str = CLIENT_ID) -> None:
        """It knows everybody."""

    def add_person(self, name: str, /, **claims: Any) -> str:
        httpx.put(f"{self.issuer}/users/{name}", json=claims).raise_for_status()
        return name

    def agree(self, url: str, name: str, *, deny: bool = False) -> str:
        answer = httpx.post(url, data={"action": "deny"} if deny else {"sub": name})
        return answer.headers["location"]


class Strict(Provider):
    def __init__(self, address: str) -> None:
        self.address = address
        self.issuer = f"{address}/o"

    def add_client(self, redirect_uri: str, *, client_id: str = CLIENT_ID) -> None:
        client = {"client_id": client_id, "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri]}
        httpx.post(f"{self.address}/_test/clients", json=client).raise_for_status()

    def add_machine(self, client_id: str) -> None:
        """Let a client get tokens for itself (RFC 6749, section 4.4); its secret is CLIENT_SECRET."""
        client = {"client_id": client_id, "client_secret": CLIENT_SECRET, "redirect_uris": []}
        httpx.post(f"{self.address}/_test/clients", json=client | {"grant": "client-credentials"}).raise_for_status()

    def set_lifetime(self, seconds: int) -> None:
        """How long access tokens last that it makes from now on."""
        httpx.post(f"{self.address}/_test/tokens", json={"lifetime_s": seconds}).raise_for_status()

    def expire_tokens(self, name: str) -> None:
        """Refuse the access tokens that this person's clients have, before they were to end."""
        httpx.post(f"{self.address}/_test/tokens", json={"expired": [name]}).raise_for_status()

    def forget_clients(self, name: str) -> None:
        """Refuse all tokens that this person's clients have, also those to get new ones with."""
        httpx.post(f"{self.address}/_test/tokens", json={"forgotten": [name]}).raise_for_status()

    def add_person(self, name: str, /, **claims: Any) -> str:
        answer = httpx.post(f"{self.address}/_test/people", json={"name": name, "claims": claims})
        return str(answer.raise_for_status().json()["subject"])

    def agree(self, url: str, name: str, *, deny: bool = False) -> str:
        with httpx.Client(follow_redirects=True, event_hooks={"response": [_stop_at(url)]}) as browser:
            try:
                page = browser.get(url)
                page = browser.post(page.url, data={**_fields(page), "username": name, "password": name})
                fields = _fields(page)
                if deny:
                    del fields["allow"]
                browser.post(page.url, data=fields)
            except _SentBack as back:
                return str(back)
        raise AssertionError(f"the provider sent nobody back: {page.status_code} {page.text[:500]}")


class _SentBack(Exception):
    pass


def _stop_at(url: str) -> Any:
    """The browser must not follow a redirect to the client: that is what a test does itself."""
    origin = httpx.URL(url).netloc

    def stop(answer: httpx.Response) -> None:
        target = answer.headers.get("location", "")
        if "://" in target and httpx.URL(target).netloc != origin:
            raise _SentBack(target)

    return stop


def _fields(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


@contextlib.contextmanager
def lenient() -> Iterator[Lenient]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from oidc_provider_mock import run_server_in_thread
    with run_server_in_thread() as server:
        yield Lenient(f"http://localhost:{server.server_port}")


@contextlib.contextmanager
def strict() -> Iterator[Strict]:
    program = Path(__file__).with_name("strict_server.py")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, program, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            yield Strict(json.loads(process.stdout.readline())["address"])
        finally:
            process.terminate()
            process.wait(timeout=10)
