"""Sign in and out: with the browser, a one-time link, a password or a token, which the user's settings then keep."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from skillyard.sdk.addresses import check_registry, origin_of
from skillyard.sdk.client import Client
from skillyard.sdk.config import Login, choose_registry, forget_login, save_login
from skillyard.sdk.errors import ApiError, InputNeeded, NetworkError, SdkError
from skillyard.sdk.openapi import snake_case

MAX_WAIT_S = 600.0
_NOT_YET = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class CliSession:
    """What a person needs for the browser; the code must be the same there."""

    user_code: str
    verification_url: str
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    base_url: str
    username: str
    expires_at: str | None


def _open_browser(url: str) -> None:
    import webbrowser

    webbrowser.open(url)


def sign_in_with_browser(
    base_url: str | None = None,
    *,
    client_name: str,
    show: Callable[[CliSession], None],
    open_browser: Callable[[str], object] | None = _open_browser,
    sleep: Callable[[float], None] = time.sleep,
) -> Session:
    """Let the person approve in the browser, and wait for it; the token goes to the holder of our secret only (PKCE).

    A bad answer while waiting is not the end. Raises InputNeeded when it was denied or took too long.
    """
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    with _anonymous(base_url, sleep) as client:
        started = client.send_json(
            "POST", "/auth/cli-sessions", {"code_challenge": challenge, "client_name": client_name}
        )
        url = _on_registry(str(started["verification_url"]), client.base_url)
        show(CliSession(user_code=started["user_code"], verification_url=url, expires_at=started["expires_at"]))
        if open_browser:
            open_browser(url)
        return _kept(client.base_url, _poll(client, started, verifier, sleep))


def redeem_link(
    link: str,
    *,
    base_url: str | None = None,
    username: str | None = None,
    display_name: str | None = None,
    password: str | None = None,
) -> Session:
    """Sign in with a one-time link or the code in it. A first or invited account also needs a `username`."""
    address, code = _read_link(link)
    with _anonymous(base_url or address) as client:
        body = {"code": code, "username": username, "display_name": display_name, "password": password}
        return _kept(client.base_url, client.send_json("POST", "/auth/links/redeem", _given(body)))


def sign_in_with_password(base_url: str | None, username: str, password: str) -> Session:
    with _anonymous(base_url) as client:
        body = {"username": username, "password": password}
        return _kept(client.base_url, client.send_json("POST", "/auth/password", body))


def save_token(base_url: str | None, token: str) -> Session:
    """Keep a token that was made elsewhere, once the registry has said whose it is."""
    with Client(base_url, token) as client:
        me = client.me()
        answer = {"access_token": token, "expires_at": me["token"]["expires_at"], "user": me["user"]}
        return _kept(client.base_url, answer)


def sign_out(base_url: str | None = None) -> bool:
    """Revoke the token and forget it. False when the registry could not be told; it is forgotten here all the same."""
    with Client(base_url) as client:
        try:
            if client.signed_in:
                client.send_json("POST", "/auth/logout")
            return client.signed_in
        except (NetworkError, ApiError) as error:
            return isinstance(error, ApiError) and error.status == 401
        finally:
            forget_login(client.base_url)


def _poll(client: Client, started: dict[str, Any], verifier: str, sleep: Callable[[float], None]) -> dict[str, Any]:
    interval_s = min(max(float(started.get("interval_s", 2)), 0.1), 30.0)
    deadline = time.monotonic() + MAX_WAIT_S
    while time.monotonic() < deadline:
        sleep(interval_s)
        try:
            path = f"/auth/cli-sessions/{started['session_id']}/poll"
            answer: dict[str, Any] = client.send_json("POST", path, {"code_verifier": verifier})
        except NetworkError:
            continue
        except ApiError as error:
            if error.status in _NOT_YET:
                continue
            raise
        if answer["status"] == "approved":
            return answer
        if answer["status"] != "pending":
            raise InputNeeded(
                f"The sign-in was not approved: {answer['status']}.",
                code=f"sign_in_{snake_case(str(answer['status']))}",
                hint="Run `skillyard login` again.",
            )
    raise InputNeeded(
        "Nobody approved the sign-in in time.", code="sign_in_expired", hint="Run `skillyard login` again."
    )


def _kept(base_url: str, answer: dict[str, Any]) -> Session:
    username, expires_at = str(answer["user"]["username"]), answer.get("expires_at")
    login = Login(
        token=answer["access_token"],
        username=username,
        expires_at=expires_at,
        refresh_token=answer.get("refresh_token"),
    )
    save_login(base_url, login)
    return Session(base_url=base_url, username=username, expires_at=expires_at)


def _anonymous(base_url: str | None, sleep: Callable[[float], None] = time.sleep) -> Client:
    """Signing in must not fail because the token that it replaces is no longer good."""
    client = Client(base_url, sleep=sleep)
    client.forget_token()
    return client


def _read_link(link: str) -> tuple[str | None, str]:
    """The registry and the code of a link; a bare code has no registry."""
    if "://" not in link:
        return None, link.strip()
    parts = urlsplit(link.strip())
    named = {**parse_qs(parts.query), **parse_qs(parts.fragment)}.get("code")
    code = named[0] if named else parts.fragment or parts.path.rstrip("/").rpartition("/")[2]
    if not code:
        raise SdkError("The link has no code in it.", code="bad_link", hint="Copy all of it, or give the code alone.")
    return check_registry(origin_of(link)), code


def _on_registry(url: str, base_url: str) -> str:
    """The page to approve on; a registry that sends people elsewhere is not obeyed."""
    if origin_of(url) != choose_registry(base_url).origin:
        raise SdkError(
            f"The registry sends you to {origin_of(url)} to sign in, which is not its own address.",
            code="foreign_sign_in_page",
            hint="Tell its operator: the public address of the server is set wrongly.",
        )
    return url


def _given(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
