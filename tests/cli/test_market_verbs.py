"""The verbs of the market, as they are typed: what they print, what they ask, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillyard.sdk.client import Client
from skillyard.sdk.market import NotSettledYet
from tests.domain.market.stall import an_executable
from tests.journeys.running import Server, User, a_server, a_skill, sign_in

SUMMARIZE = "import json, sys\nurl = json.load(sys.stdin)['url']\nprint(json.dumps({'summary': 'About ' + url}))\n"


@dataclass(frozen=True)
class People:
    """`ada` administers and offers ada/sum for 10 credits; `bea` has 1000 credits; `eve` has none."""

    ada: User
    bea: User
    eve: User


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("server"), worker=False, writes_per_minute="100000") as running:
        yield running


@pytest.fixture(scope="module")
def people(server: Server, tmp_path_factory: pytest.TempPathFactory) -> People:
    home = tmp_path_factory.mktemp("people")
    ada = sign_in(server, home / "ada", "ada")
    guests = {name: User(home=home / name, registry=server.url) for name in ("bea", "eve")}
    for name, guest in guests.items():
        link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        guest.run("login", "--link", link, "--username", name)
    body = json.dumps({"username": "bea", "amount": "1000", "reason": "a present"})
    ada.run("request", "POST", "/admin/credits", "--body", body)
    publish(ada, "sum", price=10)
    return People(ada, **guests)


def publish(user: User, slug: str, **fields: Any) -> None:
    folder = a_skill(user.home / slug, slug)
    (folder / "executable.json").write_text(json.dumps(an_executable(**fields)))
    user.run("publish", str(folder))


def work(user: User, *command: str, offer: str = "ada/sum", expect: int = 0) -> str:
    return user.run("work", offer, "--once", "--", *command, expect=expect).stdout


def test_what_was_published_is_offered_at_once(people: People) -> None:
    (found,) = people.eve.data("offers", "sum")
    assert (found["name"], found["price"], found["mode"]) == ("ada/sum", 10, "open")
    assert "10 credits" in people.eve.run("offers", "show", "ada/sum").stdout
    assert people.eve.data("offers", "show", found["id"]) == people.eve.data("offers", "show", "@ada/sum")
    assert people.eve.run("offers").stdout.startswith("ada/sum\t")
    assert people.eve.data("offers", "--tag", "nothing") == []
    assert people.ada.data("offers", "--mine")[0]["id"] == found["id"]


def test_an_invocation_is_worked_off_by_a_program_and_printed(people: People) -> None:
    started = people.bea.run("invoke", "ada/sum", "url=https://example.com", "--detach", "--yes")
    assert started.stdout == ""
    assert work(people.ada, sys.executable, "-c", SUMMARIZE).endswith("completed\n")
    (asked,) = people.bea.data("invocations")
    assert (asked["status"], asked["output"]) == ("completed", {"summary": "About https://example.com"})
    shown = people.bea.run("invocations", "show", asked["id"])
    assert json.loads(shown.stdout) == asked["output"]
    assert people.bea.run("invocations", "receipt", asked["id"]).stdout.startswith("skillyard receipt v1\n")
    assert people.ada.data("invocations", "--provider")[0]["id"] == asked["id"]
    assert people.bea.data("credits")["available"] in (990, "990")


def test_waiting_prints_the_output_alone(people: People) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "skillyard.cli.main", "work", "ada/sum", "--", sys.executable, "-c", SUMMARIZE],
        cwd=people.ada.project, env=people.ada.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        done = people.bea.run("invoke", "ada/sum", "--input", '{"url": "x"}', "--yes", "--timeout", "30")
    finally:
        os.kill(worker.pid, signal.SIGINT)
        worker.communicate(timeout=20)
    assert json.loads(done.stdout) == {"summary": "About x"}
    assert worker.returncode == 130


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        ("import sys; sys.exit(3)", "work_failed", "could not do it"),
        ("print('no json')", "work_failed", "could not do it"),
        ("print('{\"wrong\": 1}')", "work_failed", "output_not_valid"),
        ('import sys; print(\'{"code": "gone", "message": "The page is gone."}\'); sys.exit(1)', "gone", "is gone"),
    ],
)
def test_a_program_that_fails_gives_the_price_back(people: People, program: str, code: str, message: str) -> None:
    before = people.bea.data("credits")["available"]
    people.bea.run("invoke", "ada/sum", "url=x", "--detach", "--yes")
    work(people.ada, sys.executable, "-c", program)
    asked = people.bea.data("invocations")[0]
    assert (asked["status"], asked["error"]["code"]) == ("failed", code)
    assert message in asked["error"]["message"]
    refused = people.bea.run("invocations", "show", asked["id"], expect=1)
    assert asked["error"]["message"] in refused.stderr
    assert people.bea.data("credits")["available"] == before


def test_nothing_is_spent_without_consent_and_inputs_are_checked_first(people: People, tmp_path: Path) -> None:
    assert "--yes" in people.bea.run("invoke", "ada/sum", "url=x", expect=4).stderr
    wrong = people.bea.data("invoke", "ada/sum", "uri=x", "--yes", expect=1)["error"]
    assert wrong["code"] == "input_not_valid"
    assert wrong["faults"]
    poor = people.eve.data("invoke", "ada/sum", "url=x", "--yes", expect=1)["error"]
    assert poor["code"] == "not_enough_credits"
    assert poor["facts"]["purchase_url"].endswith("/account/credits")
    for given in (["--input", "{"], ["--input", "@nowhere.json"], ["url"], ["url:={"], ["url=x", "--input", "{}"]):
        people.bea.run("invoke", "ada/sum", *given, "--yes", expect=2)
    assert people.bea.data("invoke", "ada/nothing", "--yes", expect=1)["error"]["code"] == "offer_not_found"


def test_a_key_invokes_once_and_what_waits_can_be_taken_back(people: People, server: Server) -> None:
    first, second = (
        people.bea.data("invoke", "ada/sum", "url=x", "--detach", "--yes", "--key", "order-7") for _ in range(2)
    )
    assert first["id"] == second["id"]
    assert people.bea.data("invocations", "--status", "pending")[0]["id"] == first["id"]
    late = people.bea.data("invocations", "show", first["id"], "--wait", "--timeout", "1", expect=3)["error"]
    assert late["code"] == "not_settled_yet"
    assert people.eve.data("invocations", "show", first["id"], expect=1)["error"]["code"] == "invocation_not_found"
    assert "costs nothing" in people.bea.run("invocations", "cancel", first["id"]).stdout
    assert people.bea.data("invocations", "cancel", first["id"], expect=1)["error"]["code"] == "invocation_settled"


def test_the_owner_minds_an_offer(people: People) -> None:
    publish(people.ada, "mind")
    assert "is suspended" in people.ada.run("offers", "suspend", "ada/mind").stdout
    assert people.bea.data("invoke", "ada/mind", "url=x", expect=1)["error"]["code"] == "offer_not_active"
    assert "is active" in people.ada.run("offers", "activate", "ada/mind").stdout
    changed = people.ada.data("offers", "change", "ada/mind", "--price", "3", "--trust", "L1", "--tag", "pdf")
    assert (changed["price"], changed["trust_level"], changed["tags"]) == (3, "L1", ["pdf"])
    people.ada.run("offers", "change", "ada/mind", expect=2)
    people.ada.run("offers", "change", "ada/mind", "--price", "-1", expect=1)
    people.bea.run("offers", "suspend", "ada/mind", expect=1)
    assert people.ada.data("offers", "review") == []
    people.bea.run("offers", "review", expect=1)
    assert people.ada.data("offers", "reject", "ada/mind", expect=1)["error"]["code"] == "offer_not_in_review"


def test_a_program_that_is_not_there_is_told_of(people: People) -> None:
    asked = people.bea.data("invoke", "ada/sum", "url=x", "--detach", "--yes")
    work(people.ada, "/no/such/program", expect=2)
    assert people.bea.data("invocations", "show", asked["id"])["status"] == "pending"
    people.ada.run("work", "ada/sum", "--once", expect=2)
    people.ada.run("work", "ada/nothing", "--once", "--", "true", expect=1)


def test_the_sdk_waits_and_says_when_it_took_too_long(people: People, server: Server, tmp_path: Path) -> None:
    publish(people.ada, "slow")
    token = people.bea.data("tokens", "create", "sdk", "--scope", "run", "--scope", "read")["token"]
    with Client(server.url, token if isinstance(token, str) else token["secret"]) as client:
        asked = client.invoke("ada/slow", {"url": "x"})
        with pytest.raises(NotSettledYet):
            client.wait_for_invocation(asked["id"], timeout_s=0.5)
        assert client.invocation(asked["id"], wait_s=1)["status"] == "pending"
