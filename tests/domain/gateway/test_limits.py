"""Limits of calls: counted in the database, so that the minute and the day are the same for all nodes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.accounts.errors import AdministratorsOnly
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.call import CallRequest, call
from skillyard.domain.gateway.calls.call_errors import (
    CallLimitReached,
    DailyLimitReached,
    MinuteLimitReached,
    PlanLimitReached,
    PlanUnknown,
)
from skillyard.domain.gateway.calls.plans import check_connections, set_plan
from skillyard.domain.gateway.calls.usage import read_usage
from skillyard.infra.clock import FixedClock
from skillyard.settings import GatewayPlan, IntegrationSettings
from tests.domain.gateway.test_call import connected
from tests.domain.gateway.upstream import Upstream, upstream
from tests.makers import a_person, again, make_app

NOON = 1_800_014_400_000
"""12:00:00 UTC of some day."""
DAY_S = 24 * 3600


@pytest.fixture
def github() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path, github: Upstream, clock: FixedClock) -> Iterator[App]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = a_node(tmp_path, github, clock, database_url=url)
    yield made
    made.close()


def a_node(tmp_path: Path, github: Upstream, clock: FixedClock, **settings: Any) -> App:
    plans = {"small": GatewayPlan(calls_per_minute=5, calls_per_day=8, connections=2)}
    return make_app(
        tmp_path,
        clock=clock,
        outbound_http_loopback=True,
        integrations={"github": IntegrationSettings(base_url=github.url)},
        gateway_plans={**plans, **settings.pop("gateway_plans", {})},
        gateway_plan=settings.pop("gateway_plan", "small"),
        **settings,
    )


def ask(app: App, caller: Caller, *, address: str = "", **params: Any) -> int:
    request = CallRequest(
        integration="github",
        endpoint="list_issues",
        params={"repo": "acme/webapp", **params},
        request_id="req_1",
        address=address,
    )
    return call(app, caller, request).status


def asked_until_refused(app: App, caller: Caller, **how: Any) -> tuple[int, CallLimitReached]:
    for number in range(100):
        try:
            ask(app, caller, **how)
        except CallLimitReached as refused:
            return number, refused
    raise AssertionError("nothing was refused")


def test_a_minute_ends_with_the_minute(app: App, clock: FixedClock) -> None:
    ada = connected(app, a_person(app))
    clock.move(seconds=59.0)
    made, refused = asked_until_refused(app, ada)
    assert made == 5
    assert isinstance(refused, MinuteLimitReached)
    assert refused.facts == {
        "limit": 5, "window": "minute", "of": "of the plan small", "ends": "12:01:00 UTC", "retry_after_s": 1,
    }  # fmt: skip
    clock.move(seconds=0.999)
    with pytest.raises(MinuteLimitReached):
        ask(app, ada)
    clock.move(seconds=0.001)
    assert ask(app, ada) == 200


def test_a_day_ends_at_midnight_utc(app: App, clock: FixedClock) -> None:
    ada = connected(app, a_person(app))
    clock.move(seconds=DAY_S / 2 - 70)
    assert asked_until_refused(app, ada)[0] == 5
    clock.move(seconds=60)
    made, refused = asked_until_refused(app, ada)
    assert (made, type(refused)) == (3, DailyLimitReached)
    assert refused.facts["retry_after_s"] == 10
    assert refused.facts["ends"] == "00:00:00 UTC"
    clock.move(seconds=10)
    assert ask(app, ada) == 200


def test_what_is_refused_is_not_counted(app: App, clock: FixedClock) -> None:
    """Five of the eight of the day, however often was tried."""
    ada = connected(app, a_person(app))
    asked_until_refused(app, ada)
    for _ in range(20):
        with pytest.raises(MinuteLimitReached):
            ask(app, ada)
    used = read_usage(app, ada)
    assert (used.minute.calls, used.day.calls, used.day.limit) == (5, 5, 8)


def test_parameters_that_are_wrong_cost_no_call(app: App) -> None:
    ada = connected(app, a_person(app))
    for _ in range(20):
        with pytest.raises(Exception, match="was not called"):
            ask(app, ada, state="open?")
    assert read_usage(app, ada).day.calls == 0


def test_people_keys_connections_and_addresses_are_limited_by_themselves(
    tmp_path: Path, github: Upstream, clock: FixedClock
) -> None:
    plan = GatewayPlan(calls_per_minute_and_key=4, calls_per_minute_and_connection=6)
    app = a_node(tmp_path, github, clock, gateway_plans={"own": plan}, gateway_plan="own", gateway_calls_per_minute=9)
    ada, bob = connected(app, a_person(app)), connected(app, a_person(app, "bob"))
    made, refused = asked_until_refused(app, ada)
    assert (made, refused.facts["of"]) == (4, "with one key")
    made, refused = asked_until_refused(app, replace(ada, token_id="another"))
    assert (made, refused.facts["of"]) == (2, "with one connection")
    clock.move(seconds=60)
    for number in range(9):
        who = (ada, bob)[number % 2]
        assert ask(app, replace(who, token_id=f"key{number}"), address="192.0.2.7") == 200
    made, refused = asked_until_refused(app, replace(bob, token_id="last"), address="192.0.2.7")
    assert (made, refused.facts["of"]) == (0, "from one address")
    assert ask(app, replace(bob, token_id="last"), address="192.0.2.8") == 200
    app.close()


def test_many_at_once_pass_the_limit_by_none(app: App, github: Upstream) -> None:
    ada = connected(app, a_person(app))

    def attempt(_: int) -> bool:
        try:
            return ask(app, ada) == 200
        except CallLimitReached:
            return False

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(attempt, range(40))) == 5
    assert len(github.asked) == 5


def test_two_nodes_count_together(tmp_path: Path, github: Upstream, clock: FixedClock, postgres_url: str) -> None:
    big = GatewayPlan(calls_per_minute=60)
    nodes = [
        a_node(
            tmp_path / name, github, clock, database_url=postgres_url, gateway_plans={"big": big}, gateway_plan="big"
        )
        for name in ("one", "two")
    ]
    ada = connected(nodes[0], a_person(nodes[0]))

    def attempt(number: int) -> bool:
        try:
            return ask(nodes[number % 2], ada, address="192.0.2.7") == 200
        except CallLimitReached:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(100))) == 60
    assert {read_usage(node, ada).minute.calls for node in nodes} == {60}
    for node in nodes:
        node.close()


def test_administrators_give_people_other_plans(app: App) -> None:
    ada, bob = a_person(app), connected(app, a_person(app, "bob"))
    assert asked_until_refused(app, bob)[0] == 5
    assert set_plan(app, ada, username="bob", plan="unlimited").name == "unlimited"
    for _ in range(6):
        assert ask(app, bob) == 200
    used = read_usage(app, again(app, bob))
    assert (used.plan.name, used.day.limit, used.day.calls) == ("unlimited", None, None)
    assert set_plan(app, ada, username="bob", plan=None).name == "small"
    with pytest.raises(PlanUnknown):
        set_plan(app, ada, username="bob", plan="large")
    with pytest.raises(AdministratorsOnly):
        set_plan(app, bob, username="bob", plan="unlimited")


def test_a_plan_bounds_connections(app: App) -> None:
    bob = a_person(app)
    with app.database.reading() as tx:
        check_connections(tx, app, bob.identity[0], has=1)
        with pytest.raises(PlanLimitReached, match="2 connections"):
            check_connections(tx, app, bob.identity[0], has=2)
