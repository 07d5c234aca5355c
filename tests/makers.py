"""One line to a valid thing. Everything goes through the operations that a user would reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skillyard.app import App, build
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.accounts.links import operator_sign_in_link, redeem_link
from skillyard.domain.accounts.model import Caller, Session
from skillyard.domain.accounts.namespaces import create_namespace
from skillyard.infra.clock import Clock
from skillyard.settings import Settings

_secrets: dict[str, str] = {}


def make_app(tmp_path: Path, *, clock: Clock | None = None, **settings: Any) -> App:
    """An application of its own below `tmp_path`: SQLite and files, unless settings say otherwise."""
    return build(Settings(data_dir=tmp_path / "data", **settings), clock=clock)


def a_link(app: App, username: str | None = None) -> str:
    """The code of a fresh sign-in link: for the account, or for a new one."""
    return operator_sign_in_link(app, username).rpartition("/")[2]


def a_person(app: App, username: str = "ada", *, password: str | None = None) -> Caller:
    """Somebody new who just signed in; the first one of an app is its administrator."""
    return signed_in(app, redeem_link(app, code=a_link(app), username=username, password=password))


def signed_in(app: App, session: Session) -> Caller:
    caller = authenticate(app, session.access_token)
    assert caller.token_id is not None
    _secrets[caller.token_id] = session.access_token
    return caller


def secret_of(caller: Caller) -> str:
    """The access token of somebody whom `a_person` or `signed_in` made."""
    assert caller.token_id is not None
    return _secrets[caller.token_id]


def again(app: App, caller: Caller) -> Caller:
    """The same person on the next request: with the roles that they have by now."""
    return authenticate(app, secret_of(caller))


def an_organization(app: App, owner: Caller, slug: str = "acme") -> Caller:
    """A new namespace; returns its owner, with the role in it."""
    create_namespace(app, owner, slug=slug)
    return again(app, owner)
