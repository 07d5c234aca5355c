"""Staying signed in against a real server, whose clock is helped along by ending access tokens in its database."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.config import Login, choose_registry, read_config, save_login
from skillyard.sdk.errors import ApiError
from skillyard.sdk.login import redeem_link, sign_in_with_password, sign_out
from tests.journeys.running import Server, a_server

PASSWORD = "correct horse battery staple"
LONG_AGO = "2020-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("renewal")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with a_server(home / "server", worker=False) as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SKILLYARD_CONFIG_DIR", str(home / "first"))
        redeem_link(str(running.link), username="yara", password=PASSWORD)
        yield running


@pytest.fixture(autouse=True)
def signed_in(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a machine of its own, with a session of its own."""
    monkeypatch.setenv("SKILLYARD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("SKILLYARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("SKILLYARD_REGISTRY", server.url)
    sign_in_with_password(server.url, "yara", PASSWORD)


def kept(server: Server) -> Login:
    return read_config().logins[server.url]


def end_access_tokens(home: Path) -> None:
    with sqlite3.connect(home / "server" / "skillyard.db", timeout=10) as database:
        database.execute("UPDATE tokens SET expires_ms = 1 WHERE kind = 'access'")


def test_a_token_that_is_about_to_end_is_renewed_unasked(server: Server) -> None:
    before = kept(server)
    save_login(server.url, replace(before, expires_at=LONG_AGO))
    with Client() as client:
        assert client.me()["user"]["username"] == "yara"
    after = kept(server)
    assert after.token != before.token
    assert after.refresh_token not in (None, before.refresh_token)
    assert str(after.expires_at) > LONG_AGO
    with Client() as client:
        client.me()
    assert kept(server) == after


def test_a_token_that_has_ended_is_renewed_and_the_request_sent_again(server: Server, home: Path) -> None:
    before = kept(server)
    with Client() as client:
        end_access_tokens(home)
        assert client.create_namespace(f"space-{before.token[-6:]}".lower().replace("_", "0").replace("-", "x"))
    assert kept(server).token != before.token


def test_many_commands_at_once_renew_once(server: Server) -> None:
    save_login(server.url, replace(kept(server), expires_at=LONG_AGO))
    command = [sys.executable, "-m", "skillyard.cli.main", "whoami"]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: subprocess.run(command, capture_output=True, check=False), range(4)))
    assert [run.returncode for run in done] == [0] * 4, done
    with Client() as client:
        assert client.me()["user"]["username"] == "yara"


def test_a_session_that_was_ended_needs_a_new_sign_in(server: Server) -> None:
    before = kept(server)
    with Client() as client:
        save_login(server.url, replace(before, expires_at=LONG_AGO))
        with Client() as other:
            other.me()
        save_login(server.url, replace(before, expires_at=LONG_AGO))  # a copy of the settings, from before
        with Client() as copy, pytest.raises(ApiError) as refused:
            copy.me()
        assert refused.value.code == "token_revoked"
        assert client.signed_in


def test_a_token_of_the_environment_is_never_renewed(
    server: Server, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    before = kept(server)
    monkeypatch.setenv("SKILLYARD_TOKEN", before.token)
    end_access_tokens(home)
    with Client() as client, pytest.raises(ApiError) as refused:
        client.me()
    assert refused.value.code == "token_expired"
    assert kept(server) == before


def test_signing_out_ends_the_session_too(server: Server) -> None:
    before = kept(server)
    assert sign_out()
    assert choose_registry(server.url).token is None
    save_login(server.url, replace(before, expires_at=LONG_AGO))
    with Client() as client, pytest.raises(ApiError) as refused:
        client.me()
    assert refused.value.code == "token_revoked"


def test_the_refresh_token_is_never_shown(server: Server) -> None:
    login = kept(server)
    assert login.refresh_token
    assert login.refresh_token not in repr(login)
    assert login.refresh_token not in repr(choose_registry(server.url))
