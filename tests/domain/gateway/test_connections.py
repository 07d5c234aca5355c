"""Connections: several accounts, each with secrets that only its own row opens, until they are taken back."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call_errors import PlanLimitReached
from skillyard.domain.gateway.calls.plans import set_plan
from skillyard.domain.gateway.catalog.integration import Habits, Integration, OAuth, SecretPlace, Way
from skillyard.domain.gateway.catalog.lookup import find_integration, keep_integration, read_shipped
from skillyard.domain.gateway.connect import sealed
from skillyard.domain.gateway.connect.authorizations import fresh
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connection_errors import (
    AccountNotUnderstood,
    ConnectionLabelNotAcceptable,
    ConnectionNotFound,
    ConnectionSecretsNotAcceptable,
    IntegrationNotConnected,
    KeyRefused,
    ReconnectRequired,
    TooManyConnections,
    VariablesNotAcceptable,
    WayNotOffered,
)
from skillyard.domain.gateway.connect.connection_rules import check_variables
from skillyard.domain.gateway.connect.connections import (
    MOST_CONNECTIONS,
    add_key,
    choose,
    choose_default,
    disconnect,
    list_connections,
    list_uses,
)
from skillyard.domain.gateway.jobs import forget_old_uses, rotate_vault_keys
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret, SecretNotReadable
from skillyard.infra.events import read_after
from tests.domain.gateway.connecting import connect_with_code as connect
from tests.makers import a_person, make_app
from tests.peers.oauth.odd_server import CLIENT_ID, CLIENT_SECRET, Odd, Says, odd_server

KEY = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def odd() -> Iterator[Odd]:
    with odd_server() as server:
        yield server


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def app(odd: Odd, clock: FixedClock, tmp_path: Path) -> Iterator[App]:
    """`github` and `acme` are at the odd server, which takes KEY."""
    odd.access.add(KEY)
    settings = {"github": odd.settings(), "acme": {"base_url": odd.address, "token_url": f"{odd.address}/token"}}
    made = make_app(tmp_path, clock=clock, integrations=settings, outbound_http_loopback=True)
    yield made
    made.close()


def a_key(app: App, caller: Caller, text: str = KEY, integration: str = "github", **more: Any) -> Connection:
    given = {"secrets": {"secret": Secret(text)}, "variables": {}, **more}
    return add_key(app, caller, integration=integration, **given)


def acme(app: App, way: Way, **changed: Any) -> Integration:
    """A service that is connected in this way."""
    described = replace(
        read_shipped("github"), slug="acme", title="Acme", ways=(way,), is_ours=False, base_url="https://acme.example",
        **changed,
    )  # fmt: skip
    with app.database.transaction() as tx:
        keep_integration(tx, described, user_id="usr_x", now_ms=0)
    return find_integration(app, "acme")


def as_user(odd: Odd, number: int) -> None:
    odd.user = Says(body={"id": number, "login": f"user-{number}"})


def chosen(app: App, caller: Caller, wanted: str | None) -> str:
    with app.database.reading() as tx:
        return choose(tx, caller.identity[0], "github", wanted, address="https://here.example").account_label


def test_of_several_accounts_the_newest_is_meant_until_another_is_chosen(app: App, odd: Odd, clock: FixedClock) -> None:
    ada = a_person(app)
    with pytest.raises(IntegrationNotConnected) as refused:
        chosen(app, ada, None)
    assert refused.value.facts["action_url"] == "https://here.example/connections?integration=github"
    made = []
    for number in (1, 2, 3):
        as_user(odd, number)
        clock.move(seconds=1)
        made.append(a_key(app, ada, label=f"number {number}"))
    assert chosen(app, ada, None) == "user-3"
    assert choose_default(app, ada, connection_id=made[0].id).is_default
    assert chosen(app, ada, None) == "user-1"
    as_user(odd, 4)
    a_key(app, ada)
    assert chosen(app, ada, None) == "user-1", "a choice holds"
    assert [one.account_label for one in list_connections(app, ada) if one.is_default] == ["user-1"]
    assert [chosen(app, ada, wanted) for wanted in (made[1].id, "number 2", "user-2")] == ["user-2"] * 3
    for wanted in ("user-9", "", "\0", "\ud800"):
        with pytest.raises(ConnectionNotFound):
            chosen(app, ada, wanted)
    disconnect(app, ada, connection_id=made[0].id)
    assert chosen(app, ada, None) == "user-4"


def test_the_same_account_takes_the_place_of_itself_also_at_once(app: App, odd: Odd) -> None:
    ada = a_person(app)
    odd.access.add("another-key-of-the-same-account")
    texts = [KEY, "another-key-of-the-same-account"] * 4
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda text: a_key(app, ada, text), texts))
    assert len({one.id for one in made}) == len(list_connections(app, ada)) == 1
    assert fresh(app, made[0], find_integration(app, "github")).secret.reveal() in texts
    assert a_key(app, a_person(app, "eve")).id != made[0].id, "somebody else's is their own"


def test_a_key_that_is_refused_later_is_checked_and_given_up(app: App, odd: Odd) -> None:
    ada = a_person(app)
    made, github = a_key(app, ada), find_integration(app, "github")
    shown = fresh(app, made, github)
    assert shown.headers == {"authorization": f"Bearer {KEY}"}
    assert fresh(app, made, github, rejected=shown.secret).secret.reveal() == KEY, "it may do less, but it is good"
    odd.access.clear()
    for _ in range(2):
        with pytest.raises(ReconnectRequired):
            fresh(app, made, github, rejected=shown.secret)
    with app.database.reading() as tx:
        kinds = [event.kind for event in read_after(tx, 0) if event.kind.startswith("connection.")]
    assert kinds == ["connection.made", "connection.lost"]
    with pytest.raises(KeyRefused):
        a_key(app, ada)
    odd.access.add(KEY)
    assert a_key(app, ada).id == made.id
    assert fresh(app, made, github).secret.reveal() == KEY


def test_disconnecting_destroys_it_here_and_there(app: App, odd: Odd) -> None:
    ada, github = a_person(app), find_integration(app, "github")
    made = connect(app, ada)
    access = fresh(app, made, github).secret.reveal()
    with pytest.raises(ConnectionNotFound):
        disconnect(app, a_person(app, "eve"), connection_id=made.id)
    gone = disconnect(app, ada, connection_id=made.id)
    assert (gone.revoked, gone.why) == ("revoked", "")
    assert access not in odd.access
    assert [form["token_type_hint"] for path, form in odd.asked if path == "/revoke"] == [
        "refresh_token", "access_token",
    ]  # fmt: skip
    with pytest.raises(ConnectionNotFound):
        fresh(app, made, github)
    with pytest.raises(ConnectionNotFound):
        disconnect(app, ada, connection_id=made.id)
    with app.database.reading() as tx:
        assert tx.all("SELECT * FROM gateway_secrets") == tx.all("SELECT * FROM connections") == []


def test_a_failure_that_is_not_of_the_key_does_not_cost_the_connection(app: App, odd: Odd) -> None:
    habits = Habits(failed_if={"ok": False}, failure=("error",), rejected=("invalid_auth",))
    known, ada = acme(app, Way(kind="api_key"), habits=habits), a_person(app)
    odd.user = Says(body={"ok": True, "id": 7, "login": "ada"})
    made = a_key(app, ada, integration="acme")
    secret = fresh(app, made, known).secret
    odd.user = Says(body={"ok": False, "error": "internal_error"})
    with pytest.raises(AccountNotUnderstood):
        fresh(app, made, known, rejected=secret)
    odd.user = Says(body={"ok": False, "error": "invalid_auth"})
    with pytest.raises(ReconnectRequired):
        fresh(app, made, known, rejected=secret)


def test_what_cannot_be_taken_back_there_is_said(app: App, odd: Odd) -> None:
    ada = a_person(app)
    made = connect(app, ada)
    odd.revoke_status = 503
    gone = disconnect(app, ada, connection_id=made.id)
    assert gone.revoked == "failed"
    assert "503" in gone.why
    gone = disconnect(app, ada, connection_id=a_key(app, ada).id)
    assert gone.revoked == "not_possible"
    assert "settings" in gone.why
    assert list_connections(app, ada) == []


def test_a_token_is_taken_back_as_github_has_it(odd: Odd, tmp_path: Path) -> None:
    (revoke_url,) = [way.oauth.revoke_url for way in read_shipped("github").ways if way.oauth]
    assert revoke_url == "https://api.github.com/applications/{client_id}/token"
    settings = odd.settings() | {"revoke_url": revoke_url.replace("https://api.github.com", odd.address)}
    app = make_app(tmp_path, integrations={"github": settings}, outbound_http_loopback=True)
    ada = a_person(app)
    made = connect(app, ada)
    access = fresh(app, made, find_integration(app, "github")).secret.reveal()
    assert disconnect(app, ada, connection_id=made.id).revoked == "revoked"
    assert odd.asked[-1] == (f"/applications/{CLIENT_ID}/token", {"access_token": access})
    app.close()


def test_a_name_and_a_password_are_shown_as_basic(app: App, odd: Odd) -> None:
    ada = a_person(app)
    acme(app, Way(kind="basic"), identity=None)
    secrets = {"username": Secret("ada@acme.example"), "password": Secret("correct horse")}
    made = a_key(app, ada, integration="acme", secrets=secrets, label="mine")
    encoded = base64.b64encode(b"ada@acme.example:correct horse").decode()
    assert fresh(app, made, find_integration(app, "acme")).headers == {"authorization": f"Basic {encoded}"}
    assert (made.account_label, made.way) == ("mine", "basic")
    with pytest.raises(WayNotOffered):
        a_key(app, ada, integration="acme")
    a_key(app, ada, integration="acme", secrets=secrets | {"password": Secret("grün 💚")})
    for bad in ({"username": Secret("a:b")}, {"password": Secret("")}, {"password": Secret("x\r\ny")}):
        with pytest.raises(ConnectionSecretsNotAcceptable):
            a_key(app, ada, integration="acme", secrets=secrets | bad)


def test_a_key_may_stand_in_the_address(app: App, odd: Odd) -> None:
    place = SecretPlace(where="query", name="api_key", format="{secret}")
    acme(app, Way(kind="api_key", place=place), identity=None)
    shown = fresh(app, a_key(app, a_person(app), integration="acme"), find_integration(app, "acme"))
    assert (shown.query, shown.headers) == ({"api_key": KEY}, {})
    assert KEY not in repr(shown)


def test_a_program_of_ones_own_gets_its_tokens_and_renews_them(app: App, odd: Odd, clock: FixedClock) -> None:
    ada = a_person(app)
    acme(app, Way(kind="client_credentials", oauth=OAuth(token_url="https://acme.example/token", client_auth="basic")))
    own = {"client_id": Secret(CLIENT_ID), "client_secret": Secret(CLIENT_SECRET)}
    with pytest.raises(KeyRefused, match="invalid_client"):
        a_key(app, ada, integration="acme", secrets=own | {"client_secret": Secret("wrong")})
    made = a_key(app, ada, integration="acme", secrets=own)
    first = fresh(app, made, found := find_integration(app, "acme")).secret.reveal()
    assert (made.account_label, first in odd.access) == ("ada", True)
    clock.move(seconds=3600)
    second = fresh(app, made, found).secret.reveal()
    assert second != first
    assert second in odd.access
    odd.token_answer = lambda _: Says(status=401, body={"error": "invalid_client"})
    clock.move(seconds=3600)
    with pytest.raises(ReconnectRequired):
        fresh(app, made, found)


def test_a_program_of_ones_own_may_be_known_at_a_site_only(odd: Odd, clock: FixedClock, tmp_path: Path) -> None:
    there = {"acme": {"base_url": odd.address, "token_url": f"{odd.address}/{{site}}/token"}}
    app = make_app(tmp_path, clock=clock, integrations=there, outbound_http_loopback=True)
    acme(
        app,
        Way(kind="client_credentials", oauth=OAuth(token_url="https://acme.example/{site}/token")),
        variables={"site": {"enum": ["eu", "us"]}},
    )
    own = {"client_id": Secret(CLIENT_ID), "client_secret": Secret(CLIENT_SECRET)}
    made = a_key(app, a_person(app), integration="acme", secrets=own, variables={"site": "us"})
    clock.move(seconds=3600)
    assert fresh(app, made, find_integration(app, "acme")).secret.reveal() in odd.access
    assert [path for path, _ in odd.asked] == ["/us/token"] * 2
    app.close()


@pytest.mark.parametrize(
    "value", ["", "a/b", "a?b", "a#b", "a@b", "a b", "a\\b", "..", "-", "a\r\nb", "{x}", "ä", "x" * 300, "%2e"]
)
def test_a_variable_cannot_lead_out_of_its_part_of_the_address(value: str) -> None:
    """Whatever the schema says."""
    with pytest.raises(VariablesNotAcceptable):
        check_variables(replace(read_shipped("github"), variables={"site": {"type": "string"}}), {"site": value})


def test_variables_are_part_of_the_account_and_are_checked_by_their_schema(odd: Odd, tmp_path: Path) -> None:
    odd.access.add(KEY)
    there = {"acme": {"base_url": f"{odd.address}/{{region}}/{{site}}"}}
    app = make_app(tmp_path, integrations=there, outbound_http_loopback=True)
    schema = {"type": "string", "pattern": "^[a-z]+$", "description": "Your site."}
    acme(app, Way(kind="api_key"), variables={"site": schema, "region": {"enum": ["eu", "us"], "default": "eu"}})
    ada = a_person(app)
    made = [a_key(app, ada, integration="acme", variables={"site": site}) for site in ("one", "two")]
    assert [one.variables for one in made] == [{"site": "one", "region": "eu"}, {"site": "two", "region": "eu"}]
    assert len(list_connections(app, ada)) == 2
    with pytest.raises(VariablesNotAcceptable) as refused:
        a_key(app, ada, integration="acme", variables={"site": "ONE", "nothing": "x"})
    assert len(refused.value.faults) == 2
    for label in ("\n", "x" * 101):
        with pytest.raises(ConnectionLabelNotAcceptable):
            a_key(app, ada, integration="acme", variables={"site": "one"}, label=label)
    app.close()


def test_nobody_has_more_connections_than_they_may(app: App) -> None:
    ada = a_person(app)
    acme(app, Way(kind="api_key"), identity=None)
    for number in range(MOST_CONNECTIONS):
        a_key(app, ada, integration="acme", label=str(number))
    with pytest.raises(TooManyConnections):
        a_key(app, ada, integration="acme", label="more")
    a_key(app, ada, integration="acme", label="0")


def test_a_plan_says_how_many_accounts_somebody_connects(app: App, odd: Odd) -> None:
    ada = a_person(app)
    set_plan(app, ada, username="ada", plan="free")
    made = []
    for number in range(3):
        as_user(odd, number)
        made.append(a_key(app, ada))
    as_user(odd, 3)
    with pytest.raises(PlanLimitReached):
        a_key(app, ada)
    as_user(odd, 1)
    assert a_key(app, ada).id == made[1].id, "the same again is not one more"
    disconnect(app, ada, connection_id=made[0].id)
    as_user(odd, 3)
    a_key(app, ada)


def test_a_row_that_is_moved_to_another_person_does_not_open(app: App) -> None:
    ada, eve = a_person(app), a_person(app, "eve")
    mine, hers = a_key(app, ada), a_key(app, eve)
    with app.database.transaction() as tx:
        tx.run("DELETE FROM gateway_secrets WHERE ref = ?", hers.id)
        tx.run("UPDATE gateway_secrets SET ref = ? WHERE ref = ?", hers.id, mine.id)
    with pytest.raises(SecretNotReadable):
        fresh(app, hers, find_integration(app, "github"))
    with app.database.transaction() as tx:
        tx.run("UPDATE gateway_secrets SET ref = ? WHERE ref = ?", mine.id, hers.id)
        tx.run("UPDATE connections SET account_id = '8' WHERE id = ?", hers.id)
        tx.run("UPDATE connections SET owner_id = ? WHERE id = ?", eve.identity[0], mine.id)
    with pytest.raises(SecretNotReadable):
        fresh(app, mine, find_integration(app, "github"))
    assert disconnect(app, eve, connection_id=mine.id).revoked == "not_possible", "but it can be removed"


def test_what_we_used_one_for_is_told_also_when_it_is_gone_and_for_400_days(
    app: App, odd: Odd, clock: FixedClock
) -> None:
    ada, eve = a_person(app), a_person(app, "eve")
    made = connect(app, ada)
    clock.move(seconds=3600)
    fresh(app, made, find_integration(app, "github"))
    disconnect(app, ada, connection_id=made.id)

    def whys(caller: Caller) -> list[str]:
        return [use.why for use in list_uses(app, caller, connection_id=made.id).items]

    assert (whys(ada), whys(eve)) == (["revocation", "renewal", "identity"], [])
    page = list_uses(app, ada, connection_id=made.id, limit=2)
    rest = list_uses(app, ada, connection_id=made.id, cursor=page.next_cursor)
    assert [use.why for use in (*page.items, *rest.items)] == whys(ada)
    clock.move(seconds=401 * 24 * 3600)
    forget_old_uses(app)
    assert whys(ada) == []


def test_keys_of_the_vault_are_replaced_and_old_ones_left_out(app: App, odd: Odd, tmp_path: Path) -> None:
    ada = a_person(app)
    made = connect(app, ada)
    odd.life_s = 3600
    url, key = app.settings.database, f"2027={base64.b64encode(os.urandom(32)).decode()}"
    settings = {"integrations": {"github": odd.settings()}, "outbound_http_loopback": True, "database_url": url}
    renewed = make_app(tmp_path / "again", clock=app.clock, vault_keys=key, **settings)
    assert keys_in_use(renewed) == {"database": 1}
    rotate_vault_keys(renewed)
    assert keys_in_use(renewed) == {"2027": 1}
    assert fresh(renewed, made, find_integration(renewed, "github")).secret.reveal() in odd.access
    with pytest.raises(SecretNotReadable):
        fresh(app, made, find_integration(app, "github"))
    renewed.close()


def keys_in_use(app: App) -> dict[str, int]:
    with app.database.reading() as tx:
        return sealed.count_by_key(tx)


def test_connecting_and_using_and_removing_leaves_no_secret_in_any_place(
    app: App, odd: Odd, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every row, event, file, log and answer of a whole flow, with refusals in it."""
    caplog.set_level(0)
    ada, github, clock = a_person(app), find_integration(app, "github"), app.clock
    assert isinstance(clock, FixedClock)
    made, printed = connect(app, ada), []
    printed += [repr(made), repr(fresh(app, made, github))]
    clock.move(seconds=3600)
    renewed = fresh(app, made, github)
    odd.end_all()
    for refusal in (ReconnectRequired, ReconnectRequired):
        with pytest.raises(refusal) as refused:
            fresh(app, made, github, rejected=renewed.secret)
        printed += [repr(refused.value), str(refused.value.facts), refused.value.advice]
    as_user(odd, 8)
    odd.access.add(KEY)
    printed += [repr(a_key(app, ada)), repr(list_connections(app, ada))]
    secrets = {text for _, form in odd.asked for name, text in form.items() if "token" in name and "hint" not in name}
    secrets |= {KEY, CLIENT_SECRET, renewed.secret.reveal()} | {f"access-{number:06}-a" for number in range(100)}
    assert len(secrets) > 100
    with app.database.reading() as tx:
        tables = [row["name"] for row in tx.all("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = "\n".join(str(dict(row)) for name in tables for row in tx.all(f"SELECT * FROM {name}"))
    out = capfd.readouterr()
    everything = "\n".join([rows, caplog.text, out.out, out.err, *printed])
    for secret in secrets:
        for shape in (secret, base64.b64encode(secret.encode()).decode()[:24], secret.encode().hex()):
            assert shape not in everything, shape
    files = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    for secret in secrets:
        assert secret.encode() not in files


def test_an_integration_that_is_gone_can_be_disconnected(odd: Odd, tmp_path: Path) -> None:
    odd.access.add(KEY)
    app = make_app(tmp_path, integrations={"github": odd.settings()}, outbound_http_loopback=True)
    ada = a_person(app)
    made = a_key(app, ada)
    app.close()
    app = make_app(tmp_path, integrations={"github": {"is_off": True}})
    gone = disconnect(app, ada, connection_id=made.id)
    assert gone.revoked == "not_possible"
    assert list_connections(app, ada) == []
    assert httpx.get(f"{odd.address}/user", headers={"authorization": f"Bearer {KEY}"}).status_code == 200
    app.close()
