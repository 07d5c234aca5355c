"""Addresses that lead where no call may go, in every spelling: as a server, as a variable, and by a name's answers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import CallRequest, call
from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.catalog.add import add_file, remove_integration
from skillyard.domain.gateway.connect import oauth
from skillyard.domain.gateway.connect.connection_errors import (
    AccountNotUnderstood,
    ReconnectRequired,
    VariablesNotAcceptable,
)
from skillyard.domain.gateway.connect.connections import add_key, list_connections
from skillyard.domain.gateway.connect.sealed import count_by_key
from skillyard.infra.envelope import Secret
from skillyard.infra.errors import SkillyardError
from skillyard.infra.outbound import AddressNotAllowed, CallFailed, Outbound
from skillyard.settings import IntegrationSettings
from tests.hostile.raw_upstream import RawUpstream, raw_upstream
from tests.makers import a_person, make_app

KEY = Secret("ghp_a-key-that-nobody-sees-again")
SPELLINGS = [
    "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001",
    "2130706433", "017700000001", "0", "0.0.0.0", "127.0.0.1.", "127.127.127.127", "169.254.169.254", "0xa9fea9fe",
    "2852039166", "169.254.43518", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
]  # fmt: skip
SPELLINGS_6 = [
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]",
    "[fd00:ec2::254]", "[ff02::1]", "[::ffff:169.254.169.254]",
]  # fmt: skip
TRICKS = ["①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1%00.github.com", "api.github.com%40127.0.0.1", "a b", "x\tlocalhost"]


@pytest.fixture
def trap() -> Iterator[RawUpstream]:
    """What listens on this machine, and must never be spoken to."""
    with raw_upstream() as made:
        yield made
        assert made.heads == []


def _try_to_call(app: App, caller: Caller) -> SkillyardError:
    """Connect, and call: the first that is refused."""
    with pytest.raises(SkillyardError) as refused:
        add_key(app, caller, integration="github", secrets={"secret": KEY}, variables={})
    assert KEY.reveal() not in f"{refused.value.message} {refused.value.facts}"
    return refused.value


@pytest.mark.parametrize("host", SPELLINGS + SPELLINGS_6)
def test_no_spelling_of_a_private_address_is_called(tmp_path: Path, trap: RawUpstream, host: str) -> None:
    """Also not when an operator wrote it: only SKILLYARD_OUTBOUND_ALLOW lets them."""
    for scheme in ("https", "http"):
        settings = IntegrationSettings(base_url=f"{scheme}://{host}:{trap.port}")
        app = make_app(tmp_path / scheme, integrations={"github": settings})
        assert isinstance(_try_to_call(app, a_person(app)), AccountNotUnderstood)
        app.close()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(
    "host", SPELLINGS + SPELLINGS_6 + TRICKS + ["gitlab.com/x?", "gitlab.com#", "a@b", "a:b@c", "\\", ""]
)
def test_no_spelling_of_a_private_address_gets_in_by_a_variable(app: App, trap: RawUpstream, host: str) -> None:
    caller = a_person(app)
    for value in (host, f"{host}:{trap.port}"):
        with pytest.raises((AccountNotUnderstood, VariablesNotAcceptable)):
            add_key(app, caller, integration="gitlab", secrets={"secret": KEY}, variables={"host": value})
    assert list_connections(app, caller) == []


def test_who_signs_in_is_sent_to_no_host_that_somebody_chose(tmp_path: Path) -> None:
    """A program with a key could else have the person's token, or the registry's own secret, sent to its own host."""
    client = IntegrationSettings(client_id="us", client_secret="ours")
    app = make_app(tmp_path, integrations={"gitlab": client})
    caller = a_person(app)
    with pytest.raises(VariablesNotAcceptable):
        oauth.start(app, caller, integration="gitlab", variables={"host": "evil.example"})
    begun = oauth.start(app, caller, integration="gitlab", variables={"host": "gitlab.com"})
    there = oauth.leave(app, caller, begun.id, browser="a secret of the browser")
    assert there.startswith("https://gitlab.com/oauth/authorize?")
    app.close()


def _resolver(*answers: Sequence[str]) -> Outbound:
    """Names lead first here, then there; plain HTTP never."""
    left = list(answers)
    return Outbound(resolver=lambda host: left.pop(0) if len(left) > 1 else left[0])


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["140.82.121.6", "127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
    ],
    ids=",".join,
)
def test_a_public_name_that_leads_inside_is_not_called(app: App, addresses: list[str]) -> None:
    inside = replace(app, outbound=_resolver(addresses))
    assert "not a public address" in _try_to_call(inside, a_person(app)).message


def test_a_name_that_changes_its_mind_is_asked_once(tmp_path: Path, trap: RawUpstream) -> None:
    """Rebinding: what was checked is what is connected to, not what the name says a moment later."""
    settings = IntegrationSettings(base_url=f"https://rebind.example:{trap.port}")
    app = make_app(tmp_path, integrations={"github": settings})
    asked: list[str] = []

    def resolver(host: str) -> Sequence[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    caller = a_person(app)
    changing = replace(app, outbound=Outbound(resolver=resolver))
    _try_to_call(changing, caller)
    assert asked == ["rebind.example"]
    _try_to_call(changing, caller)
    app.close()


def test_names_that_are_never_answered_keep_nobody_else_waiting(app: App) -> None:
    """As many at once as one person can have calls under way."""
    answered = threading.Event()

    def resolver(host: str) -> Sequence[str]:
        if host.startswith("slow"):
            answered.wait(30)
        return ["140.82.121.6"]

    outbound, most = Outbound(resolver=resolver), app.settings.gateway_calls_at_once // 2
    waiting = [threading.Thread(target=_look_at, args=(outbound, f"slow{number}.example")) for number in range(most)]
    for thread in waiting:
        thread.start()
    began = time.monotonic()
    outbound.check("https://quick.example/")
    took_s = time.monotonic() - began
    answered.set()
    for thread in waiting:
        thread.join()
    assert took_s < 5


def _look_at(outbound: Outbound, host: str) -> None:
    with contextlib.suppress(CallFailed):
        outbound.check(f"https://{host}/")


def test_a_connection_whose_server_moved_inside_is_not_called(tmp_path: Path, trap: RawUpstream) -> None:
    """It was connected when all was well; each new line to it is checked again."""
    with raw_upstream() as github:
        app, caller = _connected(tmp_path, github)
    elsewhere = {"github": IntegrationSettings(base_url=f"https://github.example:{trap.port}")}
    settings = app.settings.model_copy(update={"integrations": elsewhere})
    with pytest.raises(AddressNotAllowed):
        _list_issues(replace(app, settings=settings, outbound=_resolver(["127.0.0.1"])), caller, "acme/webapp")
    app.close()


@pytest.mark.parametrize(
    "repo",
    [
        "../../user", "acme/../../user", "acme/webapp/../../../user", "acme/%2e%2e", "acme/..%2f..", "acme/%252e%252e",
        "acme/webapp?x=y", "acme/webapp#x", "acme\\webapp", "acme/web\r\napp", "acme/\0", "//evil.example/x", "acme//x",
        "acme/x/", "/acme/x", "acme/.", "acme/ ", "acme/x;y", "http://evil.example", "acme/x HTTP/1.1\r\nhost: evil",
        "é/è",
    ],
)  # fmt: skip
def test_no_parameter_leaves_its_place_in_the_path(tmp_path: Path, repo: str) -> None:
    with raw_upstream() as github:
        app, caller = _connected(tmp_path, github)
        with contextlib.suppress(ParamsInvalid):
            _list_issues(app, caller, repo)
        app.close()
    for head in github.heads:
        target = head.split(b" ")[1].partition(b"?")[0]
        assert target.startswith(b"/repos/")
        assert target.endswith(b"/issues")
        assert target.count(b"/") == 4
        assert b".." not in target
        assert head.lower().count(b"\r\nhost:") == 1


def _connected(tmp_path: Path, github: RawUpstream) -> tuple[App, Caller]:
    settings = {"github": IntegrationSettings(base_url=github.url)}
    app = make_app(tmp_path, integrations=settings, outbound_http_loopback=True)
    caller = a_person(app)
    add_key(app, caller, integration="github", secrets={"secret": KEY}, variables={})
    return app, caller


def _list_issues(app: App, caller: Caller, repo: str) -> None:
    call(app, caller, CallRequest(integration="github", endpoint="list_issues", params={"repo": repo}, request_id="r1"))


def test_a_key_is_shown_to_no_host_that_it_was_not_given_for(tmp_path: Path) -> None:
    """Also not when an administrator describes the integration anew, or another one by its old name."""
    with raw_upstream() as given_for, raw_upstream() as other:
        app = make_app(tmp_path, outbound_http_loopback=True)
        root = a_person(app)
        add_file(app, root, text=_an_integration(given_for.url))
        add_key(app, root, integration="acme", secrets={"secret": KEY}, variables={})
        _ask_acme(app, root)
        add_file(app, root, text=_an_integration(given_for.url, "Its title is new"))
        _ask_acme(app, root)
        assert len(given_for.heads) == 2, "what stays at its host stays connected"
        add_file(app, root, text=_an_integration(other.url))
        with pytest.raises(ReconnectRequired):
            _ask_acme(app, root)
        assert _kept(app) == 0
        add_key(app, root, integration="acme", secrets={"secret": KEY}, variables={})
        remove_integration(app, root, slug="acme")
        add_file(app, root, text=_an_integration(given_for.url))
        with pytest.raises(ReconnectRequired):
            _ask_acme(app, root)
        assert (len(given_for.heads), len(other.heads)) == (2, 0)
        app.close()


def _kept(app: App) -> int:
    """How many sealed secrets there are."""
    with app.database.reading() as tx:
        return sum(count_by_key(tx).values())


def _an_integration(url: str, title: str = "Acme") -> str:
    return f"""
integration: acme
version: 1
title: {title}
description: For tests.
origin: {{description: Made up, licence: Apache-2.0}}
base_url: {url}
ways: [{{kind: api_key}}]
identity: {{path: /user, id: id, label: login}}
groups: {{all: All}}
endpoints:
  list: {{group: all, summary: List, method: GET, path: /list, effect: read}}
"""


def _ask_acme(app: App, caller: Caller) -> None:
    call(app, caller, CallRequest(integration="acme", endpoint="list", params={}, request_id="r1"))
