"""Paying for invocations: from a plan at Nevermined where the operator has one, and where to buy what else pays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.app import App
from skillyard.domain.payments.charge_jobs import take_payments_due
from tests.api.stack.conftest import INPUT, OUTPUT, a_skill
from tests.api.stack.sender import Sender, refused
from tests.makers import make_app
from tests.peers.nevermined.peer import API_KEY, HOLDER, NETWORK, PLAN, Nevermined, running_nevermined
from tests.peers.ton.driver import WALLET_WORDS


@pytest.fixture
def nevermined() -> Iterator[Nevermined]:
    with running_nevermined() as peer:
        peer.balances[HOLDER] = 25
        yield peer


@pytest.fixture
def app(tmp_path: Path, nevermined: Nevermined) -> Iterator[App]:
    app = make_app(
        tmp_path, outbound_http_loopback=True, nevermined_api_url=nevermined.url, nevermined_api_key=API_KEY,
        nevermined_plan_id=PLAN, nevermined_network=NETWORK,
    )  # fmt: skip
    yield app
    app.close()


def test_a_plan_pays_for_what_is_delivered(app: App, nevermined: Nevermined) -> None:
    sender = Sender(app)
    skill = sender.publish(a_skill("paid", price_per_invocation=10))
    assert skill["nvm_plan_id"] == PLAN
    path = f"/v1/skills/{skill['id']}"
    offered = sender.send("bob", "GET", f"{path}/balance").json()
    assert (offered["plan_id"], offered["balance"]) == (PLAN, None)
    assert PLAN in offered["purchase_url"]
    there = sender.send("bob", "GET", f"{path}/balance", x_payment_token=HOLDER).json()
    assert (there["balance"], there["invocations_remaining"], there["plan_id"]) == ("25", 2, PLAN)
    assert sender.send("bob", "POST", f"{path}/checkout").json()["checkout_url"] == offered["purchase_url"]
    by_body = {"input": INPUT, "payment_token": nevermined.token()}
    asked = sender.send("bob", "POST", f"{path}/invoke", by_body, idempotency_key="one")
    assert asked.status == 201, asked.body
    assert sender.send("bob", "POST", f"{path}/invoke", by_body, idempotency_key="one").json() == asked.json()
    invocation = f"/v1/skills/invocations/{asked.json()['id']}"
    sender.send("sal", "POST", f"{invocation}/claim")
    assert nevermined.taken[HOLDER] == 0
    assert sender.send("sal", "POST", f"{invocation}/complete", {"output": OUTPUT}).status == 200
    take_payments_due(app)
    assert nevermined.taken[HOLDER] == 10
    by_header = sender.send("bob", "POST", f"{path}/invoke", {"input": INPUT}, x_payment_token=nevermined.token())
    assert by_header.status == 201, by_header.body


def test_what_proves_nothing_pays_nothing(app: App, nevermined: Nevermined) -> None:
    sender = Sender(app)
    skill = sender.publish(a_skill("paid", price_per_invocation=10))
    path = f"/v1/skills/{skill['id']}"
    for token in (HOLDER, "x", "e30=", "x" * 20_000):
        answer = sender.send("bob", "POST", f"{path}/invoke", {"input": INPUT, "payment_token": token})
        assert refused(answer, 402)["details"]["purchase_url"] == answer.json()["purchase_url"]
    for holder in ("0x", "0xBuyerAddress...", HOLDER + "0"):
        refused(sender.send("bob", "GET", f"{path}/balance", x_payment_token=holder), 400)
    answer = sender.send("bob", "POST", f"{path}/invoke", {"input": INPUT})
    assert refused(answer, 402)["details"]["offers"][0]["rail"] == "nevermined"
    assert sender.send("bob", "GET", "/v1/skills/invocations/mine").json() == []
    assert nevermined.taken[HOLDER] == 0


def test_credits_are_bought_where_a_rail_takes_money_for_them(tmp_path: Path) -> None:
    settings = {"ton_wallet_words": WALLET_WORDS, "ton_api_url": "http://127.0.0.1:1", "outbound_http_loopback": True}
    app = make_app(tmp_path, **settings)
    sender = Sender(app)
    skill = sender.publish(a_skill("paid", price_per_invocation=10))
    bought = sender.send("bob", "POST", f"/v1/skills/{skill['id']}/checkout").json()
    assert bought == {
        "checkout_url": "http://127.0.0.1:8400/account/credits",
        "plan_id": "credits",
        "price_per_invocation": 10,
    }
    app.close()
