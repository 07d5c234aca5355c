"""GitHub with sign-in on loopback: its API takes the access tokens that a strict OAuth server gave, and no others.

The OAuth server is django-oauth-toolkit, the API myworld's; what is here passes requests on from the one to the other.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.peers.myworld import PEOPLE, GithubLike
from tests.peers.oidc.providers import CLIENT_SECRET, Strict

_THE_API = "github-api"  # as which it asks the OAuth server about tokens
_NOT_PASSED_ON = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "authorization"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it came. `login`: whose token it had, None when the token was not good."""

    method: str
    path: str
    authorization: str
    login: str | None


@dataclass(frozen=True, kw_only=True)
class GithubWithSignIn:
    """`base_url` stands for https://api.github.com. All of PEOPLE have accounts; their passwords are their names.

    `provider`: the OAuth server, by which tests agree in a person's name, or let tokens end.
    """

    base_url: str
    world: GithubLike
    provider: Strict
    client_id: str = "skillyard-at-github"
    client_secret: str = CLIENT_SECRET
    seen: list[Seen] = field(default_factory=list)

    def register(self, public_url: str) -> None:
        """Know the registry as an OAuth application, as if its operator had registered it by hand."""
        self.provider.add_client(f"{public_url}/connections/callback", client_id=self.client_id)

    def settings(self) -> dict[str, str]:
        """What an operator sets for the integration `github`: the last parts of the settings' names."""
        return {
            "base_url": self.base_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "authorize_url": f"{self.provider.issuer}/authorize/",
            "token_url": f"{self.provider.issuer}/token/",
            "revoke_url": f"{self.provider.issuer}/revoke_token/",
            "issuer": self.provider.issuer,
        }

    def server_settings(self) -> dict[str, str]:
        """The same for `a_server`, which may also call this machine."""
        own = {f"integrations__github__{name}": value for name, value in self.settings().items()}
        return own | {"outbound_http_loopback": "true"}

    def login_of(self, authorization: str) -> str | None:
        """Whose token such a header has, if it is good (RFC 7662)."""
        kind, _, token = authorization.partition(" ")
        asked = httpx.post(
            f"{self.provider.issuer}/introspect/", data={"token": token}, auth=(_THE_API, CLIENT_SECRET), timeout=60
        )
        said = asked.raise_for_status().json()
        return str(said["username"]) if kind.lower() in ("bearer", "token") and said.get("username") in PEOPLE else None


@contextlib.contextmanager
def github_with_sign_in(world: GithubLike, provider: Strict) -> Iterator[GithubWithSignIn]:
    """Put the OAuth server in front of a world."""
    for login in PEOPLE:
        provider.add_person(login)
    provider.add_client("http://127.0.0.1:9/never", client_id=_THE_API)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Api) as server, httpx.Client(timeout=60) as client:
        github = GithubWithSignIn(base_url=f"http://127.0.0.1:{server.server_port}", world=world, provider=provider)
        server.daemon_threads = True
        server.github, server.client = github, client  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield github
        server.shutdown()


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        authorization = self.headers.get("authorization", "")
        login = self._github.login_of(authorization)
        self._github.seen.append(Seen(method=self.command, path=self.path, authorization=authorization, login=login))
        if login is None:
            self._send(401, {"content-type": "application/json"}, json.dumps({"message": "Bad credentials"}).encode())
            return
        token = self._github.world.tokens[login]
        passed = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_PASSED_ON}
        passed |= {"authorization": f"Bearer {token}", "accept-encoding": "identity"}
        url = f"{self._github.world.base_url}{self.path}"
        there = self._client.request(self.command, url, headers=passed, content=body)
        self._send(there.status_code, dict(there.headers), there.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 (so the server calls them)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print enough."""

    @property
    def _github(self) -> GithubWithSignIn:
        return self.server.github  # type: ignore[attr-defined, no-any-return]

    @property
    def _client(self) -> httpx.Client:
        return self.server.client  # type: ignore[attr-defined, no-any-return]

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _NOT_PASSED_ON | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
