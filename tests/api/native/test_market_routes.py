"""The market over HTTP: both sides of an invocation, waiting, repeating, and refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.model import Offer
from skillyard.domain.payments.credits import grant_credits
from skillyard.infra.clock import FixedClock
from tests.api.asgi import call
from tests.api.native.api import Api
from tests.domain.market.stall import INPUT, OUTPUT, Stall, a_stall
from tests.makers import a_person, make_app, secret_of


@pytest.fixture
def stall(tmp_path: Path) -> Iterator[Stall]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock)
    stall = a_stall(app, clock)
    yield stall
    stall.check()
    app.close()


@pytest.fixture
def offer(stall: Stall) -> Offer:
    return stall.offer()


@pytest.fixture
def nobody(stall: Stall) -> Api:
    return Api(stall.app)


def of(nobody: Api, caller: Caller) -> Api:
    return nobody.as_(secret_of(caller))


def test_an_invocation_from_both_sides(stall: Stall, offer: Offer, nobody: Api) -> None:
    bob, sal = of(nobody, stall.bob), of(nobody, stall.sal)
    assert nobody.get("/offers").json()["items"][0]["id"] == offer.id
    made = bob.post(f"/offers/{offer.id}/invocations", {"input": INPUT})
    assert (made.status, made.json()["status"], made.json()["price"]) == (201, "pending", 10)
    path = f"/invocations/{made.json()['id']}"
    assert sal.get("/invocations/pending").json()["items"][0]["input"] == INPUT
    assert sal.get(f"/invocations/pending?offer_id={offer.id}").json()["items"][0]["id"] == made.json()["id"]
    assert bob.get("/invocations/pending").json()["items"] == []
    assert sal.post(f"{path}/claim").json()["status"] == "processing"
    assert sal.post(f"{path}/claim").status == 409
    assert sal.post(f"{path}/renew", {"lease_s": 60}).status == 200
    wrong = sal.post(f"{path}/complete", {"output": {"summary": 7}})
    assert (wrong.status, wrong.json()["error"]["code"]) == (422, "output_not_valid")
    assert wrong.json()["error"]["faults"]
    done = sal.post(f"{path}/complete", {"output": OUTPUT}).json()
    assert (done["status"], done["output"]) == ("completed", OUTPUT)
    assert bob.get(path).json() == done
    assert bob.get(f"{path}/receipt").json()["receipt"].startswith("skillyard receipt v1\n")
    assert bob.get("/me/invocations").json()["items"] == [done]
    assert sal.get("/me/invocations?side=provider").json()["items"] == [done]
    assert of(nobody, stall.ada).get(path).status == 404
    assert nobody.get(path).status == 401


def test_a_payment_refused_is_asked_for_again_with_the_same_key(stall: Stall, offer: Offer, nobody: Api) -> None:
    """A 402 is no last word: credits are bought, and the client sends the same request again."""
    carol = a_person(stall.app, "carol")
    api = of(nobody, carol)
    path = f"/skills/{offer.name}/invocations"
    refused = api.post(path, {"input": INPUT}, idempotency_key="order-1")
    assert refused.status == 402
    facts = refused.json()["error"]["facts"]
    assert (facts["price"], facts["there"]) == (10, 0)
    assert facts["purchase_url"]
    grant_credits(stall.app, stall.ada, username="carol", amount="15", reason="a present")
    first = api.post(path, {"input": INPUT}, idempotency_key="order-1")
    again = api.post(path, {"input": INPUT}, idempotency_key="order-1")
    assert (first.status, again.json()) == (201, first.json())
    assert stall.credits(carol) == (5, 10)


def test_whoever_waits_is_answered_as_soon_as_it_has_ended(stall: Stall, offer: Offer, nobody: Api) -> None:
    bob, sal = of(nobody, stall.bob), of(nobody, stall.sal)
    made = bob.post(f"/offers/{offer.id}/invocations", {"input": INPUT}).json()["id"]

    def deliver() -> None:
        time.sleep(0.4)
        sal.post(f"/invocations/{made}/claim")
        sal.post(f"/invocations/{made}/complete", {"output": OUTPUT})

    provider = threading.Thread(target=deliver)
    provider.start()
    began = time.monotonic()
    found = bob.get(f"/invocations/{made}?wait=20").json()
    took = time.monotonic() - began
    provider.join()
    assert found["status"] == "completed"
    assert took < 10
    began = time.monotonic()
    assert sal.get("/invocations/pending?wait=0.5").json()["items"] == []
    assert 0.4 < time.monotonic() - began < 5
    assert bob.get(f"/invocations/{made}?wait=56").status == 422


def test_an_offer_is_changed_suspended_and_reviewed_over_http(stall: Stall, offer: Offer, nobody: Api) -> None:
    sal, path = of(nobody, stall.sal), f"/offers/{offer.id}"
    changed = sal.send("PATCH", path, {"price": 7, "tags": ["pdf"]}).json()
    assert (changed["price"], changed["tags"]) == (7, ["pdf"])
    assert sal.send("PATCH", path, {"name": "other"}).status == 422
    assert sal.send("PATCH", path, {"input_schema": {"type": "object"}}).json()["version"] == "1.0.1"
    assert sal.post(f"{path}/suspend").json()["status"] == "suspended"
    assert nobody.get("/offers").json()["items"] == []
    assert sal.get("/offers?status=suspended").json()["total"] == 1
    assert sal.post(f"{path}/activate").json()["status"] == "active"
    assert sal.post(f"{path}/approve").status == 403
    ada = of(nobody, stall.ada)
    assert ada.post(f"{path}/reject", {"reason": "no"}).json()["error"]["code"] == "offer_not_in_review"
    assert ada.get("/offers/pending-reviews").json()["items"] == []
    assert nobody.get(f"/skills/{offer.name}/offer").json()["id"] == offer.id


def test_pages_of_offers_show_each_once(stall: Stall, nobody: Api) -> None:
    for slug in ("a1", "b2", "c3"):
        stall.offer(f"sal/{slug}")
    first = nobody.get("/offers?sort=name&limit=2").json()
    rest = nobody.get(f"/offers?sort=name&limit=2&cursor={first['next_cursor']}").json()
    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["sal/a1", "sal/b2", "sal/c3"]
    assert (first["total"], rest["next_cursor"]) == (3, None)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"input": NaN}', b'{"input": {"url": "\xff"}}', b'{"input": 1' * 9])
def test_a_body_that_is_none_is_refused(stall: Stall, offer: Offer, nobody: Api, body: bytes) -> None:
    headers = {"authorization": f"Bearer {secret_of(stall.bob)}", "content-type": "application/json"}
    answer = call(nobody._site, "POST", f"/api/v1/offers/{offer.id}/invocations", headers=headers, chunks=[body])
    assert answer.status == 422
    assert stall.credits() == (100, 0)
