"""The verbs around the board, as they are typed: from a request to the composition that answers it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_market_verbs import People, publish
from tests.domain.market.test_board import TEXT, an_object
from tests.journeys.running import Server, User, a_server, sign_in

STEP = "import json, sys\ngiven = json.load(sys.stdin)\nprint(json.dumps({'%s': '%s of ' + given['%s']}))\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with a_server(tmp_path_factory.mktemp("server"), worker=True, writes_per_minute="100000") as running:
        yield running


@pytest.fixture(scope="module")
def people(server: Server, tmp_path_factory: pytest.TempPathFactory) -> People:
    """`ada` administers and offers ada/fetch for 2 and ada/digest for 3 credits; `bea` has 10 credits, `eve` none."""
    home = tmp_path_factory.mktemp("people")
    ada = sign_in(server, home / "ada", "ada")
    guests = {name: User(home=home / name, registry=server.url) for name in ("bea", "eve")}
    for name, guest in guests.items():
        link = ada.data("request", "POST", "/admin/sign-in-links", "--body", "{}")["url"]
        guest.run("login", "--link", link, "--username", name)
    body = json.dumps({"username": "bea", "amount": "10", "reason": "a present"})
    ada.run("request", "POST", "/admin/credits", "--body", body)
    publish(ada, "fetch", price=2, input_schema=an_object(url=TEXT), output_schema=an_object(html=TEXT))
    publish(ada, "digest", price=3, input_schema=an_object(html=TEXT), output_schema=an_object(digest=TEXT))
    return People(ada, **guests)


def post(user: User, folder: Path) -> str:
    (folder / "in.json").write_text(json.dumps(an_object(url=TEXT)))
    found = user.data(
        "wanted", "post", "Digest of web pages", "--tag", "web", "--max-price", "9",
        "--input", f"@{folder / 'in.json'}", "--output", json.dumps(an_object(digest=TEXT)),
    )  # fmt: skip
    return str(found["id"])


def test_a_request_is_posted_found_changed_and_closed(people: People, tmp_path: Path) -> None:
    request = post(people.eve, tmp_path)
    shown = people.bea.run("wanted", "show", request).stdout
    assert "by eve, open" in shown
    assert "at most  9 credits" in shown
    assert people.bea.data("wanted", "list", "web", "--tag", "web")[0]["id"] == request
    people.bea.run("wanted", "update", request, "--description", "Mine now.", expect=1)
    people.eve.run("wanted", "update", request, "--description", "Digests, please.")
    assert people.eve.run("wanted", "close", request, "--fulfilled").stdout == f"{request} is fulfilled.\n"
    assert people.eve.data("wanted", "digests") == []
    assert people.eve.data("wanted", "--mine")[0]["description"] == "Digests, please."
    refused = people.eve.run("wanted", "post", "x", "--input", '{"type": "strin"}', expect=1)
    assert "desired_input_schema" in refused.stderr
    people.eve.run("wanted", "post", "x", "--input", "{", expect=2)


def test_a_suggestion_is_run_and_prints_what_the_last_one_gives(people: People, tmp_path: Path) -> None:
    request = post(people.bea, tmp_path)
    assert "gives the desired output" in people.bea.run("wanted", "matches", request).stdout
    suggested = people.bea.run("wanted", "suggest", request).stdout
    assert "ada/fetch → ada/digest  5 credits" in suggested
    started = people.bea.data(
        "compositions", "run", "--wanted", request, "--field", "url=https://a.example", "--detach", "--yes"
    )
    work(people.ada, "ada/fetch", STEP % ("html", "html", "url"))
    work(people.ada, "ada/digest", STEP % ("digest", "digest", "html"))
    shown = people.bea.run("compositions", "show", started["id"], "--wait")
    assert json.loads(shown.stdout) == {"digest": "digest of html of https://a.example"}
    assert "ada/digest: completed, 3 credits" in shown.stderr
    assert "5 of 5" in people.bea.run("compositions").stdout


def test_what_cannot_be_run_is_refused_with_the_reason(people: People) -> None:
    refused = people.bea.run("compositions", "run", "ada/digest", "ada/fetch", "--field", "html=x", "--yes", expect=1)
    assert "ada/digest → ada/fetch: url: the output does not have it" in refused.stderr
    poor = people.eve.run("compositions", "run", "ada/fetch", "--field", "url=x", "--yes", expect=1)
    assert "costs 2 credits, and you have 0" in poor.stderr
    people.bea.run("compositions", "run", "--field", "url=x", expect=2)
    started = people.bea.data("compositions", "run", "ada/fetch", "--field", "url=x", "--detach", "--yes")
    assert people.bea.run("compositions", "cancel", started["id"]).stdout.endswith("is cancelled.\n")
    assert "took it back" in people.bea.run("compositions", "show", started["id"], expect=1).stderr


def test_offers_are_rated_kept_and_ranked(people: People) -> None:
    assert "nothing of 5 by 0" in people.eve.run("stars", "ada/fetch").stdout
    assert people.eve.data("stars", "ada/fetch", "4")["average_rating"] == 4.0
    people.eve.run("stars", "ada/fetch", "6", expect=1)
    people.ada.run("stars", "ada/fetch", "5", expect=1)
    people.eve.run("favorites", "add", "ada/digest")
    assert [one["name"] for one in people.eve.data("favorites")] == ["ada/digest"]
    people.eve.run("favorites", "remove", "ada/digest")
    assert people.eve.data("favorites") == []
    assert people.eve.data("leaderboard", "--by", "rating")[0]["skill"]["name"] == "ada/fetch"
    assert "ada/digest" in people.eve.run("leaderboard", "--by", "invocations").stdout


def work(user: User, offer: str, script: str) -> None:
    """Once something waits."""
    assert user.data("request", "GET", "/invocations/pending?wait=30")["items"]
    user.run("work", offer, "--once", "--", sys.executable, "-c", script)
