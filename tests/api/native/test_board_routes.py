"""The board over HTTP: what is read and written, what repeats, and what hostile bodies are answered with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.market.advance import advance
from skillyard.infra.clock import FixedClock
from tests.api.native.api import Api
from tests.api.native.test_market_routes import of
from tests.domain.market.stall import Stall, a_stall
from tests.domain.market.test_board import TEXT, a_step, an_object
from tests.domain.market.test_compositions import INPUT, deliver_next, three
from tests.makers import make_app


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock)
    stall = a_stall(app, clock)
    yield stall
    stall.check()
    app.close()


@pytest.fixture
def nobody(stall: Stall) -> Api:
    return Api(stall.app)


def test_a_request_is_posted_read_by_everybody_and_changed_by_its_owner(stall: Stall, nobody: Api) -> None:
    bob = of(nobody, stall.bob)
    stated = {"description": "Digests", "tags": ["web"], "desired_output_schema": an_object(d=TEXT), "max_price": 0}
    made = bob.post("/skill-requests", stated)
    assert made.status == 201
    path = f"/skill-requests/{made.json()['id']}"
    shown = nobody.get(path).json()
    assert {key: shown[key] for key in stated} == stated
    assert (shown["owner"], shown["desired_input_schema"]) == ("bob", None)
    bob.post("/skill-requests", {"description": "Another"})
    page = nobody.get("/skill-requests?limit=1").json()
    assert (page["total"], page["items"][0]["description"]) == (2, "Another")
    following = nobody.get(f"/skill-requests?limit=1&cursor={page['next_cursor']}").json()
    assert (following["items"], following["next_cursor"]) == ([shown], None)
    assert nobody.get("/skill-requests?tag=web&q=digest").json()["total"] == 1
    refused = of(nobody, stall.sal).send("PATCH", path, {"status": "closed"})
    assert (refused.status, refused.json()["error"]["code"]) == (403, "not_the_requester")
    assert bob.send("PATCH", path, {"status": "fulfilled"}).json()["status"] == "fulfilled"
    assert nobody.get("/skill-requests?status=fulfilled").json()["total"] == 1
    assert (
        nobody.get("/skill-requests?status=any").json()["total"],
        bob.get("/me/skill-requests").json()["total"],
    ) == ((2, 2))


def test_matches_and_suggestions_are_answered_with_reasons(stall: Stall, nobody: Api) -> None:
    one = a_step(stall, "one", an_object(a=TEXT), an_object(b=TEXT), price=2)
    two = a_step(stall, "two", an_object(b=TEXT), an_object(c=TEXT), price=3)
    stated = {"description": "From a to c", "desired_input_schema": an_object(a=TEXT)}
    made = of(nobody, stall.bob).post("/skill-requests", {**stated, "desired_output_schema": an_object(c=TEXT)}).json()
    (found,) = nobody.get(f"/skill-requests/{made['id']}/suggest").json()["items"]
    assert (found["offer_ids"], found["price"], found["hops"][1]["mapping"]) == ([one, two], 5, {"b": "output"})
    matched = nobody.get(f"/skill-requests/{made['id']}/matches").json()["items"]
    assert [(match["offer"]["id"], match["fits"]) for match in matched] == [(two, False), (one, False)]
    assert matched[0]["reasons"][-1] == "gives the desired output"


def test_a_composition_is_started_once_with_one_key_and_read_by_its_owner(stall: Stall, nobody: Api) -> None:
    bob = of(nobody, stall.bob)
    body = {"offer_ids": [offer.id for offer in three(stall)], "input": INPUT, "max_price": 18}
    made = bob.post("/compositions", body, idempotency_key="order-1")
    assert made.status == 201
    assert bob.post("/compositions", body, idempotency_key="order-1").json()["id"] == made.json()["id"]
    path = f"/compositions/{made.json()['id']}"
    for _ in range(3):
        advance(stall.app, made.json()["id"])
        deliver_next(stall)
    advance(stall.app, made.json()["id"])
    done = bob.get(f"{path}?wait=5").json()
    assert (done["status"], done["paid"], [hop["status"] for hop in done["hops"]]) == (
        "completed",
        18,
        ["completed"] * 3,
    )
    assert bob.get("/compositions").json()["items"] == [done]
    assert of(nobody, stall.ada).get(path).status == 404
    assert (bob.post(f"{path}/cancel").status, nobody.get(path).status) == (409, 401)


def test_too_few_credits_are_no_last_word_for_a_composition(stall: Stall, nobody: Api) -> None:
    ada = of(nobody, stall.ada)
    body = {"offer_ids": [offer.id for offer in three(stall)], "input": INPUT}
    refused = ada.post("/compositions", body, idempotency_key="order-1")
    assert (refused.status, refused.json()["error"]["facts"]["price"]) == (402, 18)
    grant = {"username": "ada", "amount": "20", "reason": "a present"}
    assert ada.post("/admin/credits", grant).status == 201
    assert ada.post("/compositions", body, idempotency_key="order-1").status == 201


def test_ratings_favorites_and_the_leaderboard(stall: Stall, nobody: Api) -> None:
    offer, bob = stall.offer(), of(nobody, stall.bob)
    rated = bob.send("PUT", f"/offers/{offer.id}/rating", {"stars": 4}).json()
    assert (rated["average_rating"], rated["by_stars"]["4"], rated["own"]) == (4.0, 1, 4)
    assert nobody.get(f"/offers/{offer.id}/ratings").json()["own"] is None
    assert bob.send("PUT", f"/offers/{offer.id}/rating", {"stars": 4.5}).status == 422
    assert of(nobody, stall.sal).send("PUT", f"/offers/{offer.id}/rating", {"stars": 5}).status == 403
    assert bob.send("PUT", f"/me/favorites/{offer.id}").json()["id"] == offer.id
    assert [one["id"] for one in bob.get("/me/favorites").json()["items"]] == [offer.id]
    assert bob.send("DELETE", f"/me/favorites/{offer.id}").status == 200
    assert bob.get("/me/favorites").json()["items"] == []
    (best,) = nobody.get("/leaderboard?by=rating").json()["items"]
    assert (best["rank"], best["offer"]["id"], best["score"]) == (1, offer.id, 3.16)


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"properties": {"a": value}}
    return value


@pytest.mark.parametrize(
    "schema",
    [
        deep(100),
        {"$ref": "http://169.254.169.254/latest"},
        {"$ref": "#"},
        {"pattern": "(a{500}){500}"},
        {"pattern": "^(?=a)"},
        {"enum": list(range(20_000))},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "object", "properties": {f"p{number}": {} for number in range(2000)}},
    ],
    ids=["deep", "remote", "recursive", "huge pattern", "look-ahead", "huge enum", "branching", "many"],
)
def test_hostile_schemas_are_refused_with_faults(stall: Stall, nobody: Api, schema: dict[str, Any]) -> None:
    answer = of(nobody, stall.bob).post("/skill-requests", {"description": "x", "desired_input_schema": schema})
    assert (answer.status, answer.json()["error"]["code"]) == (422, "request_not_valid")
    assert "desired_input_schema" in answer.json()["error"]["faults"][0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"offer_ids": "skl_a", "input": {}},
        {"offer_ids": [], "input": {}},
        {"offer_ids": ["skl_a"] * 6, "input": {}},
        {"offer_ids": ["x" * 10_000], "input": {}},
        {"offer_ids": ["skl_a"]},
        {"offer_ids": ["skl_a"], "input": {}, "max_price": -1},
        {"offer_ids": [None], "input": {}},
        {"offer_ids": ["\x00"], "input": {"a": "b" * 300_000}},
    ],
)
def test_hostile_compositions_are_refused(stall: Stall, nobody: Api, body: dict[str, Any]) -> None:
    answer = of(nobody, stall.bob).post("/compositions", body)
    assert answer.status in (404, 413, 422)
    assert answer.json()["error"]["code"]
